// SPDX-License-Identifier: MIT
// Where a guest program's standard streams lead on the host.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "base/types.h"
#include "lab/machine/stop_request.h"

namespace ringfence::lab::machine {

enum class OutputStream { Output, Error };

class ProgramStreams {
public:
    virtual ~ProgramStreams() = default;
    /// Bytes that the program wrote, in order.
    virtual void write(OutputStream stream, std::string_view bytes) = 0;
    /// Between 1 and `most` bytes of standard input, waiting for the first; empty at its end.
    virtual std::string read(usize most) = 0;
};

/// The command's own standard streams. Output is held back briefly and goes out when the program
/// writes to the other stream, asks for input, or flush() is called, so that the two streams keep
/// their order where they lead to the same place. Each descriptor is written in small pieces and
/// only when it has room, so that a stop request is always seen. May be used from several threads.
class HostStreams : public ProgramStreams {
public:
    explicit HostStreams(StopRequest& stop) : stop_(stop) {}

    void write(OutputStream stream, std::string_view bytes) override;
    std::string read(usize most) override;
    /// Writes out what is held back.
    void flush();

    /// What went wrong with a stream, when the stop reason is OutputFailed.
    [[nodiscard]] std::string problem() const;

private:
    void flush_locked();
    void write_out(int descriptor, std::string_view bytes);

    StopRequest& stop_;
    mutable std::mutex mutex_;
    OutputStream pending_stream_ = OutputStream::Output;
    std::string pending_;
    std::string problem_;
};

/// Keeps what the program writes, and gives it a fixed input.
class CapturedStreams : public ProgramStreams {
public:
    explicit CapturedStreams(std::string_view input) : input_(input) {}

    void write(OutputStream stream, std::string_view bytes) override;
    std::string read(usize most) override;

    std::string output;
    std::string error;

private:
    std::string_view input_;
};

}  // namespace ringfence::lab::machine

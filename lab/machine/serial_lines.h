// SPDX-License-Identifier: MIT
// A session's four ports as the serial lines of a built-in machine.
#pragma once

#include <array>
#include <functional>
#include <string>

#include "lab/machine/guest_session.h"
#include "sim/memory/byte_stream.h"

namespace ringfence::lab::machine {

/// The machine that has these lines must not outlive them.
class SerialLines {
public:
    /// `on_broken` is called when the guest breaks the protocol: the machine should be stopped.
    /// `session` outlives the lines.
    SerialLines(GuestSession& session, std::function<void()> on_broken);
    /// What comes in on the port of the program's output; outlives the lines.
    void set_console_source(sim::memory::ByteSource& source) { console_ = &source; }
    SerialLines(const SerialLines&) = delete;
    SerialLines& operator=(const SerialLines&) = delete;

    /// COM1 to COM4.
    [[nodiscard]] std::array<sim::memory::SerialEndpoint, port_count> endpoints();

    /// What the session has answered and the guest has not taken.
    [[nodiscard]] std::string answer() const { return answers_.left(); }
    /// Lets the guest take `answer` before what the session answers from now on.
    void restore_answer(std::string answer) { answers_.restore(std::move(answer)); }

private:
    class Sink final : public sim::memory::ByteSink {
    public:
        Sink(SerialLines& lines, Port port) : lines_(lines), port_(port) {}
        void put(u8 byte) override;

    private:
        SerialLines& lines_;
        Port port_;
    };
    class Answers final : public sim::memory::ByteSource {
    public:
        explicit Answers(GuestSession& session) : session_(session) {}
        [[nodiscard]] bool available() override;
        u8 take() override { return static_cast<u8>(bytes_[next_++]); }
        [[nodiscard]] std::string left() const { return bytes_.substr(next_); }
        void restore(std::string bytes);

    private:
        GuestSession& session_;
        std::string bytes_;
        usize next_ = 0;
    };

    GuestSession& session_;
    std::function<void()> on_broken_;
    std::array<Sink, port_count> sinks_;
    Answers answers_;
    sim::memory::ByteSource* console_ = nullptr;
};

}  // namespace ringfence::lab::machine

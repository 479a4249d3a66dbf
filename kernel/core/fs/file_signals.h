// SPDX-License-Identifier: MIT
// Signal-driven input and output: who is told by a signal that a file has become ready.
// [linux/abi]: fcntl(2), "Managing signals"; open(2), O_ASYNC
#pragma once

#include "kernel/core/process/credentials.h"
#include "kernel/core/scheduler/wait_queue.h"

namespace ringfence::kernel {

class OpenFile;

/// Who gets a file's signals.
struct FileOwner {
    enum class Kind : u32 { Thread = 0, Process = 1, Group = 2 };  ///< F_OWNER_*
    Kind kind = Kind::Process;
    u32 id = 0;         ///< 0: nobody
    UserIds chosen_by;  ///< who may signal whom is asked of the one who chose
};

/// Exists from the first time that a program asks for it.
class FileSignals final {
public:
    explicit FileSignals(OpenFile& file)
        : file_(file), reading_(*this, Direction::Reading), writing_(*this, Direction::Writing) {}
    ~FileSignals() { stop(); }
    FileSignals(const FileSignals&) = delete;
    FileSignals& operator=(const FileSignals&) = delete;

    FileOwner owner;
    u32 signal = 0;  ///< F_SETSIG; 0: SIGIO, which carries nothing

    /// From now on changes are told. `descriptor` is what the signals name.
    void start(i32 descriptor);
    void stop();

private:
    enum class Direction : u8 { Reading, Writing };
    /// Its place in one of the file's queues.
    class Listener final : public Waiter {
    public:
        Listener(FileSignals& signals, Direction direction)
            : signals_(signals), direction_(direction) {}
        void notify() override { signals_.hear(direction_); }

    private:
        FileSignals& signals_;
        Direction direction_;
    };
    /// What `direction` announces may hold now.
    void hear(Direction direction);

    OpenFile& file_;
    i32 descriptor_ = 0;
    Listener reading_;
    Listener writing_;
};

}  // namespace ringfence::kernel

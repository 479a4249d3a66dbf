// SPDX-License-Identifier: MIT
// A terminal as programs open it.
#pragma once

#include "kernel/core/fs/open_file.h"
#include "kernel/core/terminal/terminal.h"

namespace ringfence::kernel {

class TerminalFile final : public OpenFile {
public:
    TerminalFile(Ref<Inode> inode, OpenFlags flags, Ref<Terminal> terminal);
    ~TerminalFile() override;

    Fallible<u64> read(const IoDestination& to, u64 offset) override;
    Fallible<u64> write(const IoSource& from, u64 offset) override;
    [[nodiscard]] bool seekable() const override { return false; }
    Fallible<u64> control(u32 request, u64 argument) override;
    [[nodiscard]] u32 ready() const override;
    [[nodiscard]] ReadinessQueues queues() override {
        return {.reading = &terminal_->read_queue, .writing = &terminal_->write_queue};
    }
    [[nodiscard]] bool sends_signals() const override { return true; }

private:
    /// What ends a read.
    struct ReadLimits {
        u64 least;           ///< bytes
        u64 first_deadline;  ///< for the first byte; 0 if nobody waits
        u64 between;         ///< nanoseconds to the next one; 0 if it may take its time
    };
    [[nodiscard]] ReadLimits read_limits() const;
    [[nodiscard]] bool hung_up() const { return hang_ups_ != terminal_->hang_ups(); }
    Fallible<bool> wait_for_input(u64 deadline);
    Fallible<void> wait_for_room();

    Ref<Terminal> terminal_;
    u64 hang_ups_;  ///< of the terminal when it was opened
};

/// Opens a terminal by the file `inode`. Eio, Ebusy as open(2) has them. Without O_NOCTTY it may
/// become that of the running process's session.
Fallible<Ref<OpenFile>> open_terminal(Ref<Inode> inode, const OpenFlags& flags,
                                      const Ref<Terminal>& terminal);
/// Opens the running process's terminal, as /dev/tty does. Enxio if it has none.
Fallible<Ref<OpenFile>> open_own_terminal(Ref<Inode> inode, const OpenFlags& flags);

}  // namespace ringfence::kernel

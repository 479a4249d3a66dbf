// SPDX-License-Identifier: MIT
// A terminal: a line discipline, a window, and the session that it controls. What carries its bytes
// is a subclass's affair.
#pragma once

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/metadata.h"
#include "kernel/core/scheduler/wait_queue.h"
#include "kernel/core/terminal/line_discipline.h"

namespace ringfence::kernel {

class Terminal : public RefCounted, public Counted<Terminal>, public TerminalPort {
public:
    Terminal() : discipline(*this) {}

    LineDiscipline discipline;
    u32 input_speed = 0;  ///< baud; 0 for what the control modes say
    u32 output_speed = 0;
    bool exclusive = false;  ///< TIOCEXCL: only the privileged user opens it again
    WaitQueue read_queue;    ///< waits for input, or for a hang-up
    WaitQueue write_queue;   ///< waits for room, or for a hang-up

    // Job control. Zero: no session, no group.
    u32 session = 0;
    u32 foreground = 0;  ///< the group that may read

    /// How often it was hung up: what was opened before is of no use any more.
    [[nodiscard]] u64 hang_ups() const { return hang_ups_; }
    /// The session loses it, its leader gets SIGHUP and SIGCONT, and whatever is open ends.
    void hang_up();

    [[nodiscard]] const WindowSize& window() const { return window_; }
    /// The foreground hears of a change: SIGWINCH.
    void set_window(const WindowSize& size);
    /// Changes the settings, within what the hardware can do.
    virtual void set_settings(const TerminalSettings& wanted);
    /// Throws away what was received and not read.
    virtual void discard_input();
    /// A byte as if it had been typed; lost if there is no room.
    void inject(u8 byte);

    [[nodiscard]] virtual DeviceNumber device() const = 0;
    /// Eio if it cannot be opened now.
    [[nodiscard]] virtual Fallible<void> check_open() const = 0;
    /// What is written will not be lost for want of memory. Enomem.
    virtual Fallible<void> prepare_output() = 0;
    /// Somebody is at the other end.
    [[nodiscard]] virtual bool connected() const = 0;
    /// Something was read: what waited for room may come.
    virtual void input_taken() = 0;
    /// A file of it was opened or closed.
    virtual void file_opened() = 0;
    virtual void file_closed() = 0;

    void signal_foreground(u32 number) final;

private:
    WindowSize window_;
    u64 hang_ups_ = 0;
};

}  // namespace ringfence::kernel

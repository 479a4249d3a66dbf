// SPDX-License-Identifier: MIT
// Which part of a Linux's life is the program's: from its first instruction until its end is known
// to whoever waits for it.
#pragma once

#include <functional>
#include <optional>

#include "lab/machine/counted.h"
#include "sim/observe/observer.h"

namespace ringfence::lab::linux_guest {

/// Watches for the marks and system calls that abi/linux_session.h promises. The span begins when
/// the second system call after the mark Starts goes back to user mode, for that is execve; it ends
/// when wait4 goes back to the first process.
class MeasuredSpan final : public sim::observe::Observer {
public:
    /// `count` says what the machine that runs now has counted.
    explicit MeasuredSpan(std::function<machine::Counted()> count) : count_(std::move(count)) {}

    void mark(u32 value) override;
    void syscall(VirtualAddress rip) override;
    void user_entered(VirtualAddress target) override;

    /// Both are there once the program ran to its end.
    [[nodiscard]] const std::optional<machine::Counted>& begin() const { return begin_; }
    [[nodiscard]] const std::optional<machine::Counted>& end() const { return end_; }

private:
    enum class State : u8 { Before, Starting, Running, Over };

    std::function<machine::Counted()> count_;
    State state_ = State::Before;
    unsigned calls_since_mark_ = 0;
    std::optional<machine::Counted> begin_;
    std::optional<machine::Counted> end_;
    machine::Counted last_return_;
    machine::Counted return_before_call_;  ///< the last return before the latest system call
};

}  // namespace ringfence::lab::linux_guest

// SPDX-License-Identifier: MIT
#include "lab/linux_guest/measured_span.h"

#include "abi/ports.h"

namespace ringfence::lab::linux_guest {

namespace {

/// The right to use ports is given back, then the program is executed.
constexpr unsigned calls_to_program = 2;

}  // namespace

void MeasuredSpan::mark(u32 value) {
    if (value == static_cast<u32>(abi::ProgramMark::Starts)) {
        state_ = State::Starting;
        calls_since_mark_ = 0;
    } else if (value == static_cast<u32>(abi::ProgramMark::Ended)) {
        if (state_ == State::Running) {
            end_ = return_before_call_;
        }
        state_ = State::Over;
    }
}

void MeasuredSpan::syscall(VirtualAddress /*rip*/) {
    ++calls_since_mark_;
    if (state_ == State::Running) {
        return_before_call_ = last_return_;
    }
}

void MeasuredSpan::user_entered(VirtualAddress /*target*/) {
    if (state_ == State::Starting && calls_since_mark_ >= calls_to_program) {
        state_ = State::Running;
        begin_ = count_();
        last_return_ = *begin_;
        return_before_call_ = *begin_;
    } else if (state_ == State::Running) {
        last_return_ = count_();
    }
}

}  // namespace ringfence::lab::linux_guest

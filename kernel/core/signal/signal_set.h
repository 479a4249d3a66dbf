// SPDX-License-Identifier: MIT
// A set of signals, in the encoding of the kernel's sigset_t: signal N is bit N - 1.
#pragma once

#include <bit>

#include "base/bits.h"
#include "base/compiler.h"
#include "kernel/core/signal/signal_numbers.h"

namespace ringfence::kernel {

class SignalSet {
public:
    constexpr SignalSet() = default;
    constexpr explicit SignalSet(u64 bits) : bits_(bits) {}
    static constexpr SignalSet of(u32 number) { return SignalSet(mask_of(number)); }

    [[nodiscard]] constexpr u64 bits() const { return bits_; }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    [[nodiscard]] constexpr bool contains(u32 number) const {
        return (bits_ & mask_of(number)) != 0;
    }
    constexpr void add(u32 number) { bits_ |= mask_of(number); }
    constexpr void remove(u32 number) { bits_ &= ~mask_of(number); }
    /// The lowest signal of the set, or 0 if it is empty.
    [[nodiscard]] constexpr u32 lowest() const {
        return empty() ? 0 : static_cast<u32>(std::countr_zero(bits_)) + 1;
    }
    [[nodiscard]] constexpr SignalSet without(SignalSet other) const {
        return SignalSet(bits_ & ~other.bits_);
    }
    constexpr SignalSet operator|(SignalSet other) const { return SignalSet(bits_ | other.bits_); }
    constexpr SignalSet operator&(SignalSet other) const { return SignalSet(bits_ & other.bits_); }
    constexpr bool operator==(const SignalSet&) const = default;

private:
    static constexpr u64 mask_of(u32 number) {
        RF_ASSERT(number >= 1 && number <= signal_count);
        return bit(number - 1);
    }
    u64 bits_ = 0;
};

/// The two that no process can block, catch or ignore.
inline constexpr SignalSet unblockable_signals =
    SignalSet::of(signals::kill) | SignalSet::of(signals::stop);
inline constexpr SignalSet stop_signals =
    SignalSet::of(signals::stop) | SignalSet::of(signals::terminal_stop) |
    SignalSet::of(signals::terminal_input) | SignalSet::of(signals::terminal_output);
/// Delivered before all others, because they belong to the instruction that was interrupted.
inline constexpr SignalSet synchronous_signals =
    SignalSet::of(signals::segment) | SignalSet::of(signals::bus) |
    SignalSet::of(signals::illegal) | SignalSet::of(signals::trap) |
    SignalSet::of(signals::floating_point) | SignalSet::of(signals::bad_system_call);

}  // namespace ringfence::kernel

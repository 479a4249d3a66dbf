// SPDX-License-Identifier: MIT
// What a process wants to happen for each signal. Threads share it, as do processes made with
// CLONE_SIGHAND.
#pragma once

#include "base/address.h"
#include "base/bits.h"
#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/signal/signal_set.h"

namespace ringfence::kernel {

/// The bits of sa_flags. [linux/abi]: sigaction(2)
namespace action_bits {
using NoChildStop = Flag<0>;
using NoChildWait = Flag<1>;
using Information = Flag<2>;
using Restorer = Flag<26>;
using OnStack = Flag<27>;
using Restart = Flag<28>;
using NoDefer = Flag<30>;
using ResetHandler = Flag<31>;
}  // namespace action_bits

/// The kernel's `struct sigaction`.
struct SignalAction {
    static constexpr u64 default_handler = 0;
    static constexpr u64 ignore_handler = 1;

    u64 handler = default_handler;
    u64 flags = 0;
    u64 restorer = 0;
    u64 mask = 0;

    [[nodiscard]] bool is_default() const { return handler == default_handler; }
    [[nodiscard]] bool is_ignored() const { return handler == ignore_handler; }
    [[nodiscard]] bool is_caught() const { return !is_default() && !is_ignored(); }
};
static_assert(sizeof(SignalAction) == 32);

class SignalHandlers final : public RefCounted, public Counted<SignalHandlers> {
public:
    [[nodiscard]] SignalAction& action(u32 number) {
        RF_ASSERT(number >= 1 && number <= signal_count);
        return actions_[number - 1];
    }
    /// True if sending the signal now would do nothing.
    [[nodiscard]] bool ignores(u32 number) {
        const SignalAction& wanted = action(number);
        return wanted.is_ignored() ||
               (wanted.is_default() && default_action(number) == DefaultAction::Ignore);
    }
    /// For fork.
    [[nodiscard]] Ref<SignalHandlers> copy() {
        Ref<SignalHandlers> made = make_ref<SignalHandlers>();
        for (u32 number = 1; number <= signal_count; ++number) {
            made->action(number) = action(number);
        }
        return made;
    }
    /// For execve: caught signals fall back to their default.
    void reset_caught() {
        for (SignalAction& wanted : actions_) {
            wanted = {.handler = wanted.is_ignored() ? SignalAction::ignore_handler
                                                     : SignalAction::default_handler};
        }
    }

private:
    SignalAction actions_[signal_count];
};

}  // namespace ringfence::kernel

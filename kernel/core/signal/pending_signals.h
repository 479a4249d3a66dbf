// SPDX-License-Identifier: MIT
// The signals that wait to be delivered to a thread or a process. A standard signal waits at most
// once; real-time signals queue up in the order in which they were sent.
#pragma once

#include <optional>

#include "kernel/core/containers/vector.h"
#include "kernel/core/signal/signal_information.h"
#include "kernel/core/signal/signal_set.h"

namespace ringfence::kernel {

class PendingSignals {
public:
    /// False if a standard signal is pending already, or if the queue cannot hold another
    /// real-time one.
    bool add(const SignalInformation& information);
    [[nodiscard]] SignalSet set() const { return set_; }
    /// Takes out the next signal of `wanted`: faults first, then the lowest number.
    std::optional<SignalInformation> take(SignalSet wanted);
    /// The signal that waits behind `position` others; none if there are not so many.
    [[nodiscard]] std::optional<SignalInformation> peek(usize position) const {
        return position < queue_.size() ? std::optional(queue_[position]) : std::nullopt;
    }
    /// Forgets all signals of `unwanted`.
    void discard(SignalSet unwanted);

private:
    static constexpr usize longest_queue = 1024;

    SignalSet set_;
    Vector<SignalInformation> queue_;
};

}  // namespace ringfence::kernel

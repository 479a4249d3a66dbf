// SPDX-License-Identifier: MIT
// How a thread shares the CPU with others. [linux/abi]: sched(7)
#pragma once

#include "base/types.h"

namespace ringfence::kernel {

enum class SchedulingPolicy : u32 {
    Other = 0,
    Fifo = 1,
    RoundRobin = 2,
    Batch = 3,  ///< kept and reported: shares as Other does
    Idle = 5,   ///< likewise
    Deadline = 6,
};

[[nodiscard]] constexpr bool is_realtime(SchedulingPolicy policy) {
    return policy == SchedulingPolicy::Fifo || policy == SchedulingPolicy::RoundRobin;
}

struct Scheduling {
    static constexpr u32 highest_priority = 99;

    SchedulingPolicy policy = SchedulingPolicy::Other;
    u32 priority = 0;            ///< 1 to 99 if the policy is real-time, else 0
    bool reset_on_fork = false;  ///< children are not real-time, and not less nice than others

    /// Of a thread that one with this makes.
    [[nodiscard]] Scheduling of_child() const {
        const bool begins_anew = reset_on_fork && is_realtime(policy);
        return begins_anew ? Scheduling{} : Scheduling{.policy = policy, .priority = priority};
    }
    constexpr bool operator==(const Scheduling&) const = default;
};

}  // namespace ringfence::kernel

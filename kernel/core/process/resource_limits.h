// SPDX-License-Identifier: MIT
// Limits of what a process may use. [linux/abi]: getrlimit(2)
#pragma once

#include "base/address.h"
#include "base/types.h"

namespace ringfence::kernel {

struct ResourceLimit {
    static constexpr u64 unlimited = ~u64{0};
    u64 soft = unlimited;
    u64 hard = unlimited;
};
static_assert(sizeof(ResourceLimit) == 16);

enum class Resource : u32 {
    CpuTime = 0,
    FileSize = 1,
    Data = 2,
    Stack = 3,
    CoreSize = 4,
    ResidentSet = 5,
    Processes = 6,
    OpenFiles = 7,
    LockedMemory = 8,
    AddressSpace = 9,
    FileLocks = 10,
    PendingSignals = 11,
    MessageQueues = 12,
    Nice = 13,
    RealtimePriority = 14,
    RealtimeTime = 15,
};
inline constexpr u32 resource_count = 16;
/// What RLIMIT_NOFILE may be raised to. [linux/abi]: proc(5), /proc/sys/fs/nr_open
inline constexpr u64 most_open_files = 65536;

class ResourceLimits {
public:
    ResourceLimits() {
        constexpr u64 stack = 8 * mib;
        constexpr u64 locked = 8 * mib;
        constexpr u64 message_queues = 819'200;
        constexpr u64 usual_open_files = 4096;
        at(Resource::Stack).soft = stack;
        at(Resource::CoreSize).soft = 0;
        at(Resource::Processes) = {.soft = 4096, .hard = 4096};
        at(Resource::OpenFiles) = {.soft = 1024, .hard = usual_open_files};
        at(Resource::LockedMemory) = {.soft = locked, .hard = locked};
        at(Resource::PendingSignals) = {.soft = 1024, .hard = 1024};
        at(Resource::MessageQueues) = {.soft = message_queues, .hard = message_queues};
        at(Resource::Nice) = {.soft = 0, .hard = 0};
        at(Resource::RealtimePriority) = {.soft = 0, .hard = 0};
    }
    [[nodiscard]] ResourceLimit& at(Resource which) { return limits_[static_cast<u32>(which)]; }
    [[nodiscard]] const ResourceLimit& at(Resource which) const {
        return limits_[static_cast<u32>(which)];
    }

private:
    ResourceLimit limits_[resource_count];
};

}  // namespace ringfence::kernel

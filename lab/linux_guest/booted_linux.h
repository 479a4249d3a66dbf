// SPDX-License-Identifier: MIT
// Machines on which Linux is booted and waits for a program (abi/linux_session.h), as snapshots:
// each is booted once, kept for later commands, and started from as often as needed.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "lab/linux_guest/linux_kernel.h"
#include "lab/linux_guest/snapshot_cache.h"
#include "lab/machine/stop_request.h"

namespace ringfence::lab::linux_guest {

/// May be used by any number of threads.
class BootedLinux {
public:
    /// `kernel` outlives it. Throws Failure::Own if Linux's first process is missing.
    BootedLinux(const LinuxKernel& kernel, Cache cache);

    /// The machine with that processor and memory whose kernel was given `options`. Null if `stop`
    /// was requested meanwhile. Throws Failure::Own if it cannot be made or does not boot.
    [[nodiscard]] SharedSnapshot get(const sim::presets::CpuModel& cpu, const std::string& options,
                                     u64 memory_mib, machine::StopRequest& stop);

private:
    struct Wanted {
        const sim::presets::CpuModel& cpu;
        std::string command_line;
        u64 memory_mib;
    };
    struct Slot {
        std::mutex mutex;
        SharedSnapshot snapshot;
    };
    [[nodiscard]] std::string key_of(const Wanted& wanted) const;
    [[nodiscard]] Slot& slot_of(const std::string& key);
    [[nodiscard]] SharedSnapshot boot(const Wanted& wanted, machine::StopRequest& stop) const;

    const LinuxKernel& kernel_;
    SnapshotCache cache_;
    std::string initramfs_;
    std::string common_key_;  ///< of what all these machines depend on
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Slot>> slots_;
};

}  // namespace ringfence::lab::linux_guest

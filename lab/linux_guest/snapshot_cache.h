// SPDX-License-Identifier: MIT
// Snapshots that outlive a command, in files by the digest of all that they depend on.
#pragma once

#include <memory>
#include <string>

#include "sim/machine/snapshot.h"

namespace ringfence::lab::linux_guest {

/// Whether booted machines are kept in files, below $XDG_CACHE_HOME/ringfence or
/// ~/.cache/ringfence. A kept machine goes on as the one that was just booted would: whether there
/// is one shows in nothing but host time.
enum class Cache : u8 { Use, Ignore };

using SharedSnapshot = std::shared_ptr<const sim::machine::Snapshot>;

class SnapshotCache {
public:
    explicit SnapshotCache(Cache use);

    /// Null if none is kept, or if what is kept cannot be read.
    [[nodiscard]] SharedSnapshot find(const std::string& key) const;
    /// Keeps one if that is possible: a full disk, or no directory, is no error of the command's.
    void keep(const std::string& key, const sim::machine::Snapshot& snapshot) const;

private:
    [[nodiscard]] std::string path_of(const std::string& key) const;

    std::string directory_;  ///< empty: nothing is kept
};

/// Differs between any two builds of this command: what one has booted, another boots again.
[[nodiscard]] std::string own_identity();

/// Of everything that software can see of a processor, and of its timing.
[[nodiscard]] std::string cpu_identity(const sim::presets::CpuModel& cpu);

}  // namespace ringfence::lab::linux_guest

// SPDX-License-Identifier: MIT
// Who a process acts as.
#pragma once

#include "base/types.h"
#include "kernel/core/containers/vector.h"
#include "kernel/core/fs/metadata.h"
#include "kernel/core/process/capabilities.h"

namespace ringfence::kernel {

/// [linux/abi]: credentials(7)
struct UserIds {
    u32 real = 0;
    u32 effective = 0;
    u32 saved = 0;
};

struct Credentials {
    UserIds user;
    UserIds group;
    Vector<u32> groups;  ///< supplementary
    Capabilities capabilities;

    [[nodiscard]] bool may(Capability what) const { return capabilities.effective.has(what); }
    [[nodiscard]] bool in_group(u32 wanted) const;
    /// Whether a process with `target` may be looked into and changed from outside. [linux/abi]:
    /// ptrace(2), "Ptrace access mode checking", PTRACE_MODE_REALCREDS
    [[nodiscard]] bool may_attach(const Credentials& target) const;
    /// Whether `file` may be accessed in all the ways of `wanted`. With DacOverride that is
    /// everything but executing a file that nobody may execute.
    [[nodiscard]] bool may_access(const Metadata& file, Access wanted) const;
    /// The same with the real instead of the effective ids, as access(2) asks.
    [[nodiscard]] Credentials with_real_ids() const;
};

}  // namespace ringfence::kernel

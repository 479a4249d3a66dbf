// SPDX-License-Identifier: MIT
#include "kernel/core/process/capabilities.h"

#include "kernel/core/process/credentials.h"

namespace ringfence::kernel {

namespace {
constexpr u32 superuser = 0;

bool any_is_superuser(const UserIds& ids) {
    return ids.real == superuser || ids.effective == superuser || ids.saved == superuser;
}
}  // namespace

/// [linux/abi]: capabilities(7), "Effect of user ID changes on capabilities"
void Capabilities::follow_user(const UserIds& before, const UserIds& now) {
    if (any_is_superuser(before) && !any_is_superuser(now)) {
        if (!keep) {
            permitted = effective = {};
        }
        ambient = {};
    }
    const bool was_effective = before.effective == superuser;
    const bool is_effective = now.effective == superuser;
    if (was_effective && !is_effective) {
        effective = {};
    } else if (!was_effective && is_effective) {
        effective = permitted;
    }
}

/// [linux/abi]: capabilities(7), "Transformation of capabilities during execve()"
void Capabilities::follow_program(const UserIds& now, bool set_id) {
    const bool is_superusers = now.real == superuser || now.effective == superuser;
    if (set_id) {
        ambient = {};
    }
    const CapabilitySet gained = is_superusers ? bounding | inheritable : CapabilitySet{};
    permitted = (no_new_privileges ? gained & permitted : gained) | ambient;
    effective = now.effective == superuser ? permitted : ambient;
    keep = false;
}

/// [linux/abi]: capset(2)
bool Capabilities::set(CapabilitySet wanted_effective, CapabilitySet wanted_permitted,
                       CapabilitySet wanted_inheritable) {
    const bool may_inherit =
        effective.has(Capability::SetPcap) || wanted_inheritable.is_within(inheritable | permitted);
    if (!may_inherit || !wanted_inheritable.is_within(inheritable | bounding) ||
        !wanted_permitted.is_within(permitted) || !wanted_effective.is_within(wanted_permitted)) {
        return false;
    }
    effective = wanted_effective;
    permitted = wanted_permitted;
    inheritable = wanted_inheritable;
    ambient = ambient & permitted & inheritable;
    return true;
}

bool Capabilities::raise_ambient(Capability one) {
    if (!permitted.has(one) || !inheritable.has(one)) {
        return false;
    }
    ambient = ambient | CapabilitySet::of(one);
    return true;
}

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
#include "kernel/core/process/credentials.h"

#include <algorithm>

namespace ringfence::kernel {

namespace {
using OwnerBits = Bitfield<6, 3, u32>;
using GroupBits = Bitfield<3, 3, u32>;
using OtherBits = Bitfield<0, 3, u32>;
using AnyExecute = Bitfield<0, 1, u32>;

bool executable_by_anyone(u32 permissions) {
    return AnyExecute::test(OwnerBits::get(permissions)) ||
           AnyExecute::test(GroupBits::get(permissions)) ||
           AnyExecute::test(OtherBits::get(permissions));
}
}  // namespace

bool Credentials::in_group(u32 wanted) const {
    return group.effective == wanted ||
           std::find(groups.begin(), groups.end(), wanted) != groups.end();
}

bool Credentials::may_attach(const Credentials& target) const {
    const auto all_are = [](const UserIds& ids, u32 wanted) {
        return ids.real == wanted && ids.effective == wanted && ids.saved == wanted;
    };
    const bool same = all_are(target.user, user.real) && all_are(target.group, group.real);
    return may(Capability::SysPtrace) ||
           (same && target.capabilities.permitted.is_within(capabilities.permitted));
}

bool Credentials::may_access(const Metadata& file, Access wanted) const {
    u32 granted = OtherBits::get(file.permissions);
    if (file.owner == user.effective) {
        granted = OwnerBits::get(file.permissions);
    } else if (in_group(file.group)) {
        granted = GroupBits::get(file.permissions);
    }
    if ((static_cast<u32>(wanted) & ~granted) == 0) {
        return true;
    }
    const bool is_directory = file.type == FileType::Directory;
    if (may(Capability::DacReadSearch) && !wants(wanted, Access::Write) &&
        (is_directory || !wants(wanted, Access::Execute))) {
        return true;
    }
    return may(Capability::DacOverride) && (!wants(wanted, Access::Execute) || is_directory ||
                                            executable_by_anyone(file.permissions));
}

Credentials Credentials::with_real_ids() const {
    Credentials real = *this;
    real.user.effective = user.real;
    real.group.effective = group.real;
    real.capabilities.effective = user.real == 0 ? capabilities.permitted : CapabilitySet{};
    return real;
}

}  // namespace ringfence::kernel

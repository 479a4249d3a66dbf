// SPDX-License-Identifier: MIT
#include "kernel/core/ipc/ipc_object.h"

#include "kernel/core/ipc/ipc_registry.h"

namespace ringfence::kernel {

namespace {
using OwnerBits = Bitfield<6, 3, u32>;
using GroupBits = Bitfield<3, 3, u32>;
using OtherBits = Bitfield<0, 3, u32>;
constexpr u32 no_id = ~u32{0};
}  // namespace

IpcObject::IpcObject(i32 key, u32 flags, const Credentials& creator)
    : key_(key),
      user_(creator.user.effective),
      group_(creator.group.effective),
      creator_user_(creator.user.effective),
      creator_group_(creator.group.effective),
      mode_(ipc_bits::Permissions::get(flags)) {}

Fallible<void> IpcObject::check_access(const Credentials& who, u32 wanted) const {
    const u32 asked = OwnerBits::get(wanted) | GroupBits::get(wanted) | OtherBits::get(wanted);
    u32 granted = OtherBits::get(mode_);
    if (is_owner(who.user.effective)) {
        granted = OwnerBits::get(mode_);
    } else if (who.in_group(group_) || who.in_group(creator_group_)) {
        granted = GroupBits::get(mode_);
    }
    if ((asked & ~granted) != 0 && !who.may(Capability::IpcOwner)) {
        return Error{Errno::Eacces};
    }
    return {};
}

Fallible<void> IpcObject::check_control(const Credentials& who) const {
    if (!is_owner(who.user.effective) && !who.may(Capability::SysAdmin)) {
        return Error{Errno::Eperm};
    }
    return {};
}

Fallible<void> IpcObject::change_owner(const IpcPermissionImage& wanted) {
    if (wanted.user == no_id || wanted.group == no_id) {
        return Error{Errno::Einval};
    }
    user_ = wanted.user;
    group_ = wanted.group;
    mode_ = (mode_ & ~ipc_bits::Permissions::mask) | (wanted.mode & ipc_bits::Permissions::mask);
    return {};
}

IpcPermissionImage IpcObject::image() const {
    return {.key = key_,
            .user = user_,
            .group = group_,
            .creator_user = creator_user_,
            .creator_group = creator_group_,
            .mode = mode_,
            .sequence = static_cast<u16>(IpcRegistry::Sequence::get(id_)),
            .padding = 0,
            .unused = {}};
}

}  // namespace ringfence::kernel

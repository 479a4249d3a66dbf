// SPDX-License-Identifier: MIT
#pragma once

#include "kernel/core/process/credentials.h"

namespace ringfence::kernel {

/// What a process of the superuser's has after it became another user.
inline Credentials credentials_of(u32 user, u32 group) {
    Credentials who;
    who.user = {user, user, user};
    who.group = {group, group, group};
    who.capabilities.follow_user({}, who.user);
    return who;
}

}  // namespace ringfence::kernel

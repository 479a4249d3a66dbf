// SPDX-License-Identifier: MIT
// Shared by the programs about System V IPC. Keys are made of the program's own number, so that
// several of them can run side by side; everything that is made is removed.
#pragma once

#include <sys/ipc.h>
#include <unistd.h>

#include "guest/programs/children.h"

namespace ipc {

using namespace children;

/// A key that only this process uses. `number` is 1 to 7.
inline key_t own_key(int number) {
    static const pid_t self = getpid();
    return (self << 3) + number;
}

inline void* bad_pointer() {
    return reinterpret_cast<void*>(0xffff'8000'0000'0000);
}

}  // namespace ipc

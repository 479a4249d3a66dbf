// SPDX-License-Identifier: MIT
// Where Linux's program interface differs between architectures, beside registers and signal
// frames. [linux/abi]: arch/x86/include/uapi/asm/
#pragma once

#include "base/compiler.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

/// e_machine of the programs that can run here. [sysv/abi]: 4.1
inline constexpr u16 elf_machine = 62;

/// `struct stat`.
struct FileStatus {
    u64 device;
    u64 number;
    u64 links;
    u32 mode;
    u32 owner;
    u32 group;
    u32 padding;
    u64 special_device;
    i64 size;
    i64 block_size;
    i64 blocks;
    i64 accessed_seconds;
    u64 accessed_nanoseconds;
    i64 modified_seconds;
    u64 modified_nanoseconds;
    i64 changed_seconds;
    u64 changed_nanoseconds;
    i64 unused[3];
};
static_assert(sizeof(FileStatus) == 144);

/// `struct epoll_event`, without padding so that it is laid out as on i386.
struct RF_PACKED EpollEvent {
    u32 events;
    u64 data;
};
static_assert(sizeof(EpollEvent) == 12);

}  // namespace ringfence::kernel::arch

// SPDX-License-Identifier: MIT
// The vsyscall page: a fixed address in the kernel's half, where programs from before the vDSO call
// gettimeofday, time and getcpu. Nothing is mapped there. The fault of the call is taken for the
// call itself. [linux/abi]: admin-guide/kernel-parameters, vsyscall=xonly
#pragma once

#include <optional>

#include "base/address.h"
#include "base/bits.h"

namespace ringfence::kernel::arch {

inline constexpr VirtualAddress vsyscall_page{0xffff'ffff'ff60'0000};

enum class Vsyscall : u8 { GetTimeOfDay = 0, Time = 1, GetCpu = 2 };

[[nodiscard]] constexpr bool is_in_vsyscall_page(VirtualAddress address) {
    return address.align_down(page_size) == vsyscall_page;
}

/// Which call begins at `address`, which is in the page; nothing if none does.
[[nodiscard]] constexpr std::optional<Vsyscall> vsyscall_at(VirtualAddress address) {
    constexpr u64 distance = 1024;
    constexpr u64 count = 3;
    const u64 offset = address - vsyscall_page;
    if (offset % distance != 0 || offset / distance >= count) {
        return std::nullopt;
    }
    return static_cast<Vsyscall>(offset / distance);
}

}  // namespace ringfence::kernel::arch

// SPDX-License-Identifier: MIT
#include "tests/end_to_end/host_segments.h"

#include <asm/ldt.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/types.h"

namespace ringfence::end_to_end {

bool host_has_local_segments() {
    constexpr long write_entry = 1;
    constexpr u32 selector = 7;  // entry 0 of the LDT, at privilege level 3
    constexpr u32 limit = 0x1234;
    user_desc entry{};
    entry.limit = limit;
    entry.useable = 1;
    if (syscall(SYS_modify_ldt, write_entry, &entry, sizeof(entry)) != 0) {
        return false;
    }
    u32 seen = 0;
    asm volatile("lsl %1, %0" : "+r"(seen) : "r"(selector) : "cc");
    entry = {};
    entry.read_exec_only = 1;
    entry.seg_not_present = 1;
    static_cast<void>(syscall(SYS_modify_ldt, write_entry, &entry, sizeof(entry)));
    return seen == limit;
}

}  // namespace ringfence::end_to_end

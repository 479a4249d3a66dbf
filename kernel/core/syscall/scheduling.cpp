// SPDX-License-Identifier: MIT
// Processors, of which there is one.
#include <algorithm>

#include "kernel/core/syscall/scheduled_thread.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

Nothing sched_yield() {
    yield();
    return {};
}

Value sched_getaffinity(i32 id, u64 size, Pointer mask) {
    RF_TRY(scheduled_thread(id));
    if (size < sizeof(u64) || !is_aligned(size, sizeof(u64))) {
        return Error{Errno::Einval};
    }
    RF_TRY(write_user(mask, u64{1}));
    return u64{sizeof(u64)};
}

Nothing sched_setaffinity(i32 id, u64 size, Pointer mask) {
    u64 wanted = 0;
    RF_TRY(read_user_bytes(mask, {reinterpret_cast<u8*>(&wanted), std::min(size, sizeof(u64))}));
    RF_TRY_ASSIGN(thread, scheduled_thread(id));
    if (!may_schedule(*thread)) {
        return Error{Errno::Eperm};
    }
    using FirstCpu = Flag<0>;
    if (!FirstCpu::test(wanted)) {
        return Error{Errno::Einval};
    }
    return {};
}

Nothing getcpu(Pointer cpu, Pointer node) {
    RF_TRY(write_user_if_wanted(cpu, u32{0}));
    return write_user_if_wanted(node, u32{0});
}

}  // namespace ringfence::kernel::syscalls

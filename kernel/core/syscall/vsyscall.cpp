// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/vsyscall.h"

#include "kernel/core/signal/send.h"
#include "kernel/core/syscall/handlers.h"
#include "kernel/core/vm/user_memory.h"
#include "kernel_arch/user_access.h"
#include "kernel_arch/vsyscall.h"

namespace ringfence::kernel {

namespace {

using arch::Vsyscall;

/// A pointer that cannot be one fails before anything is written.
bool may_write(VirtualAddress pointer, u64 bytes) {
    return arch::is_user_range(pointer, bytes);
}

Fallible<u64> call(Vsyscall which, VirtualAddress first, VirtualAddress second) {
    constexpr u64 time_size = 8;
    constexpr u64 timeval_size = 16;
    constexpr u64 zone_size = 8;
    constexpr u64 number_size = 4;
    switch (which) {
        case Vsyscall::GetTimeOfDay:
            if (!may_write(first, timeval_size) || !may_write(second, zone_size)) {
                break;
            }
            RF_TRY(syscalls::gettimeofday(first, second));
            return u64{0};
        case Vsyscall::Time:
            if (!may_write(first, time_size)) {
                break;
            }
            return syscalls::time(first);
        case Vsyscall::GetCpu:
            if (!may_write(first, number_size) || !may_write(second, number_size)) {
                break;
            }
            RF_TRY(syscalls::getcpu(first, second));
            return u64{0};
    }
    return Error{Errno::Efault};
}

}  // namespace

void emulate_vsyscall(arch::TrapFrame& frame, VirtualAddress address) {
    constexpr SignalInformation violation{.number = signals::segment, .code = signal_codes::kernel};
    const auto which = arch::vsyscall_at(address);
    if (!which) {
        force_signal(violation);
        return;
    }
    const auto caller = read_user<u64>(frame.stack_pointer());
    if (!caller) {
        force_signal(violation);
        return;
    }
    const auto result = call(*which, VirtualAddress{frame.syscall_argument(0)},
                             VirtualAddress{frame.syscall_argument(1)});
    if (!result) {
        force_signal(violation);
        return;
    }
    frame.set_result(result.value());
    frame.set_instruction_pointer(VirtualAddress{caller.value()});
    frame.set_stack_pointer(frame.stack_pointer() + sizeof(u64));
}

}  // namespace ringfence::kernel

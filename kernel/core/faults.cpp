// SPDX-License-Identifier: MIT
// Page faults, exceptions and timer ticks, as the architecture reports them.
#include "kernel/core/entry_points.h"
#include "kernel/core/log/log.h"
#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/syscall/vsyscall.h"
#include "kernel_arch/traced_thread.h"
#include "kernel_arch/trap_frame.h"
#include "kernel_arch/user_access.h"
#include "kernel_arch/vsyscall.h"

namespace ringfence::kernel {

namespace {

void kill_for_memory(Process& process, VirtualAddress touched) {
    log_important("out of memory: killing process {} ({}), {} pages resident, which touched {}",
                  process.id(), process.name.view(), process.memory->resident_pages(), touched);
    begin_group_exit(process, {.signal = signals::kill});
}

void signal_fault(VirtualAddress address, u32 number, i32 code) {
    current_thread().fault_address = address.value();
    force_signal({.number = number,
                  .code = code,
                  .kind = SignalInformation::Kind::Fault,
                  .value = address.value()});
}

}  // namespace

bool handle_page_fault(arch::TrapFrame& frame, VirtualAddress address, FaultAccess access,
                       FaultCause) {
    Thread& thread = current_thread();
    if (thread.is_idle() || !thread.process().memory) {
        return false;
    }
    Process& process = thread.process();
    const FaultOutcome outcome = process.memory->resolve_fault(address, access);
    if (outcome == FaultOutcome::Resolved) {
        ++process.page_faults;
        return true;
    }
    if (outcome == FaultOutcome::OutOfMemory) {
        kill_for_memory(process, address);
        return frame.from_user();
    }
    if (!frame.from_user()) {
        return false;
    }
    switch (outcome) {
        case FaultOutcome::NoRegion:
            if (access == FaultAccess::Execute && arch::is_in_vsyscall_page(address)) {
                emulate_vsyscall(frame, address);
                return true;
            }
            if (address >= arch::user_end) {
                frame.hide_absence();  // what the kernel has mapped is not for programs to know
            }
            signal_fault(address, signals::segment, signal_codes::map_error);
            break;
        case FaultOutcome::Forbidden:
            signal_fault(address, signals::segment, signal_codes::access_error);
            break;
        case FaultOutcome::BeyondFile:
            signal_fault(address, signals::bus, signal_codes::bus_address);
            break;
        case FaultOutcome::Resolved:
        case FaultOutcome::OutOfMemory:
            break;
    }
    return true;
}

void handle_exception(arch::TrapFrame&, const UserException& exception) {
    if (exception.debug_status != 0) {
        arch::note_debug_status(current_thread().registers, exception.debug_status);
    }
    force_signal({.number = exception.signal,
                  .code = exception.code,
                  .kind = SignalInformation::Kind::Fault,
                  .value = exception.address.value()});
}

void handle_timer_tick(CpuMode mode) {
    scheduler_tick(mode);
}

}  // namespace ringfence::kernel

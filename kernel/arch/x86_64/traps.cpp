// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/traps.h"

#include <utility>

#include "arch/x86/debug_registers.h"
#include "arch/x86/exception_vector.h"
#include "arch/x86/page_fault_error_code.h"
#include "arch/x86/rflags.h"
#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/descriptor_tables.h"
#include "kernel/arch/x86_64/entry_area.h"
#include "kernel/arch/x86_64/entry_layout.h"
#include "kernel/arch/x86_64/exception_table.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/local_apic.h"
#include "kernel/arch/x86_64/machine_check.h"
#include "kernel/arch/x86_64/mutation.h"
#include "kernel/arch/x86_64/nmi_stack.h"
#include "kernel/arch/x86_64/panic.h"
#include "kernel/arch/x86_64/tlb.h"
#include "kernel/arch/x86_64/user_exceptions.h"
#include "kernel/core/entry_points.h"
#include "kernel/core/log/log.h"
#include "kernel_arch/address_space.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel::arch {

EntryCounters entry_counters;

namespace {

using x86::ExceptionVector;

constexpr u64 number(ExceptionVector vector) {
    return static_cast<u64>(vector);
}

FaultAccess access_of(u64 error_code) {
    const u32 code = static_cast<u32>(error_code);
    if (x86::PageFaultErrorCode::fetch.test(code)) {
        return FaultAccess::Execute;
    }
    return x86::PageFaultErrorCode::write.test(code) ? FaultAccess::Write : FaultAccess::Read;
}

FaultCause cause_of(u64 error_code) {
    return x86::PageFaultErrorCode::present.test(static_cast<u32>(error_code))
               ? FaultCause::Protection
               : FaultCause::NotPresent;
}

/// Interrupts are off in the kernel, so a tick that becomes due there comes when user mode is
/// entered again, before the first instruction. That is seen by what the way out leaves: SYSRET has
/// RCX and R11 equal to RIP and RFLAGS, and IRET from a fault has RF set, which the next
/// instruction clears. A string instruction sets it too, between two of its repetitions: that is no
/// fault's if there has been none since the last tick.
/// [intel/vol2]: SYSRET; [intel/vol3]: 18.3.1.1
CpuMode mode_of_tick(const TrapFrame& frame) {
    static u64 faults_before = 0;
    const u64 faults = entry_counters.page_faults + entry_counters.other_exceptions;
    const bool any_fault = std::exchange(faults_before, faults) != faults;
    const bool after_fault = any_fault && x86::Rflags::rf.test(frame.rflags);
    const bool after_syscall = frame.rcx == frame.rip && frame.r11 == frame.rflags;
    return frame.from_user() && !after_fault && !after_syscall ? CpuMode::User : CpuMode::System;
}

void handle_interrupt(const TrapFrame& frame) {
    ++entry_counters.interrupts;
    if (frame.vector == timer_vector) {
        end_of_interrupt();
        handle_timer_tick(mode_of_tick(frame));
    }
    // A spurious interrupt is not acknowledged. [intel/vol3]: 11.9
}

void user_page_fault(TrapFrame& frame) {
    const VirtualAddress address{read_cr2()};
    ++entry_counters.page_faults;
    if (x86::PageFaultErrorCode::reserved.test(static_cast<u32>(frame.error_code))) {
        panic_with_frame("a reserved bit is set in a page table", frame, address);
    }
    note_user_fault(address.align_down(page_size));
    // A fault from user mode is always settled.
    static_cast<void>(
        handle_page_fault(frame, address, access_of(frame.error_code), cause_of(frame.error_code)));
    forget_user_fault();
}

/// The kernel's own access to user memory, by an instruction that is allowed to fault.
void kernel_page_fault(TrapFrame& frame) {
    const VirtualAddress address{read_cr2()};
    const VirtualAddress go_on = find_fault_continuation(frame.instruction_pointer());
    if (go_on.value() == 0 || address >= user_end) {
        panic_with_frame("page fault in the kernel", frame, address);
    }
    ++entry_counters.page_faults;
    if (mutated(Mutation::KernelFaultTakenForUsers)) {
        note_user_fault(address.align_down(page_size));
    }
    if (!handle_page_fault(frame, address, access_of(frame.error_code),
                           cause_of(frame.error_code))) {
        frame.set_instruction_pointer(go_on);
    }
}

/// Enough to see that there are some, too few to drown the log.
constexpr u64 most_nmis_logged = 4;
u64 nmis_seen = 0;

void handle_nmi() {
    ++entry_counters.interrupts;
    ++nmis_seen;
    if (nmis_seen <= most_nmis_logged) {
        log_important("NMI: no source known, ignored");
    }
}

/// A selector of a program's that cannot be loaded any more (thread_state.cpp): with #GP, or #NP.
bool settle_selector_fault(TrapFrame& frame) {
    const bool of_selector = frame.vector == number(ExceptionVector::GeneralProtection) ||
                             frame.vector == number(ExceptionVector::SegmentNotPresent);
    const VirtualAddress go_on = find_fault_continuation(frame.instruction_pointer());
    if (!of_selector || go_on.value() == 0) {
        return false;
    }
    frame.set_instruction_pointer(go_on);
    return true;
}

/// NMIs stay blocked until IRET, so nothing here may switch threads or leave by SYSRET.
void user_nmi() {
    handle_nmi();
    clear_ist_stack(EntryAreaPage::NmiStack);
}

void user_machine_check(const TrapFrame& frame) {
    clear_ist_stack(EntryAreaPage::MachineCheckStack);
    if (!survive_machine_check()) {
        panic_with_frame("machine check", frame);
    }
}

/// SYSRET restores RIP from RCX, RFLAGS from R11, and the standard segments. RIP must be canonical,
/// which a user address is. It cannot set RF, and TF would trap after it rather than after the
/// next instruction.
bool sysret_can_restore(const TrapFrame& frame) {
    constexpr u64 refused = x86::Rflags::rf.mask | x86::Rflags::tf.mask | x86::Rflags::vm.mask;
    return frame.is_syscall() && frame.rcx == frame.rip && frame.r11 == frame.rflags &&
           frame.cs == user_code_selector && frame.ss == user_data_selector &&
           frame.instruction_pointer() < user_end && (frame.rflags & refused) == 0;
}

void handle_user_trap(TrapFrame& frame) {
    if (frame.vector >= x86::first_user_vector) {
        handle_interrupt(frame);
        return;
    }
    if (frame.vector == number(ExceptionVector::PageFault)) {
        user_page_fault(frame);
        return;
    }
    ++entry_counters.other_exceptions;
    if (frame.vector == number(ExceptionVector::MachineCheck)) {
        user_machine_check(frame);
        return;
    }
    if (frame.vector == number(ExceptionVector::DoubleFault)) {
        panic_with_frame("double fault", frame);
    }
    if (frame.vector == number(ExceptionVector::Debug)) {
        clear_ist_stack(EntryAreaPage::DebugStack);
    }
    handle_exception(frame, user_exception(frame));
}

/// #MC, #DB or #DF in kernel mode, which goes on. Whatever else comes is the kernel's end.
void settle_paranoid_trap(const TrapFrame& frame) {
    const bool machine_check = frame.vector == number(ExceptionVector::MachineCheck);
    if (machine_check && survive_machine_check()) {
        ++entry_counters.other_exceptions;
        return;
    }
    if (frame.vector == number(ExceptionVector::Debug) && !x86::Rflags::tf.test(frame.rflags)) {
        // A breakpoint that MOV SS held back until the entry code, or the kernel's own access to
        // watched memory of the program's: neither is told. The kernel sets none for itself.
        write_dr6(x86::Dr6::reset);
        return;
    }
    const bool overflow = frame.vector == number(ExceptionVector::DoubleFault);
    panic_with_frame(overflow ? "double fault (kernel stack overflow, if cr2 is near rsp)"
                              : exception_name(frame.vector),
                     frame, VirtualAddress{read_cr2()});
}

}  // namespace
}  // namespace ringfence::kernel::arch

using namespace ringfence::kernel;  // NOLINT: the C linkage below belongs to it

RF_GATE arch::ExitPath enter_syscall(arch::TrapFrame* frame) {
    ++arch::entry_counters.system_calls;
    ++arch::entry_counters.entries_from_user;
    handle_syscall(*frame);
    prepare_return_to_user(*frame);
    ++arch::entry_counters.exits_to_user;
    const arch::ExitPaths& exits = cpu_state.exits;
    return arch::sysret_can_restore(*frame) ? exits.by_sysret : exits.by_iret;
}

RF_GATE arch::ExitPath enter_trap(arch::TrapFrame* frame) {
    ++arch::entry_counters.entries_from_user;
    if (frame->vector == arch::number(arch::ExceptionVector::NonMaskableInterrupt)) {
        arch::user_nmi();
    } else {
        arch::handle_user_trap(*frame);
        prepare_return_to_user(*frame);
    }
    ++arch::entry_counters.exits_to_user;
    return cpu_state.exits.by_iret;
}

RF_GATE void enter_trap_from_kernel(arch::TrapFrame* frame) {
    if (frame->vector >= arch::x86::first_user_vector) {
        arch::handle_interrupt(*frame);
    } else if (frame->vector == arch::number(arch::ExceptionVector::PageFault)) {
        arch::kernel_page_fault(*frame);
    } else if (!arch::settle_selector_fault(*frame)) {
        arch::panic_with_frame(arch::exception_name(frame->vector), *frame);
    }
}

RF_GATE bool enter_paranoid_trap(arch::TrapFrame* frame) {
    ++arch::entry_counters.paranoid_entries;
    if (frame->vector == arch::number(arch::ExceptionVector::NonMaskableInterrupt)) {
        arch::handle_nmi();
        return false;
    }
    arch::settle_paranoid_trap(*frame);
    return arch::is_nmi_stack_in_use(*frame);
}

// SPDX-License-Identifier: MIT
#include "sim/isa/x86/event_delivery.h"

#include <utility>

#include "sim/isa/x86/event.h"
#include "sim/isa/x86/timed_execution.h"
#include "sim/isa/x86/transaction.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Cr4;
using arch::x86::DebugControl;
using arch::x86::Dr6;
using arch::x86::Dr7;
using arch::x86::McgStatus;
using arch::x86::Rflags;
using cpu::ExceptionVector;
using cpu::PendingException;

bool deliver(Cpu& cpu, const Event& event) {
    return cpu.long_mode_active() ? deliver_in_long_mode(cpu, event)
           : cpu.protected_mode() ? deliver_in_protected_mode(cpu, event)
                                  : deliver_in_real_mode(cpu, event);
}

/// Faults save RF set, so that an instruction breakpoint does not hit again on return; where one
/// did, its handler decides. [intel/vol3]: 18.3.1.1
Event exception_event(const Cpu& cpu, const PendingException& exception) {
    return Event{.vector = static_cast<u8>(exception.vector),
                 .has_error_code = arch::x86::pushes_error_code(exception.vector),
                 .error_code = exception.error_code,
                 .return_rip = cpu.rip,
                 .saved_rflags = cpu.rflags() | Rflags::rf.mask};
}

void report(Cpu& cpu, const Event& event, bool from_user) {
    cpu.recorder.exception({.vector = event.vector,
                            .has_error_code = event.has_error_code,
                            .error_code = event.error_code,
                            .rip = VirtualAddress{event.return_rip},
                            .address = VirtualAddress{cpu.cr2},
                            .from_user = from_user});
}

/// Delivers `event`; whatever exception that raises is delivered instead, by the rules for pairs.
void deliver_or_escalate(Cpu& cpu, Event event, arch::x86::ExceptionClass first_class,
                         bool is_double_fault) {
    if (cpu.timed != nullptr) {
        cpu.timed->delivering();
    }
    // A frame cannot be tried again, as an instruction can: one with the rights of user mode, which
    // goes to a device or meets a data breakpoint, goes there now. The engine decides anew before
    // the next instruction.
    cpu.mmu.set_observed_access(true);
    while (!deliver(cpu, event)) {
        if (is_double_fault) {
            cpu.shutdown = true;
            return;
        }
        PendingException second = cpu.pending;
        if (second.vector == ExceptionVector::PageFault) {
            cpu.cr2 = second.address.value();
        }
        const auto second_class = arch::x86::exception_class(second.vector);
        if (arch::x86::makes_double_fault(first_class, second_class)) {
            second = PendingException{.vector = ExceptionVector::DoubleFault};
            is_double_fault = true;
        }
        first_class = second_class;
        const u64 return_rip = event.return_rip;
        event = exception_event(cpu, second);
        event.return_rip = return_rip;
    }
    if (cpu.timed != nullptr) {
        cpu.timed->delivered(event.vector);
    }
}

void clear_shadows(Cpu& cpu) {
    cpu.interrupt_shadow = false;
    cpu.debug_shadow = false;
}

/// What a debug exception leaves in the debug registers: DR6 tells the breakpoints of this one, all
/// else in it stays set until software clears it; the handler may use the registers.
/// To step by branches it must set BTF anew. [intel/vol3]: 18.2.3, 18.2.4, 18.4.3
void record_debug_exception(Cpu& cpu, u64 conditions) {
    cpu.msr.debug_control = DebugControl::branch_trap.set(cpu.msr.debug_control, 0);
    cpu.dr6 = Dr6::breakpoints.set(cpu.dr6, 0) | Dr6::rtm.mask | conditions;
    cpu.set_dr7(Dr7::gd.set(cpu.dr7(), 0));
}

/// #DB of the instruction at cpu.rip: instruction breakpoints on it, or else the guard of the debug
/// registers.
void describe_debug_fault(Cpu& cpu, Event& event) {
    const u64 met = cpu.breakpoints_suppressed ? 0 : cpu.breakpoints_at(cpu.code_address(cpu.rip));
    if (met != 0) {
        event.saved_rflags = Rflags::rf.set(event.saved_rflags, 0);
    }
    record_debug_exception(cpu, met != 0 ? met : Dr6::bd.mask);
}

/// An instruction that stepping does not trap behind has led to its handler.
void finish_software_interrupt(Cpu& cpu, const Event& event, bool from_user) {
    cpu.no_debug_trap = true;
    if (event.vector < arch::x86::first_user_vector) {
        report(cpu, event, from_user);
    } else {
        cpu.recorder.interrupt({.vector = event.vector,
                                .rip = VirtualAddress{event.return_rip},
                                .from_user = from_user});
    }
}

}  // namespace

PendingException from_mmu(const mmu::Fault& fault) {
    return PendingException{
        .vector = fault.vector, .error_code = fault.error_code, .address = fault.address};
}

void deliver_exception(Cpu& cpu, const PendingException& exception) {
    if (cpu.transaction().active()) {
        abort_for(cpu, exception);
        return;
    }
    if (exception.vector == ExceptionVector::PageFault) {
        cpu.cr2 = exception.address.value();
    }
    clear_shadows(cpu);
    cpu.held_debug = 0;
    Event event = exception_event(cpu, exception);
    if (exception.vector == ExceptionVector::Debug) {
        describe_debug_fault(cpu, event);
    }
    const bool from_user = cpu.cpl() == 3;
    deliver_or_escalate(cpu, event, arch::x86::exception_class(exception.vector), false);
    report(cpu, event, from_user);
}

void deliver_debug_trap(Cpu& cpu) {
    const u64 conditions = std::exchange(cpu.due_debug, 0);
    if (cpu.transaction().active()) {
        abort_for_single_step(cpu);
        return;
    }
    record_debug_exception(cpu, conditions);
    const Event event{.vector = static_cast<u8>(ExceptionVector::Debug),
                      .return_rip = cpu.rip,
                      .saved_rflags = cpu.rflags()};
    const bool from_user = cpu.cpl() == 3;
    cpu.halted = false;
    deliver_or_escalate(cpu, event, arch::x86::ExceptionClass::Benign, false);
    report(cpu, event, from_user);
}

void deliver_interrupt(Cpu& cpu, u8 vector) {
    abort_for_interrupt(cpu);
    clear_shadows(cpu);
    const Event event{.vector = vector, .return_rip = cpu.rip, .saved_rflags = cpu.rflags()};
    const bool from_user = cpu.cpl() == 3;
    deliver_or_escalate(cpu, event, arch::x86::ExceptionClass::Benign, false);
    cpu.recorder.interrupt(
        {.vector = vector, .rip = VirtualAddress{event.return_rip}, .from_user = from_user});
}

void deliver_nmi(Cpu& cpu) {
    cpu.nmi_blocked = true;
    deliver_interrupt(cpu, static_cast<u8>(ExceptionVector::NonMaskableInterrupt));
}

void deliver_machine_check(Cpu& cpu) {
    abort_for_interrupt(cpu);
    if (!Cr4::mce.test(cpu.cr4()) || McgStatus::mcip.test(cpu.msr.mcg_status)) {
        cpu.shutdown = true;
        return;
    }
    cpu.msr.mcg_status = McgStatus::mcip.mask | McgStatus::ripv.mask;
    cpu.halted = false;
    clear_shadows(cpu);
    cpu.held_debug = 0;
    const Event event{.vector = static_cast<u8>(ExceptionVector::MachineCheck),
                      .return_rip = cpu.rip,
                      .saved_rflags = cpu.rflags()};
    const bool from_user = cpu.cpl() == 3;
    deliver_or_escalate(cpu, event, arch::x86::ExceptionClass::Benign, false);
    report(cpu, event, from_user);
}

bool deliver_software_interrupt(Cpu& cpu, u8 vector, u64 return_rip, GateCheck check) {
    const Event event{.vector = vector,
                      .software = check == GateCheck::Dpl,
                      .return_rip = return_rip,
                      .saved_rflags = cpu.rflags()};
    const bool from_user = cpu.cpl() == 3;
    if (!deliver(cpu, event)) {
        return false;
    }
    if (check == GateCheck::None) {
        // INT1 is a debug exception, and what MOV SS has met comes with it.
        record_debug_exception(cpu, std::exchange(cpu.held_debug, 0));
    }
    finish_software_interrupt(cpu, event, from_user);
    return true;
}

bool deliver_redirected_interrupt(Cpu& cpu, u8 vector, u64 return_rip) {
    const Event event{
        .vector = vector, .software = true, .return_rip = return_rip, .saved_rflags = cpu.rflags()};
    if (!redirect_to_virtual_8086(cpu, event)) {
        return false;
    }
    finish_software_interrupt(cpu, event, true);
    return true;
}

}  // namespace ringfence::sim::isa::x86

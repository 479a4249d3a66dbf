// SPDX-License-Identifier: MIT
#include "lab/prove/event_kind.h"

#include "arch/x86/exception_vector.h"
#include "arch/x86/page_fault_error_code.h"

namespace ringfence::lab::prove {

namespace {

using arch::x86::ExceptionVector;

constexpr u8 number(ExceptionVector vector) {
    return static_cast<u8>(vector);
}

}  // namespace

std::string_view name_of(EventKind kind) {
    switch (kind) {
        case EventKind::TimerInterrupt:
            return "timer interrupt";
        case EventKind::Nmi:
            return "NMI";
        case EventKind::MachineCheck:
            return "machine check";
        case EventKind::DebugTrap:
            return "debug trap";
        case EventKind::PageFault:
            return "page fault";
        case EventKind::NmiInNmi:
            return "NMI in NMI";
        case EventKind::MachineCheckInNmi:
            return "machine check in NMI";
        case EventKind::NmiInMachineCheck:
            return "NMI in machine check";
        case EventKind::NmiInDebugTrap:
            return "NMI in debug trap";
        case EventKind::MachineCheckInDebugTrap:
            return "machine check in debug trap";
    }
    return {};
}

std::optional<EventKind> outer_of(EventKind kind) {
    switch (kind) {
        case EventKind::NmiInNmi:
        case EventKind::MachineCheckInNmi:
            return EventKind::Nmi;
        case EventKind::NmiInMachineCheck:
            return EventKind::MachineCheck;
        case EventKind::NmiInDebugTrap:
        case EventKind::MachineCheckInDebugTrap:
            return EventKind::DebugTrap;
        default:
            return std::nullopt;
    }
}

std::string_view reason_against(EventKind kind, const Place& place) {
    if (kind == EventKind::DebugTrap && place.user) {
        return "a breakpoint of user mode is the program's own: it gets a signal, as it should";
    }
    if (kind == EventKind::DebugTrap && place.entered_by == number(ExceptionVector::Debug)) {
        return "the way in of a debug exception: no breakpoint is held back there, and the kernel "
               "sets none";
    }
    if (kind == EventKind::PageFault && !place.user) {
        return "what these instructions fetch and refer to is mapped at all times, with the same "
               "rights";
    }
    return {};
}

u8 vector_of(EventKind kind, u8 timer_vector) {
    switch (kind) {
        case EventKind::TimerInterrupt:
            return timer_vector;
        case EventKind::Nmi:
        case EventKind::NmiInNmi:
        case EventKind::NmiInMachineCheck:
        case EventKind::NmiInDebugTrap:
            return number(ExceptionVector::NonMaskableInterrupt);
        case EventKind::MachineCheck:
        case EventKind::MachineCheckInNmi:
        case EventKind::MachineCheckInDebugTrap:
            return number(ExceptionVector::MachineCheck);
        case EventKind::DebugTrap:
            return number(ExceptionVector::Debug);
        case EventKind::PageFault:
            return number(ExceptionVector::PageFault);
    }
    return 0;
}

void raise(sim::machine::Machine& machine, EventKind kind, const Place& place, u8 timer_vector) {
    using arch::x86::PageFaultErrorCode;
    switch (kind) {
        case EventKind::TimerInterrupt:
            machine.raise_interrupt(timer_vector);
            break;
        case EventKind::Nmi:
        case EventKind::NmiInNmi:
        case EventKind::NmiInMachineCheck:
        case EventKind::NmiInDebugTrap:
            machine.raise_nmi();
            break;
        case EventKind::MachineCheckInNmi:
            machine.raise_nmi();
            machine.raise_machine_check();
            break;
        case EventKind::MachineCheck:
        case EventKind::MachineCheckInDebugTrap:
            machine.raise_machine_check();
            break;
        case EventKind::DebugTrap:
            machine.raise_debug_trap(0);
            break;
        case EventKind::PageFault:
            machine.raise_page_fault(place.rip, PageFaultErrorCode::present.mask |
                                                    PageFaultErrorCode::user.mask |
                                                    PageFaultErrorCode::fetch.mask);
            break;
    }
}

}  // namespace ringfence::lab::prove

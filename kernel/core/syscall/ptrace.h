// SPDX-License-Identifier: MIT
// The parts of ptrace(2): what its requests mean for a tracee that is stopped, unless they say
// else.
#pragma once

#include "kernel/core/syscall/handlers.h"
#include "kernel/core/tracing/stop.h"

namespace ringfence::kernel::syscalls {

/// PTRACE_*. [linux/abi]: include/uapi/linux/ptrace.h, arch/x86/include/uapi/asm/ptrace-abi.h
enum class TraceRequest : u64 {
    TraceMe = 0,
    PeekText = 1,
    PeekData = 2,
    PeekUser = 3,
    PokeText = 4,
    PokeData = 5,
    PokeUser = 6,
    Continue = 7,
    Kill = 8,
    SingleStep = 9,
    GetRegisters = 12,
    SetRegisters = 13,
    GetLegacyState = 14,  ///< GETFPREGS
    SetLegacyState = 15,
    Attach = 16,
    Detach = 17,
    OldSetOptions = 21,
    ToCall = 24,  ///< PTRACE_SYSCALL
    ArchPrctl = 30,
    EmulateCall = 31,  ///< PTRACE_SYSEMU
    EmulateCallAndStep = 32,
    SetOptions = 0x4200,
    GetEventMessage = 0x4201,
    GetSignalInformation = 0x4202,
    SetSignalInformation = 0x4203,
    GetRegisterSet = 0x4204,
    SetRegisterSet = 0x4205,
    Seize = 0x4206,
    Interrupt = 0x4207,
    Listen = 0x4208,
    PeekSignalInformation = 0x4209,
    GetSignalMask = 0x420a,
    SetSignalMask = 0x420b,
    GetCallInformation = 0x420e,
};

/// Registers: ptrace_registers.cpp. Eio for requests that are about something else.
Value trace_registers(Tracee& tracee, TraceRequest request, u64 address, Pointer data);
/// Signals and what a stop says of itself: ptrace_signals.cpp.
Value trace_signals(Tracee& tracee, TraceRequest request, u64 address, Pointer data);
/// PTRACE_GET_SYSCALL_INFO: how many bytes there are to know, of which `size` at most are written.
Value call_information(const Tracee& tracee, u64 size, Pointer to);

}  // namespace ringfence::kernel::syscalls

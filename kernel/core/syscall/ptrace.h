// SPDX-License-Identifier: MIT
// The parts of ptrace(2): what its requests mean for a tracee that is stopped, unless they say
// else.
#pragma once

#include "kernel/core/syscall/handlers.h"
#include "kernel/core/tracing/stop.h"

namespace ringfence::kernel::syscalls {

/// Where the requests begin that all architectures have, but for the oldest.
inline constexpr u64 general_requests = bit(14) | bit(9);

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
    SetOptions = general_requests,
    GetEventMessage = general_requests + 1,
    GetSignalInformation = general_requests + 2,
    SetSignalInformation = general_requests + 3,
    GetRegisterSet = general_requests + 4,
    SetRegisterSet = general_requests + 5,
    Seize = general_requests + 6,
    Interrupt = general_requests + 7,
    Listen = general_requests + 8,
    PeekSignalInformation = general_requests + 9,
    GetSignalMask = general_requests + 10,
    SetSignalMask = general_requests + 11,
    GetCallInformation = general_requests + 14,
};

/// Registers: ptrace_registers.cpp. Eio for requests that are about something else.
Value trace_registers(Tracee& tracee, TraceRequest request, u64 address, Pointer data);
/// Signals and what a stop says of itself: ptrace_signals.cpp.
Value trace_signals(Tracee& tracee, TraceRequest request, u64 address, Pointer data);
/// PTRACE_GET_SYSCALL_INFO: how many bytes there are to know, of which `size` at most are written.
Value call_information(const Tracee& tracee, u64 size, Pointer to);

}  // namespace ringfence::kernel::syscalls

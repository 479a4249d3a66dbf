// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/user_exceptions.h"

#include "arch/x86/debug_registers.h"
#include "kernel/arch/x86_64/fpu.h"
#include "kernel/arch/x86_64/instructions.h"

namespace ringfence::kernel::arch {

namespace {

// Linux's numbers. [linux/abi]: include/uapi/asm-generic/signal.h, siginfo.h
constexpr u32 sigill = 4;
constexpr u32 sigtrap = 5;
constexpr u32 sigbus = 7;
constexpr u32 sigfpe = 8;
constexpr u32 sigsegv = 11;
constexpr i32 si_kernel = 0x80;
constexpr i32 ill_illopn = 2;
constexpr i32 fpe_intdiv = 1;
constexpr i32 bus_adraln = 1;
constexpr i32 trap_brkpt = 1;
constexpr i32 trap_trace = 2;
constexpr i32 trap_hwbkpt = 4;

/// Where si_addr points.
enum class Place : u8 { Nowhere, Instruction };

struct Row {
    std::string_view name;
    u32 signal;
    i32 code;
    Place place;
};

/// Indexed by vector.
constexpr Row rows[] = {
    {"divide error", sigfpe, fpe_intdiv, Place::Instruction},
    {"debug", sigtrap, trap_trace, Place::Instruction},
    {"NMI", sigsegv, si_kernel, Place::Nowhere},
    {"breakpoint", sigtrap, si_kernel, Place::Nowhere},
    {"overflow", sigsegv, si_kernel, Place::Nowhere},
    {"bound range exceeded", sigsegv, si_kernel, Place::Nowhere},
    {"invalid opcode", sigill, ill_illopn, Place::Instruction},
    {"device not available", sigsegv, si_kernel, Place::Nowhere},
    {"double fault", sigsegv, si_kernel, Place::Nowhere},
    {"coprocessor segment overrun", sigfpe, si_kernel, Place::Nowhere},
    {"invalid TSS", sigsegv, si_kernel, Place::Nowhere},
    {"segment not present", sigbus, si_kernel, Place::Nowhere},
    {"stack segment", sigbus, si_kernel, Place::Nowhere},
    {"general protection", sigsegv, si_kernel, Place::Nowhere},
    {"page fault", sigsegv, si_kernel, Place::Nowhere},
    {"reserved", sigsegv, si_kernel, Place::Nowhere},
    {"x87 floating point", sigfpe, 0, Place::Instruction},
    {"alignment check", sigbus, bus_adraln, Place::Nowhere},
    {"machine check", sigbus, si_kernel, Place::Nowhere},
    {"SIMD floating point", sigfpe, 0, Place::Instruction},
    {"virtualization", sigsegv, si_kernel, Place::Nowhere},
    {"control protection", sigsegv, si_kernel, Place::Nowhere},
};
constexpr u64 row_count = sizeof(rows) / sizeof(rows[0]);
constexpr u64 debug_vector = 1;
constexpr u64 x87_vector = 16;
constexpr u64 simd_vector = 19;

/// The bits of DR6 that say why, cleared: #DB leaves that to its handler.
u64 take_debug_status() {
    const u64 status = read_dr6();
    write_dr6(x86::Dr6::reset);
    return status & x86::Dr6::writable;
}

i32 debug_code(u64 status) {
    if (x86::Dr6::bs.test(status)) {
        return trap_trace;
    }
    return x86::Dr6::breakpoints.test(status) ? trap_hwbkpt : trap_brkpt;
}

/// The code of exceptions that say more in a register.
i32 detailed_code(u64 vector, i32 otherwise) {
    switch (vector) {
        case x87_vector:
            return x87_fault_code();
        case simd_vector:
            return sse_fault_code();
        default:
            return otherwise;
    }
}

}  // namespace

UserException user_exception(const TrapFrame& frame) {
    const Row& row = rows[frame.vector < row_count ? frame.vector : row_count - 1];
    const VirtualAddress address =
        row.place == Place::Instruction ? frame.instruction_pointer() : VirtualAddress{};
    if (frame.vector == debug_vector) {
        const u64 status = take_debug_status();
        return {row.signal, debug_code(status), address, row.name, status};
    }
    return {row.signal, detailed_code(frame.vector, row.code), address, row.name};
}

std::string_view exception_name(u64 vector) {
    return vector < row_count ? rows[vector].name : "unexpected interrupt";
}

}  // namespace ringfence::kernel::arch

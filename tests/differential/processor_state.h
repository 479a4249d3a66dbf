// SPDX-License-Identifier: MIT
// What one instruction starts from and what it leaves behind, for the host's processor and for the
// machine alike.
#pragma once

#include <array>

#include "arch/x86/exception_vector.h"
#include "base/types.h"
#include "sim/cpu/fpu_state.h"

namespace ringfence::differential {

using arch::x86::ExceptionVector;
using sim::cpu::FxsaveImage;
using sim::cpu::Xmm;

/// Index of a general register in its encoding order.
enum Gpr : u8 { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi };

/// The registers that an unprivileged 64-bit program has.
struct ProcessorState {
    std::array<u64, 16> gpr{};
    u64 rip = 0;
    u64 rflags = 0;
    /// In FXSAVE64's form.
    FxsaveImage fpu{};
    /// Bits 255:128 of the YMM registers; zeroes on a processor without.
    std::array<Xmm, 16> upper{};
};

/// How an instruction ended.
struct Outcome {
    /// False: it raised `vector`, and `state` is as the handler of the exception finds it.
    bool completed = true;
    ExceptionVector vector{};
    u32 error_code = 0;
    /// CR2, for page faults.
    u64 address = 0;
    ProcessorState state;
};

}  // namespace ringfence::differential

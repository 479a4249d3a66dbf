// SPDX-License-Identifier: MIT
// How semantic functions read and write registers and memory.
#pragma once

#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

/// The linear address of the op's memory operand.
RF_ALWAYS_INLINE VirtualAddress linear_address(const Cpu& cpu, const Op& op) {
    return VirtualAddress{cpu.gpr.get<u64>(op.segment) + cpu.gpr.get<u64>(op.base) +
                          (cpu.gpr.get<u64>(op.index) << op.scale) + op.displacement};
}

/// Makes the MMU's fault the pending exception. Returns false, for `return memory_fault(...)`.
bool memory_fault(Cpu& cpu, const Op& op);
/// The same for accesses that name their reference to the MMU (PUSH, CALL, descriptor tables, ...).
bool system_fault(Cpu& cpu);

/// Reads the memory operand. `T`: u8 to u64, cpu::Xmm or Ymm.
template <typename T>
RF_ALWAYS_INLINE bool load(Cpu& cpu, const Op& op, T& out) {
    if (RF_LIKELY(cpu.mmu.read(linear_address(cpu, op), out))) {
        return true;
    }
    memory_fault(cpu, op);
    return false;
}

/// Writes the memory operand, or nothing at all.
template <typename T>
RF_ALWAYS_INLINE bool store(Cpu& cpu, const Op& op, const T& value) {
    if (RF_LIKELY(cpu.mmu.write(linear_address(cpu, op), value))) {
        return true;
    }
    memory_fault(cpu, op);
    return false;
}

/// Operand kinds. `read` and `write` return whether the access succeeded.
template <typename T>
struct DstRegister {
    using Word = T;
    RF_ALWAYS_INLINE static bool read(Cpu& cpu, const Op& op, T& out) {
        out = cpu.gpr.get<T>(op.dst);
        return true;
    }
    RF_ALWAYS_INLINE static bool write(Cpu& cpu, const Op& op, T value) {
        cpu.gpr.set<T>(op.dst, value);
        return true;
    }
};

template <typename T>
struct SrcRegister {
    using Word = T;
    RF_ALWAYS_INLINE static bool read(Cpu& cpu, const Op& op, T& out) {
        out = cpu.gpr.get<T>(op.src);
        return true;
    }
    RF_ALWAYS_INLINE static bool write(Cpu& cpu, const Op& op, T value) {
        cpu.gpr.set<T>(op.src, value);
        return true;
    }
};

template <typename T>
struct Memory {
    using Word = T;
    RF_ALWAYS_INLINE static bool read(Cpu& cpu, const Op& op, T& out) { return load(cpu, op, out); }
    RF_ALWAYS_INLINE static bool write(Cpu& cpu, const Op& op, T value) {
        return store(cpu, op, value);
    }
};

template <typename T>
struct Immediate {
    using Word = T;
    RF_ALWAYS_INLINE static bool read(Cpu& /*cpu*/, const Op& op, T& out) {
        out = static_cast<T>(static_cast<i64>(op.immediate));
        return true;
    }
};

}  // namespace ringfence::sim::isa::x86

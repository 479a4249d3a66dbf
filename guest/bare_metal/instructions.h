// SPDX-License-Identifier: MIT
// The instructions that C++ cannot say.
#pragma once

#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "base/types.h"

namespace ringfence::bare_metal {

inline u64 read_cr0() {
    u64 value;
    asm volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}
inline void write_cr0(u64 value) {
    asm volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}
inline u64 read_cr2() {
    u64 value;
    asm volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}
inline void write_cr2(u64 value) {
    asm volatile("mov %0, %%cr2" : : "r"(value));
}
inline u64 read_cr3() {
    u64 value;
    asm volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}
inline void write_cr3(u64 value) {
    asm volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}
inline u64 read_cr4() {
    u64 value;
    asm volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}
inline void write_cr4(u64 value) {
    asm volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}
inline u64 read_msr(arch::x86::Msr msr) {
    u32 low;
    u32 high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(static_cast<u32>(msr)));
    return low | u64{high} << 32;
}
inline void write_msr(arch::x86::Msr msr, u64 value) {
    asm volatile("wrmsr"
                 :
                 : "c"(static_cast<u32>(msr)), "a"(static_cast<u32>(value)),
                   "d"(static_cast<u32>(value >> 32))
                 : "memory");
}
inline void invlpg(u64 address) {
    asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}
/// [intel/vol2]: INVPCID. `type`: 0 address, 1 PCID, 2 all with global, 3 all but global.
inline void invpcid(u64 type, u64 pcid, u64 address) {
    const u64 descriptor[2] = {pcid, address};
    asm volatile("invpcid (%0), %1" : : "r"(descriptor), "r"(type) : "memory");
}
inline void out8(u16 port, u8 value) {
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
inline void out32(u16 port, u32 value) {
    asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}
inline u8 in8(u16 port) {
    u8 value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/// This CPU, for arch::x86::has().
struct ThisCpu {
    [[nodiscard]] arch::x86::CpuidResult cpuid(u32 leaf, u32 subleaf) const {
        arch::x86::CpuidResult result;
        asm volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(subleaf));
        return result;
    }
};

inline bool cpu_has(arch::x86::CpuidFeature feature) {
    return arch::x86::has(ThisCpu{}, feature);
}

}  // namespace ringfence::bare_metal

// SPDX-License-Identifier: MIT
// The instructions that C++ has no words for, one function each, and the running CPU as a source of
// CPUID and MSR values.
#pragma once

#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/segment_descriptor.h"
#include "base/address.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

namespace x86 = ::ringfence::arch::x86;

inline u64 read_cr0() {
    u64 value;
    asm volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}
inline void write_cr0(u64 value) {
    asm volatile("mov %0, %%cr0" ::"r"(value) : "memory");
}
inline u64 read_cr2() {
    u64 value;
    asm volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}
inline u64 read_cr3() {
    u64 value;
    asm volatile("mov %%cr3, %0" : "=r"(value)::"memory");
    return value;
}
inline void write_cr3(u64 value) {
    asm volatile("mov %0, %%cr3" ::"r"(value) : "memory");
}
inline u64 read_cr4() {
    u64 value;
    asm volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}
inline void write_cr4(u64 value) {
    asm volatile("mov %0, %%cr4" ::"r"(value) : "memory");
}
/// XCR0. CR4.OSXSAVE must be set. [intel/vol2]: XSETBV
inline void write_xcr0(u64 components) {
    constexpr u32 xcr0 = 0;
    asm volatile("xsetbv" ::"c"(xcr0), "a"(static_cast<u32>(components)),
                 "d"(static_cast<u32>(components >> 32))
                 : "memory");
}
inline u64 read_dr6() {
    u64 value;
    asm volatile("mov %%dr6, %0" : "=r"(value));
    return value;
}
inline void write_dr6(u64 value) {
    asm volatile("mov %0, %%dr6" ::"r"(value));
}
inline void write_dr7(u64 value) {
    asm volatile("mov %0, %%dr7" ::"r"(value) : "memory");
}

inline u64 read_msr(x86::Msr msr) {
    u32 low;
    u32 high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(static_cast<u32>(msr)) : "memory");
    return u64{high} << 32 | low;
}
inline void write_msr(x86::Msr msr, u64 value) {
    asm volatile("wrmsr" ::"c"(static_cast<u32>(msr)), "a"(static_cast<u32>(value)),
                 "d"(static_cast<u32>(value >> 32))
                 : "memory");
}
inline u64 read_tsc() {
    u32 low;
    u32 high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return u64{high} << 32 | low;
}

/// INVLPG: the page of `address` under the current PCID, and global entries for it.
/// [intel/vol3]: 4.10.4.1
inline void invalidate_page(VirtualAddress address) {
    asm volatile("invlpg (%0)" ::"r"(address.value()) : "memory");
}

/// [intel/vol2]: INVPCID
enum class InvpcidType : u64 { Address = 0, Context = 1, AllWithGlobal = 2, AllButGlobal = 3 };
inline void invalidate_pcid(InvpcidType type, u64 pcid, VirtualAddress address) {
    const struct {
        u64 pcid;
        u64 address;
    } descriptor = {pcid, address.value()};
    asm volatile("invpcid %0, %1" ::"m"(descriptor), "r"(static_cast<u64>(type)) : "memory");
}

inline void load_gdt(const x86::DescriptorTablePointer& table) {
    asm volatile("lgdt %0" ::"m"(table));
}
inline void load_idt(const x86::DescriptorTablePointer& table) {
    asm volatile("lidt %0" ::"m"(table));
}
/// The local descriptor table: selector 0 makes every selector with TI = 1 fault. After reset the
/// register describes a table at address 0, which a program could map.
inline void load_local_table(u16 selector) {
    asm volatile("lldt %0" ::"r"(selector));
}
inline void load_task_register(u16 selector) {
    asm volatile("ltr %0" ::"r"(selector));
}

inline u8 read_port(u16 port) {
    u8 value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
inline void write_port(u16 port, u8 value) {
    asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}
inline void write_port_32(u16 port, u32 value) {
    asm volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}
/// REP OUTSB: `count` bytes to one port.
inline void write_port_bytes(u16 port, const u8* bytes, usize count) {
    asm volatile("rep outsb" : "+S"(bytes), "+c"(count) : "d"(port) : "memory");
}

/// RDRAND: false if the generator had no number to give.
inline bool read_random(u64& value) {
    bool ok;
    asm volatile("rdrand %0" : "=r"(value), "=@ccc"(ok));
    return ok;
}

/// The CPU that runs this, for the predicates of arch/x86.
struct ThisCpu {
    [[nodiscard]] x86::CpuidResult cpuid(u32 leaf, u32 subleaf) const {
        x86::CpuidResult result;
        asm volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(subleaf));
        return result;
    }
    [[nodiscard]] u64 read_msr(x86::Msr msr) const { return arch::read_msr(msr); }
};

}  // namespace ringfence::kernel::arch

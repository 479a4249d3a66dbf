// SPDX-License-Identifier: MIT
#include "guest/measurements/supervisor/processor.h"

#include "arch/x86/cpuid.h"
#include "arch/x86/cr4.h"
#include "arch/x86/exception_vector.h"
#include "arch/x86/idt_gate.h"
#include "arch/x86/rflags.h"
#include "arch/x86/segment_descriptor.h"
#include "arch/x86/task_state_segment.h"
#include "base/compiler.h"
#include "guest/bare_metal/instructions.h"

extern "C" {
/// Where unexpected exceptions go (transitions.S).
extern const ringfence::u8 unexpected_trap[];
void report_unexpected_trap();
}

namespace ringfence::measurements {

namespace {

using arch::x86::IdtGate64;
using arch::x86::SegmentDescriptor;

constexpr u64 stack_bytes = 8192;

alignas(16) u8 trap_stack[stack_bytes];
alignas(16) IdtGate64 idt[arch::x86::vector_count];
alignas(16) u64 gdt[8];
alignas(128) arch::x86::TaskStateSegment64 tss;

template <typename T>
u64 address_of(const T* object) {
    return reinterpret_cast<u64>(object);
}

void load_segments() {
    constexpr u16 task_state = 0x30;
    gdt[1] = SegmentDescriptor::flat_code64(0);
    gdt[2] = SegmentDescriptor::flat_data(0);
    gdt[3] = SegmentDescriptor::flat_code32(3);
    gdt[4] = SegmentDescriptor::flat_data(3);
    gdt[5] = SegmentDescriptor::flat_code64(3);
    gdt[6] = SegmentDescriptor::tss_low(address_of(&tss), sizeof tss - 1);
    gdt[7] = SegmentDescriptor::tss_high(address_of(&tss));
    tss.rsp[0] = address_of(trap_stack) + stack_bytes;
    tss.io_map_base = sizeof tss;
    const arch::x86::DescriptorTablePointer pointer{sizeof gdt - 1, address_of(gdt)};
    asm volatile("lgdt %0" : : "m"(pointer));
    asm volatile("ltr %0" : : "r"(task_state));
}

void load_gates() {
    for (unsigned vector = 0; vector < arch::x86::vector_count; ++vector) {
        set_gate(vector, unexpected_trap);
    }
    const arch::x86::DescriptorTablePointer pointer{sizeof idt - 1, address_of(idt)};
    asm volatile("lidt %0" : : "m"(pointer));
}

void enable_fast_calls() {
    using arch::x86::Msr;
    constexpr u16 user_base = 0x1b;  // SYSRET loads this + 16 and this + 8
    bare_metal::write_msr(Msr::IA32_STAR, arch::x86::Star::syscall_selector.make(kernel_code) |
                                              arch::x86::Star::sysret_selector.make(user_base));
    bare_metal::write_msr(Msr::IA32_FMASK, arch::x86::Rflags::interrupt.mask);
}

}  // namespace

void set_gate(unsigned vector, const void* handler) {
    idt[vector] = IdtGate64::make(reinterpret_cast<u64>(handler), kernel_code,
                                  arch::x86::SystemSegmentType::InterruptGate, 3, 0);
}

void set_syscall_target(const void* target) {
    bare_metal::write_msr(arch::x86::Msr::IA32_LSTAR, reinterpret_cast<u64>(target));
}

void set_up_processor() {
    load_segments();
    load_gates();
    enable_fast_calls();
    u64 cr4 = bare_metal::read_cr4() | arch::x86::Cr4::pge.mask;
    if (bare_metal::cpu_has(arch::x86::cpuid_feature::pcid)) {
        cr4 |= arch::x86::Cr4::pcide.mask;
    }
    bare_metal::write_cr4(cr4);
}

}  // namespace ringfence::measurements

void report_unexpected_trap() {
    RF_UNREACHABLE("an exception outside of a measurement");
}

// SPDX-License-Identifier: MIT
#include "sim/isa/x86/real_segments.h"

#include "arch/x86/segment_descriptor.h"

namespace ringfence::sim::isa::x86 {

using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using cpu::ExceptionVector;
using cpu::Segment;
using cpu::SegmentRegister;

namespace {

constexpr u32 paragraph_bytes = 16;
constexpr u32 real_limit = 0xffff;
constexpr unsigned virtual_8086_cpl = 3;

void load(Cpu& cpu, SegmentRegister which, u16 selector) {
    Segment segment = cpu.segment(which);
    segment.selector = selector;
    if (cpu.virtual_8086()) {
        segment.limit = real_limit;
        segment.descriptor = SegmentDescriptor::paragraphs(virtual_8086_cpl);
    } else if (!segment.usable) {
        segment.descriptor = SegmentDescriptor::paragraphs(0);
    }
    segment.usable = true;
    cpu.set_segment(which, segment, selector * paragraph_bytes);
}

}  // namespace

void load_real_segment(Cpu& cpu, SegmentRegister which, u16 selector) {
    load(cpu, which, selector);
}

void load_real_code_segment(Cpu& cpu, u16 selector) {
    load(cpu, SegmentRegister::Cs, selector);
}

bool enter_real_code(Cpu& cpu, u16 selector, u64 offset) {
    const u32 limit = cpu.virtual_8086() ? real_limit : cpu.segment(SegmentRegister::Cs).limit;
    if (offset > limit) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    load_real_code_segment(cpu, selector);
    cpu.rip = offset;
    return true;
}

void enter_virtual_8086(Cpu& cpu, u64 rflags,
                        const std::array<u16, cpu::segment_register_count>& selectors) {
    cpu.set_rflags(rflags | Rflags::vm.mask);
    cpu.set_cpl(virtual_8086_cpl);
    for (unsigned i = 0; i < selectors.size(); ++i) {
        load(cpu, static_cast<SegmentRegister>(i), selectors[i]);
    }
}

}  // namespace ringfence::sim::isa::x86

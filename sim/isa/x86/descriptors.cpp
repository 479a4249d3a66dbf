// SPDX-License-Identifier: MIT
#include "sim/isa/x86/descriptors.h"

#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/real_segments.h"

namespace ringfence::sim::isa::x86 {

using cpu::ExceptionVector;
using cpu::Segment;
using cpu::SegmentRegister;

bool locate_descriptor(const Cpu& cpu, u16 selector, unsigned bytes, VirtualAddress& out) {
    const u64 offset = u64{Selector::index.get(selector)} * sizeof(u64);
    const bool local = Selector::local.test(selector);
    const u64 base = local ? cpu.ldtr.base : cpu.gdtr.base;
    const u64 limit = local ? cpu.ldtr.limit : cpu.gdtr.limit;
    if ((local && !cpu.ldtr.usable) || offset + bytes - 1 > limit) {
        return false;
    }
    out = VirtualAddress{base + offset};
    return true;
}

bool read_descriptor(Cpu& cpu, u16 selector, u64& out, ExceptionVector outside) {
    VirtualAddress address;
    if (!locate_descriptor(cpu, selector, sizeof(u64), address)) {
        return cpu.raise(outside, selector_error(selector));
    }
    return cpu.mmu.read_system(address, out) || system_fault(cpu);
}

bool mark_accessed(Cpu& cpu, u16 selector, u64& descriptor) {
    if (SegmentDescriptor::accessed.test(descriptor)) {
        return true;
    }
    VirtualAddress address;
    if (!locate_descriptor(cpu, selector, sizeof(u64), address)) {
        return cpu.raise(ExceptionVector::GeneralProtection, selector_error(selector));
    }
    descriptor |= SegmentDescriptor::accessed.mask;
    return cpu.mmu.write_system(address, descriptor) || system_fault(cpu);
}

Segment make_segment(u16 selector, u64 descriptor) {
    return Segment{.selector = selector,
                   .usable = true,
                   .limit = SegmentDescriptor::limit(descriptor),
                   .descriptor = descriptor};
}

Segment null_segment(u16 selector) {
    return Segment{.selector = selector};
}

namespace {

unsigned dpl_of(u64 descriptor) {
    return static_cast<unsigned>(SegmentDescriptor::dpl.get(descriptor));
}

bool load_stack_segment(Cpu& cpu, u16 selector) {
    const unsigned rpl = Selector::rpl.get(selector);
    if (Selector::is_null(selector)) {
        // 64-bit mode below CPL 3 may run without a stack segment.
        if (!cpu.code64() || cpu.cpl() == 3 || rpl != cpu.cpl()) {
            return cpu.raise(ExceptionVector::GeneralProtection);
        }
        cpu.set_segment(SegmentRegister::Ss, null_segment(selector), 0);
        return true;
    }
    u64 descriptor;
    if (!read_descriptor(cpu, selector, descriptor)) {
        return false;
    }
    if (rpl != cpu.cpl() || !is_writable_data(descriptor) || dpl_of(descriptor) != cpu.cpl()) {
        return cpu.raise(ExceptionVector::GeneralProtection, selector_error(selector));
    }
    if (!SegmentDescriptor::present.test(descriptor)) {
        return cpu.raise(ExceptionVector::StackFault, selector_error(selector));
    }
    if (!mark_accessed(cpu, selector, descriptor)) {
        return false;
    }
    cpu.set_segment(SegmentRegister::Ss, make_segment(selector, descriptor),
                    SegmentDescriptor::base(descriptor));
    return true;
}

}  // namespace

bool may_use_data(const Cpu& cpu, u16 selector, u64 descriptor) {
    const bool conforming =
        SegmentDescriptor::code.test(descriptor) && SegmentDescriptor::conforming.test(descriptor);
    const unsigned dpl = dpl_of(descriptor);
    return conforming || (Selector::rpl.get(selector) <= dpl && cpu.cpl() <= dpl);
}

bool load_data_segment(Cpu& cpu, SegmentRegister which, u16 selector) {
    if (cpu.uses_paragraphs()) {
        load_real_segment(cpu, which, selector);
        return true;
    }
    if (which == SegmentRegister::Ss) {
        return load_stack_segment(cpu, selector);
    }
    if (Selector::is_null(selector)) {
        // Intel clears the base of FS and GS; so do AMD CPUs since Zen 2.
        cpu.set_segment(which, null_segment(selector), 0);
        return true;
    }
    u64 descriptor;
    if (!read_descriptor(cpu, selector, descriptor)) {
        return false;
    }
    if (!is_readable(descriptor) || !may_use_data(cpu, selector, descriptor)) {
        return cpu.raise(ExceptionVector::GeneralProtection, selector_error(selector));
    }
    if (!SegmentDescriptor::present.test(descriptor)) {
        return cpu.raise(ExceptionVector::SegmentNotPresent, selector_error(selector));
    }
    if (!mark_accessed(cpu, selector, descriptor)) {
        return false;
    }
    cpu.set_segment(which, make_segment(selector, descriptor), SegmentDescriptor::base(descriptor));
    return true;
}

void drop_inner_data_segments(Cpu& cpu) {
    constexpr SegmentRegister data_segments[] = {SegmentRegister::Es, SegmentRegister::Ds,
                                                 SegmentRegister::Fs, SegmentRegister::Gs};
    for (const SegmentRegister which : data_segments) {
        const Segment& segment = cpu.segment(which);
        const bool conforming = SegmentDescriptor::code.test(segment.descriptor) &&
                                SegmentDescriptor::conforming.test(segment.descriptor);
        const bool too_private =
            segment.usable && !conforming && dpl_of(segment.descriptor) < cpu.cpl();
        // A null selector loses its RPL, too.
        if (too_private || Selector::is_null(segment.selector)) {
            // The base stays: 64-bit software relies on it only for FS and GS, which it reloads.
            cpu.set_segment(which, null_segment(0), cpu.gpr.base(which));
        }
    }
}

bool is_canonical(const Cpu& cpu, u64 address) {
    const unsigned width = arch::x86::Cr4::la57.test(cpu.cr4()) ? 57 : 48;
    return sign_extend(address, width) == address;
}

}  // namespace ringfence::sim::isa::x86

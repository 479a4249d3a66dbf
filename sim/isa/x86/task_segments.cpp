// SPDX-License-Identifier: MIT
#include "sim/isa/x86/task_segments.h"

#include "sim/isa/x86/descriptors.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/real_segments.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Rflags;
using arch::x86::SystemSegmentType;
using cpu::ExceptionVector;
using cpu::SegmentRegister;

u16 selector_of(const TaskState& state, SegmentRegister which) {
    return state.segments[static_cast<u8>(which)];
}

/// A selector of the new task, and EXT: what its errors name.
struct Named {
    u16 selector;
    u32 external;

    [[nodiscard]] u32 error() const { return selector_error(selector) | external; }
};

bool invalid(Cpu& cpu, const Named& named) {
    return cpu.raise(ExceptionVector::InvalidTss, named.error());
}

bool read_named(Cpu& cpu, const Named& named, u64& out) {
    VirtualAddress address;
    if (Selector::is_null(named.selector) ||
        !locate_descriptor(cpu, named.selector, sizeof(u64), address)) {
        return invalid(cpu, named);
    }
    return cpu.mmu.read_system(address, out) || system_fault(cpu);
}

bool check_present(Cpu& cpu, const Named& named, u64 descriptor, ExceptionVector otherwise) {
    return SegmentDescriptor::present.test(descriptor) || cpu.raise(otherwise, named.error());
}

bool load(Cpu& cpu, SegmentRegister which, const Named& named, u64 descriptor) {
    if (!mark_accessed(cpu, named.selector, descriptor)) {
        return false;
    }
    cpu.set_segment(which, make_segment(named.selector, descriptor),
                    SegmentDescriptor::base(descriptor));
    return true;
}

bool load_ldt(Cpu& cpu, const Named& named) {
    if (Selector::is_null(named.selector)) {
        return true;
    }
    u64 descriptor;
    if (Selector::local.test(named.selector)) {
        return invalid(cpu, named);
    }
    if (!read_named(cpu, named, descriptor)) {
        return false;
    }
    const auto type = static_cast<SystemSegmentType>(SegmentDescriptor::type.get(descriptor));
    if (SegmentDescriptor::code_or_data.test(descriptor) || type != SystemSegmentType::Ldt ||
        !SegmentDescriptor::present.test(descriptor)) {
        return invalid(cpu, named);
    }
    static_cast<cpu::Segment&>(cpu.ldtr) = make_segment(named.selector, descriptor);
    cpu.ldtr.base = SegmentDescriptor::base(descriptor);
    return true;
}

bool load_code(Cpu& cpu, const Named& named) {
    u64 descriptor;
    if (!read_named(cpu, named, descriptor)) {
        return false;
    }
    const u64 dpl = SegmentDescriptor::dpl.get(descriptor);
    const bool fits =
        SegmentDescriptor::conforming.test(descriptor) ? dpl <= cpu.cpl() : dpl == cpu.cpl();
    if (!is_code(descriptor) || !fits) {
        return invalid(cpu, named);
    }
    return check_present(cpu, named, descriptor, ExceptionVector::SegmentNotPresent) &&
           load(cpu, SegmentRegister::Cs, named, descriptor);
}

bool load_stack(Cpu& cpu, const Named& named) {
    u64 descriptor;
    if (!read_named(cpu, named, descriptor)) {
        return false;
    }
    if (!is_writable_data(descriptor) || SegmentDescriptor::dpl.get(descriptor) != cpu.cpl() ||
        Selector::rpl.get(named.selector) != cpu.cpl()) {
        return invalid(cpu, named);
    }
    return check_present(cpu, named, descriptor, ExceptionVector::StackFault) &&
           load(cpu, SegmentRegister::Ss, named, descriptor);
}

bool load_data(Cpu& cpu, SegmentRegister which, const Named& named) {
    if (Selector::is_null(named.selector)) {
        return true;
    }
    u64 descriptor;
    if (!read_named(cpu, named, descriptor)) {
        return false;
    }
    if (!is_readable(descriptor) || !may_use_data(cpu, named.selector, descriptor)) {
        return invalid(cpu, named);
    }
    return check_present(cpu, named, descriptor, ExceptionVector::SegmentNotPresent) &&
           load(cpu, which, named, descriptor);
}

}  // namespace

void load_task_selectors(Cpu& cpu, const TaskState& state) {
    cpu.ldtr = {};
    cpu.ldtr.selector = state.ldt;
    if (Rflags::vm.test(state.eflags)) {
        enter_virtual_8086(cpu, state.eflags, state.segments);
        return;
    }
    for (unsigned i = 0; i < cpu::segment_register_count; ++i) {
        cpu.set_segment(static_cast<SegmentRegister>(i), null_segment(state.segments[i]), 0);
    }
    cpu.set_cpl(Selector::rpl.get(selector_of(state, SegmentRegister::Cs)));
}

bool load_task_descriptors(Cpu& cpu, const TaskState& state, u32 external) {
    const auto named = [&](SegmentRegister which) {
        return Named{selector_of(state, which), external};
    };
    if (!load_ldt(cpu, {state.ldt, external})) {
        return false;
    }
    if (cpu.virtual_8086()) {
        return true;  // its segments need no descriptors
    }
    if (!load_code(cpu, named(SegmentRegister::Cs)) ||
        !load_stack(cpu, named(SegmentRegister::Ss))) {
        return false;
    }
    constexpr SegmentRegister data[] = {SegmentRegister::Ds, SegmentRegister::Es,
                                        SegmentRegister::Fs, SegmentRegister::Gs};
    for (const SegmentRegister which : data) {
        if (!load_data(cpu, which, named(which))) {
            return false;
        }
    }
    return true;
}

}  // namespace ringfence::sim::isa::x86

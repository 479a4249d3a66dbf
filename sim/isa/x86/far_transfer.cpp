// SPDX-License-Identifier: MIT
#include "sim/isa/x86/far_transfer.h"

#include "sim/isa/x86/operands.h"

namespace ringfence::sim::isa::x86 {

using cpu::ExceptionVector;
using cpu::SegmentRegister;

namespace {

/// In long mode L and D together are reserved. [intel/vol3]: 5.2.1
bool is_valid_code(const Cpu& cpu, u64 descriptor) {
    const bool both_sizes = SegmentDescriptor::long_mode.test(descriptor) &&
                            SegmentDescriptor::default_big.test(descriptor);
    return is_code(descriptor) && !(cpu.long_mode_active() && both_sizes);
}

bool general_protection(Cpu& cpu, u16 selector) {
    return cpu.raise(ExceptionVector::GeneralProtection, selector_error(selector));
}

bool check_present(Cpu& cpu, u16 selector, u64 descriptor, ExceptionVector otherwise) {
    return SegmentDescriptor::present.test(descriptor) ||
           cpu.raise(otherwise, selector_error(selector));
}

}  // namespace

bool is_code64(const Cpu& cpu, u64 descriptor) {
    return cpu.long_mode_active() && SegmentDescriptor::long_mode.test(descriptor);
}

bool check_target_offset(Cpu& cpu, const CodeTarget& target) {
    const bool inside = is_code64(cpu, target.descriptor)
                            ? is_canonical(cpu, target.rip)
                            : target.rip <= SegmentDescriptor::limit(target.descriptor);
    return inside || cpu.raise(ExceptionVector::GeneralProtection);
}

bool find_return_code(Cpu& cpu, u16 selector, u64 rip, CodeTarget& out) {
    if (Selector::is_null(selector)) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    out = CodeTarget{.selector = selector, .rip = rip};
    if (!read_descriptor(cpu, selector, out.descriptor)) {
        return false;
    }
    const unsigned rpl = Selector::rpl.get(selector);
    const bool wrong_privilege = out.conforming() ? out.dpl() > rpl : out.dpl() != rpl;
    if (!is_valid_code(cpu, out.descriptor) || rpl < cpu.cpl() || wrong_privilege) {
        return general_protection(cpu, selector);
    }
    return check_present(cpu, selector, out.descriptor, ExceptionVector::SegmentNotPresent) &&
           check_target_offset(cpu, out) && mark_accessed(cpu, selector, out.descriptor);
}

bool find_return_stack(Cpu& cpu, u16 selector, const CodeTarget& code, unsigned cpl,
                       StackTarget& out) {
    constexpr unsigned user_cpl = 3;
    out = StackTarget{.selector = selector};
    if (Selector::is_null(selector)) {
        const bool allowed = is_code64(cpu, code.descriptor) && cpl != user_cpl &&
                             Selector::rpl.get(selector) == cpl;
        return allowed || cpu.raise(ExceptionVector::GeneralProtection);
    }
    if (!read_descriptor(cpu, selector, out.descriptor)) {
        return false;
    }
    if (Selector::rpl.get(selector) != cpl || !is_writable_data(out.descriptor) ||
        SegmentDescriptor::dpl.get(out.descriptor) != cpl) {
        return general_protection(cpu, selector);
    }
    return check_present(cpu, selector, out.descriptor, ExceptionVector::StackFault) &&
           mark_accessed(cpu, selector, out.descriptor);
}

bool find_direct_code(Cpu& cpu, u16 selector, u64 descriptor, u64 rip, CodeTarget& out) {
    out = CodeTarget{.selector = selector, .descriptor = descriptor, .rip = rip};
    const bool wrong_privilege =
        out.conforming() ? out.dpl() > cpu.cpl()
                         : Selector::rpl.get(selector) > cpu.cpl() || out.dpl() != cpu.cpl();
    if (!is_valid_code(cpu, descriptor) || wrong_privilege) {
        return general_protection(cpu, selector);
    }
    return check_present(cpu, selector, descriptor, ExceptionVector::SegmentNotPresent) &&
           check_target_offset(cpu, out) && mark_accessed(cpu, selector, out.descriptor);
}

void enter_code(Cpu& cpu, const CodeTarget& target, unsigned cpl) {
    const u16 selector = Selector::rpl.set(target.selector, static_cast<u16>(cpl));
    cpu.set_segment(SegmentRegister::Cs, make_segment(selector, target.descriptor),
                    SegmentDescriptor::base(target.descriptor));
    if (cpl != cpu.cpl()) {
        cpu.set_cpl(cpl);
    }
    cpu.rip = target.rip;
}

void load_stack(Cpu& cpu, const StackTarget& target) {
    if (Selector::is_null(target.selector)) {
        cpu.set_segment(SegmentRegister::Ss, null_segment(target.selector), 0);
        return;
    }
    cpu.set_segment(SegmentRegister::Ss, make_segment(target.selector, target.descriptor),
                    SegmentDescriptor::base(target.descriptor));
}

}  // namespace ringfence::sim::isa::x86

// SPDX-License-Identifier: MIT
// Keeps the parts of the processor's state consistent that depend on each other.
#include "sim/cpu/cpu.h"

namespace ringfence::sim::cpu {

using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;

Cpu::Cpu(const Wiring& wiring)
    : retired(wiring.recorder.counters.instructions.data()),
      mmu(wiring.memory, wiring.recorder, wiring.paging),
      ports(wiring.ports),
      pins(wiring.pins),
      interrupts(wiring.interrupts),
      clock(wiring.clock),
      recorder(wiring.recorder),
      model(wiring.model),
      places(wiring.places) {
    reset();
}

u64 Cpu::rflags() const {
    return other_flags_ | flags.to_rflags() | Rflags::df.make(direction < 0 ? 1 : 0);
}

void Cpu::set_rflags(u64 value) {
    flags.load(value);
    direction = Rflags::df.test(value) ? -1 : 1;
    const u64 changed = other_flags_ ^ value;
    other_flags_ =
        (value & Rflags::defined & ~(Rflags::status | Rflags::df.mask)) | Rflags::fixed_one.mask;
    mmu.set_privilege(cpl_, Rflags::ac.test(other_flags_));
    if (Rflags::ac.test(changed)) {
        update_mode();
    }
}

void Cpu::set_cpl(unsigned cpl) {
    cpl_ = cpl;
    mmu.set_privilege(cpl_, Rflags::ac.test(other_flags_));
    update_mode();
}

void Cpu::set_segment(SegmentRegister which, const Segment& value, u64 base) {
    segments_[static_cast<u8>(which)] = value;
    gpr.set_base(which, base);
    update_mode();
}

bool Cpu::accept(const Result<void, mmu::Fault>& outcome) {
    if (!outcome.ok()) {
        const mmu::Fault& fault = outcome.error();
        pending = PendingException{.vector = fault.vector, .error_code = fault.error_code};
        return false;
    }
    update_mode();
    return true;
}

bool Cpu::set_cr0(u64 value) {
    return accept(mmu.write_cr0(value));
}

bool Cpu::set_cr3(u64 value) {
    return accept(mmu.write_cr3(value));
}

bool Cpu::set_cr4(u64 value) {
    return accept(mmu.write_cr4(value));
}

void Cpu::set_efer(u64 value) {
    mmu.write_efer(value);
    update_mode();
}

void Cpu::update_mode() {
    const u64 code = segment(SegmentRegister::Cs).descriptor;
    const bool in_code64 = long_mode_active() && SegmentDescriptor::long_mode.test(code);
    const bool big_stack =
        SegmentDescriptor::default_big.test(segment(SegmentRegister::Ss).descriptor);
    const auto flag = [](auto field, bool on) { return field.make(on ? 1U : 0U); };
    mode_ = flag(ExecutionMode::code64, in_code64) |
            flag(ExecutionMode::code32, !in_code64 && SegmentDescriptor::default_big.test(code)) |
            flag(ExecutionMode::user, cpl_ == 3) |
            flag(ExecutionMode::stack32, !in_code64 && big_stack) |
            flag(ExecutionMode::no_x87, Cr0::em.test(cr0())) |
            flag(ExecutionMode::task_switched, Cr0::ts.test(cr0())) |
            flag(ExecutionMode::no_sse, !Cr4::osfxsr.test(cr4())) |
            flag(ExecutionMode::monitor, Cr0::mp.test(cr0())) |
            flag(ExecutionMode::protected_mode, protected_mode()) |
            flag(ExecutionMode::alignment_check,
                 cpl_ == 3 && Cr0::am.test(cr0()) && Rflags::ac.test(other_flags_));
}

void Cpu::reset() {
    for (unsigned i = 0; i < segment_register_count; ++i) {
        segments_[i] = Segment{.usable = true, .limit = 0xffff};
    }
    set_rflags(0);
    set_cpl(0);
}

}  // namespace ringfence::sim::cpu

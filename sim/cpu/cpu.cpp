// SPDX-License-Identifier: MIT
// Keeps the parts of the processor's state consistent that depend on each other.
#include "sim/cpu/cpu.h"

namespace ringfence::sim::cpu {

using arch::x86::BreakpointCondition;
using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Dr7;
using arch::x86::Efer;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;

namespace {
/// In Cpu::code_context().
using CodeBase = Bitfield<32, 32>;
}  // namespace

Cpu::Cpu(const Wiring& wiring)
    : retired(wiring.recorder.counters.instructions.data()),
      mmu(wiring.memory, wiring.recorder, wiring.paging, wiring.transactions),
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
    if (Rflags::ac.test(changed) || Rflags::vm.test(changed)) {
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
    const bool done = accept(mmu.write_cr4(value));
    update_breakpoints();  // CR4.DE decides what those on ports mean
    return done;
}

void Cpu::set_efer(u64 value) {
    mmu.write_efer(value);
    update_mode();
}

void Cpu::set_xcr0(u64 value) {
    msr.xcr0 = value;
    update_mode();
}

void Cpu::update_mode() {
    constexpr u64 avx_state = arch::x86::Xcr0::sse.mask | arch::x86::Xcr0::avx.mask;
    const Segment& cs = segment(SegmentRegister::Cs);
    const u64 code = cs.descriptor;
    const bool in_code64 = long_mode_active() && SegmentDescriptor::long_mode.test(code);
    const u64 code_base = in_code64 ? 0 : static_cast<u32>(gpr.base(SegmentRegister::Cs));
    const bool segmented = !in_code64 && (code_base != 0 || cs.limit != low_mask<u32>(32));
    const bool big_stack =
        SegmentDescriptor::default_big.test(segment(SegmentRegister::Ss).descriptor);
    const auto flag = [](auto field, bool on) { return field.make(on ? 1U : 0U); };
    const u32 mode =
        flag(ExecutionMode::code64, in_code64) |
        flag(ExecutionMode::code32, !in_code64 && SegmentDescriptor::default_big.test(code)) |
        flag(ExecutionMode::user, cpl_ == 3) |
        flag(ExecutionMode::stack32, !in_code64 && big_stack) |
        flag(ExecutionMode::no_x87, Cr0::em.test(cr0())) |
        flag(ExecutionMode::task_switched, Cr0::ts.test(cr0())) |
        flag(ExecutionMode::no_sse, !Cr4::osfxsr.test(cr4())) |
        flag(ExecutionMode::monitor, Cr0::mp.test(cr0())) |
        flag(ExecutionMode::protected_mode, protected_mode()) |
        flag(ExecutionMode::alignment_check,
             cpl_ == 3 && Cr0::am.test(cr0()) && Rflags::ac.test(other_flags_)) |
        flag(ExecutionMode::transactional, transaction_.active()) |
        flag(ExecutionMode::segmented_code, segmented) |
        flag(ExecutionMode::breakpoints, executes_to_breakpoint_) |
        flag(ExecutionMode::paragraphs, uses_paragraphs()) |
        flag(ExecutionMode::no_avx,
             !Cr4::osxsave.test(cr4()) || (msr.xcr0 & avx_state) != avx_state);
    code_context_ = mode | CodeBase::make(code_base);
}

void Cpu::set_dr7(u64 value) {
    dr7_ = value;
    update_breakpoints();
}

void Cpu::set_breakpoint_address(unsigned number, u64 address) {
    breakpoint_addresses_[number] = address;
    update_breakpoints();
}

void Cpu::update_breakpoints() {
    mmu::WatchedRanges ranges{};
    bool watches_data = false;
    bool watches_ports = false;
    executes_to_breakpoint_ = false;
    for (unsigned i = 0; i < arch::x86::breakpoint_count; ++i) {
        if (!Dr7::enabled(dr7_, i)) {
            continue;
        }
        const u64 bytes = Dr7::length(dr7_, i);
        const BreakpointCondition condition = Dr7::condition(dr7_, i);
        if (condition == BreakpointCondition::Execution) {
            executes_to_breakpoint_ = true;
        } else if (condition == BreakpointCondition::Port) {
            watches_ports = Cr4::de.test(cr4());
        } else {
            watches_data = true;
            ranges[i] = {.first = align_down(breakpoint_addresses_[i], bytes),
                         .bytes = bytes,
                         .reads = condition == BreakpointCondition::Access};
        }
    }
    if (watches_data || watches_data_) {
        mmu.watch(ranges);
    }
    watches_data_ = watches_data;
    watches_ports_ = watches_ports;
    update_mode();
}

u64 Cpu::breakpoints_at(u64 address) const {
    u64 met = 0;
    for (unsigned i = 0; i < arch::x86::breakpoint_count; ++i) {
        const bool on =
            Dr7::enabled(dr7_, i) && Dr7::condition(dr7_, i) == BreakpointCondition::Execution;
        met |= on && breakpoint_addresses_[i] == address ? bit(i) : 0;
    }
    return met;
}

u64 Cpu::breakpoints_on_port(u16 port, unsigned bytes) const {
    if (!watches_ports_) {
        return 0;
    }
    u64 met = 0;
    for (unsigned i = 0; i < arch::x86::breakpoint_count; ++i) {
        const u64 length = Dr7::length(dr7_, i);
        const u64 first = align_down(breakpoint_addresses_[i], length);
        const bool on =
            Dr7::enabled(dr7_, i) && Dr7::condition(dr7_, i) == BreakpointCondition::Port;
        met |= on && port < first + length && first < u64{port} + bytes ? bit(i) : 0;
    }
    return met;
}

void Cpu::begin_transaction(u64 fallback) {
    transaction_.depth = 1;
    transaction_.fallback = fallback;
    transaction_.requested_status = 0;
    transaction_.checkpoint = {.gpr = gpr, .flags = flags, .fpu = fpu, .direction = direction};
    mmu.begin_transaction();
    update_mode();
}

void Cpu::commit_transaction() {
    transaction_.depth = 0;
    mmu.commit_transaction();
    update_mode();
}

void Cpu::roll_back_transaction(u32 status) {
    transaction_.depth = 0;
    mmu.undo_transaction();
    gpr = transaction_.checkpoint.gpr;
    flags = transaction_.checkpoint.flags;
    fpu = transaction_.checkpoint.fpu;
    direction = transaction_.checkpoint.direction;
    gpr.set<u32>(slot_of(Gpr::Rax), status);
    rip = transaction_.fallback;
    interrupt_shadow = false;
    debug_shadow = false;
    update_mode();
}

void Cpu::reset() {
    for (unsigned i = 0; i < segment_register_count; ++i) {
        constexpr u64 descriptor = SegmentDescriptor::paragraphs(0);
        segments_[i] = Segment{.usable = true,
                               .limit = SegmentDescriptor::limit(descriptor),
                               .descriptor = descriptor};
    }
    set_rflags(0);
    set_cpl(0);
}

}  // namespace ringfence::sim::cpu

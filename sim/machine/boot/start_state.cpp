// SPDX-License-Identifier: MIT
#include "sim/machine/boot/start_state.h"

#include "arch/x86/segment_descriptor.h"
#include "sim/memory/physical_memory.h"

namespace ringfence::sim::machine::boot {

using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::SegmentDescriptor;
using cpu::SegmentRegister;

namespace {

/// [intel/vol3]: 10.1.1, table 10-1
constexpr u16 reset_table_limit = 0xffff;
constexpr u32 smallest_tss_limit = 0x67;

cpu::Segment segment_of(u64 descriptor, u16 selector) {
    return {.selector = selector,
            .usable = true,
            .limit = SegmentDescriptor::limit(descriptor),
            .descriptor = descriptor};
}

void load_segments(cpu::Cpu& cpu, const StartState& state) {
    const bool is_long = state.mode == StartState::Mode::Long64;
    const u64 code =
        is_long ? SegmentDescriptor::flat_code64(0) : SegmentDescriptor::flat_code32(0);
    cpu.set_segment(SegmentRegister::Cs, segment_of(code, state.code_selector), 0);
    for (const auto which : {SegmentRegister::Ds, SegmentRegister::Es, SegmentRegister::Ss,
                             SegmentRegister::Fs, SegmentRegister::Gs}) {
        cpu.set_segment(which, segment_of(SegmentDescriptor::flat_data(0), state.data_selector), 0);
    }
    static_cast<cpu::Segment&>(cpu.task) =
        segment_of(SegmentDescriptor::tss_low(0, smallest_tss_limit), 0);
}

void enter_long_mode(cpu::Cpu& cpu, PhysicalAddress root) {
    bool accepted = cpu.set_cr4(Cr4::pae.mask);
    cpu.set_efer(Efer::lme.mask);
    accepted = accepted && cpu.set_cr3(root.value());
    accepted = accepted && cpu.set_cr0(Cr0::pe.mask | Cr0::et.mask | Cr0::pg.mask);
    RF_ASSERT(accepted);  // nothing of it is forbidden to a processor that was just made
}

}  // namespace

void start(cpu::Cpu& cpu, const StartState& state) {
    if (state.mode == StartState::Mode::Long64) {
        enter_long_mode(cpu, state.root);
    } else {
        const bool accepted = cpu.set_cr0(Cr0::pe.mask | Cr0::et.mask);
        RF_ASSERT(accepted);  // without paging there is nothing to refuse
    }
    load_segments(cpu, state);
    if (cpu.model.memory_type_ranges() != 0) {
        cpu.msr.memory_types.set_up(PhysicalAddress{memory::RamLayout::device_hole_start},
                                    {.ranges = cpu.model.memory_type_ranges(),
                                     .physical_address_bits = cpu.model.physical_address_bits()});
    }
    const bool has_table = state.descriptor_table_bytes != 0;
    cpu.gdtr = {.base = state.descriptor_table.value(),
                .limit = has_table ? static_cast<u16>(state.descriptor_table_bytes - 1)
                                   : reset_table_limit};
    cpu.idtr = {.base = 0, .limit = reset_table_limit};
    for (const StartState::RegisterValue& value : state.registers) {
        cpu.gpr[value.which] = value.value;
    }
    cpu.rip = state.entry.value();
}

}  // namespace ringfence::sim::machine::boot

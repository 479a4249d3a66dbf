// SPDX-License-Identifier: MIT
// How a small machine's processor gets into each mode, and what software can tell of it.
#include <algorithm>
#include <array>

#include "arch/x86/segment_descriptor.h"
#include "sim/state/field_list.h"
#include "sim/state/hash.h"
#include "sim/state/writer.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/memory_image.h"
#include "tests/fuzz/small_machine.h"

namespace ringfence::fuzz {
namespace {

using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using sim::cpu::Cpu;
using sim::cpu::Gpr;
using sim::cpu::Segment;
using sim::cpu::SegmentRegister;
using Mode = SmallMachine::Mode;

constexpr u64 always = Cr0::et.mask | Cr0::ne.mask;
constexpr u64 protection = always | Cr0::pe.mask;
constexpr u64 paging = protection | Cr0::pg.mask | Cr0::wp.mask | Cr0::mp.mask | Cr0::am.mask;
constexpr u64 vectors = Cr4::osfxsr.mask | Cr4::osxmmexcpt.mask | Cr4::de.mask;
constexpr u16 real_segment = layout::code / 16;
constexpr u16 paragraph_stack = 0x8000;
constexpr u16 wide_idt_limit = 0xfff;
constexpr u16 narrow_idt_limit = 0x7ff;
constexpr u16 vector_table_limit = 0x3ff;

bool is_long(Mode mode) {
    return mode == Mode::Long64 || mode == Mode::Compatibility;
}
bool has_paragraphs(Mode mode) {
    return mode == Mode::Real || mode == Mode::Virtual8086;
}

void set_control_registers(Cpu& cpu, Mode mode) {
    bool ok = true;
    switch (mode) {
        case Mode::Real:
            ok = cpu.set_cr4(vectors) && cpu.set_cr0(always);
            break;
        case Mode::Protected16:
        case Mode::Protected32:
            ok = cpu.set_cr4(vectors) && cpu.set_cr0(protection);
            break;
        case Mode::TwoLevel:
        case Mode::Virtual8086:
            ok = cpu.set_cr3(layout::two_level_directory) &&
                 cpu.set_cr4(vectors | Cr4::pse.mask | Cr4::pge.mask) && cpu.set_cr0(paging);
            break;
        case Mode::Pae:
            cpu.set_efer(Efer::nxe.mask);
            ok = cpu.set_cr3(layout::pae_pdpt) &&
                 cpu.set_cr4(vectors | Cr4::pae.mask | Cr4::pge.mask) && cpu.set_cr0(paging);
            break;
        case Mode::Long64:
        case Mode::Compatibility:
            cpu.set_efer(Efer::lme.mask | Efer::nxe.mask | Efer::sce.mask);
            ok = cpu.set_cr3(layout::pml4) &&
                 cpu.set_cr4(vectors | Cr4::pae.mask | Cr4::pge.mask | Cr4::osxsave.mask) &&
                 cpu.set_cr0(paging);
            break;
    }
    require(ok, "a start state that is refused");
}

void load_paragraphs(Cpu& cpu, unsigned cpl) {
    constexpr u32 limit = 0xffff;
    for (unsigned i = 0; i < sim::cpu::segment_register_count; ++i) {
        const Segment segment{.selector = real_segment,
                              .usable = true,
                              .limit = limit,
                              .descriptor = SegmentDescriptor::paragraphs(cpl)};
        cpu.set_segment(static_cast<SegmentRegister>(i), segment, layout::code);
    }
}

struct Selectors {
    u16 code;
    u16 stack;
};

Selectors selectors_of(const SmallMachine::Start& start) {
    switch (start.mode) {
        case Mode::Long64:
            return start.user ? Selectors{selector::user_code64, selector::user_stack}
                              : Selectors{selector::code64, selector::stack};
        case Mode::Protected16:
            return start.user ? Selectors{selector::user_code16, selector::user_stack16}
                              : Selectors{selector::code16, selector::stack16};
        default:
            return start.user ? Selectors{selector::user_code32, selector::user_stack}
                              : Selectors{selector::code32, selector::stack};
    }
}

}  // namespace

void SmallMachine::enter(const Start& start) {
    const Mode mode = start.mode;
    const bool user = mode == Mode::Virtual8086 || (start.user && mode != Mode::Real);
    const unsigned cpl = user ? 3 : 0;
    const auto loaded = [this](u16 selector) {
        const u64 descriptor =
            memory_.read<u64>(PhysicalAddress{layout::gdt + align_down(selector, sizeof(u64))});
        return Segment{.selector = selector,
                       .usable = true,
                       .limit = SegmentDescriptor::limit(descriptor),
                       .descriptor = descriptor};
    };
    cpu.gdtr = {.base = layout::gdt, .limit = layout::gdt_bytes - 1};
    if (mode == Mode::Real) {
        cpu.idtr = {.base = 0, .limit = vector_table_limit};
    } else if (is_long(mode)) {
        cpu.idtr = {.base = layout::long_idt, .limit = wide_idt_limit};
    } else {
        cpu.idtr = {.base = layout::legacy_idt, .limit = narrow_idt_limit};
    }
    static_cast<Segment&>(cpu.task) =
        loaded(is_long(mode) ? selector::long_tss : selector::legacy_tss);
    cpu.task.base = is_long(mode) ? layout::long_tss : layout::legacy_tss;
    static_cast<Segment&>(cpu.ldtr) = loaded(selector::ldt);
    cpu.ldtr.base = layout::ldt;
    set_control_registers(cpu, mode);
    if (mode == Mode::Virtual8086) {
        cpu.set_rflags(Rflags::fixed_one.mask | Rflags::vm.mask | Rflags::iopl.make(3));
    }
    if (has_paragraphs(mode)) {
        load_paragraphs(cpu, cpl);
    } else {
        const Selectors selectors = selectors_of(start);
        cpu.set_segment(SegmentRegister::Cs, loaded(selectors.code), 0);
        for (const auto which : {SegmentRegister::Ss, SegmentRegister::Ds, SegmentRegister::Es,
                                 SegmentRegister::Fs, SegmentRegister::Gs}) {
            cpu.set_segment(which, loaded(selectors.stack), 0);
        }
    }
    cpu.set_cpl(cpl);
    const u64 stack = user ? layout::user_stack : layout::kernel_stack;
    cpu.gpr[Gpr::Rsp] = has_paragraphs(mode) ? paragraph_stack : stack;
    cpu.rip = has_paragraphs(mode) ? 0 : layout::code;
}

u64 SmallMachine::architectural_digest() {
    sim::state::HashWriter writer;
    for (unsigned i = 0; i < sim::cpu::slot_count; ++i) {
        u64 value = cpu.gpr.get<u64>(static_cast<sim::cpu::Slot>(i * sizeof(u64)));
        if (i != sim::cpu::address_slot / sizeof(u64)) {  // used within an instruction
            writer.field("slot", value);
        }
    }
    std::array<u64, 12> values{cpu.rip,   cpu.rflags(),  cpu.cr0(),     cpu.cr2,
                               cpu.cr3(), cpu.cr4(),     cpu.efer(),    cpu.dr6,
                               cpu.dr7(), cpu.gdtr.base, cpu.idtr.base, cpu.cpl()};
    std::array<u64, 7> more{cpu.gdtr.limit, cpu.idtr.limit,  cpu.halted,   cpu.shutdown,
                            cpu.pkru(),     cpu.nmi_blocked, cpu.due_debug};
    writer.field("values", values);
    writer.field("more", more);
    for (unsigned i = 0; i < sim::cpu::segment_register_count; ++i) {
        Segment segment = cpu.segment(static_cast<SegmentRegister>(i));
        writer.part("segment", segment);
    }
    writer.part("ldtr", cpu.ldtr);
    writer.part("task", cpu.task);
    writer.part("msr", cpu.msr);
    writer.part("fpu", cpu.fpu);
    sim::state::Hash memory;
    memory.add({memory_.ram_base(), layout::end});
    u64 memory_hash = memory.value();
    writer.field("memory", memory_hash);
    return writer.value();
}

std::string SmallMachine::visible_difference(SmallMachine& first, SmallMachine& second) {
    constexpr std::string_view invisible[] = {"cycles", "mmu.data_tlb.", "mmu.code_tlb."};
    std::string found;
    sim::state::for_each_difference(
        sim::state::fields_of(first.cpu), sim::state::fields_of(second.cpu),
        [&](const sim::state::Difference& difference) {
            const bool shows = std::ranges::none_of(invisible, [&](std::string_view prefix) {
                return difference.path.starts_with(prefix);
            });
            found += shows ? difference.path + ": " + difference.first + " and " +
                                 difference.second + "; "
                           : "";
            return true;
        });
    for (u64 address = 0; address < layout::end; ++address) {
        const PhysicalAddress where{address};
        if (*first.memory_.host(where) != *second.memory_.host(where)) {
            return found + "memory at " + std::to_string(address);
        }
    }
    return found;
}

}  // namespace ringfence::fuzz

// SPDX-License-Identifier: MIT
// LGDT, LIDT, LLDT, LTR, LMSW and their counterparts. [intel/vol3]: 2.4, 2.8.1, 2.8.3
#include "sim/isa/x86/exec_descriptor_table.h"

#include "sim/isa/x86/descriptors.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/system_checks.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Cr0;
using arch::x86::SystemSegmentType;
using cpu::ExceptionVector;
using cpu::SystemSegment;
using cpu::TableRegister;

// GDTR and IDTR -----------------------------------------------------------------------------------

/// In memory: a 16-bit limit, then the base, of 8 bytes in 64-bit mode and 4 elsewhere. With a
/// 16-bit operand size LGDT and LIDT take 24 bits of it. [intel/vol2]: LGDT/LIDT
template <typename Base, unsigned base_bits, TableRegister Cpu::* table>
bool load_table(Cpu& cpu, const Op& op) {
    const VirtualAddress at = linear_address(cpu, op);
    TableRegister loaded;
    Base base;
    if (!require_cpl0(cpu)) {
        return false;
    }
    if (!cpu.mmu.read(at, loaded.limit) || !cpu.mmu.read(at + sizeof(loaded.limit), base)) {
        return memory_fault(cpu, op);
    }
    loaded.base = base & low_mask(base_bits);
    if (sizeof(Base) == sizeof(u64) && !is_canonical(cpu, loaded.base)) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    cpu.*table = loaded;
    return true;
}

template <typename Base, TableRegister Cpu::* table>
bool store_table(Cpu& cpu, const Op& op) {
    if (!require_descriptor_reads(cpu)) {
        return false;
    }
    const VirtualAddress at = linear_address(cpu, op);
    const TableRegister& stored = cpu.*table;
    const bool written = cpu.mmu.probe_write(at, sizeof(stored.limit) + sizeof(Base)) &&
                         cpu.mmu.write(at, stored.limit) &&
                         cpu.mmu.write(at + sizeof(stored.limit), static_cast<Base>(stored.base));
    return written || memory_fault(cpu, op);
}

template <TableRegister Cpu::* table>
bool bind_load_table(const Instruction& in, OpBuilder& out) {
    out.memory(in, 0);
    if (in.code64()) {
        return out.straight<load_table<u64, 64, table>>();
    }
    return in.info.operand_width == 16 ? out.straight<load_table<u32, 24, table>>()
                                       : out.straight<load_table<u32, 32, table>>();
}

template <TableRegister Cpu::* table>
bool bind_store_table(const Instruction& in, OpBuilder& out) {
    out.memory(in, 0);
    return in.code64() ? out.straight<store_table<u64, table>>()
                       : out.straight<store_table<u32, table>>();
}

// LDTR and TR -------------------------------------------------------------------------------------

/// A system descriptor takes 16 bytes in long mode, 8 elsewhere. [intel/vol3]: 8.2.3, figure 8-4
bool read_system_descriptor(Cpu& cpu, u16 selector, SystemSegment& out) {
    const unsigned bytes = cpu.long_mode_active() ? 2 * sizeof(u64) : sizeof(u64);
    VirtualAddress address;
    u64 high = 0;
    if (Selector::local.test(selector) || !locate_descriptor(cpu, selector, bytes, address)) {
        return cpu.raise(ExceptionVector::GeneralProtection, selector_error(selector));
    }
    if (!cpu.mmu.read_system(address, out.descriptor) ||
        (bytes > sizeof(u64) && !cpu.mmu.read_system(address + sizeof(u64), high))) {
        return system_fault(cpu);
    }
    static_cast<cpu::Segment&>(out) = make_segment(selector, out.descriptor);
    out.base = SegmentDescriptor::base(out.descriptor) | (high << 32);
    // The type field of the second half is part of the check. [intel/vol3]: 8.2.3
    if (SegmentDescriptor::type.test(high) || SegmentDescriptor::code_or_data.test(high)) {
        return cpu.raise(ExceptionVector::GeneralProtection, selector_error(selector));
    }
    return true;
}

bool check_system_type(Cpu& cpu, const SystemSegment& segment, bool type_fits) {
    if (SegmentDescriptor::code_or_data.test(segment.descriptor) || !type_fits) {
        return cpu.raise(ExceptionVector::GeneralProtection, selector_error(segment.selector));
    }
    if (!SegmentDescriptor::present.test(segment.descriptor)) {
        return cpu.raise(ExceptionVector::SegmentNotPresent, selector_error(segment.selector));
    }
    return !cpu.long_mode_active() || is_canonical(cpu, segment.base) ||
           cpu.raise(ExceptionVector::GeneralProtection);
}

SystemSegmentType type_of(const SystemSegment& segment) {
    return static_cast<SystemSegmentType>(SegmentDescriptor::type.get(segment.descriptor));
}

template <typename Source>
bool lldt(Cpu& cpu, const Op& op) {
    u16 selector;
    if (!require_protected_mode(cpu) || !require_cpl0(cpu) || !Source::read(cpu, op, selector)) {
        return false;
    }
    SystemSegment loaded;
    loaded.selector = selector;
    if (!Selector::is_null(selector) &&
        (!read_system_descriptor(cpu, selector, loaded) ||
         !check_system_type(cpu, loaded, type_of(loaded) == SystemSegmentType::Ldt))) {
        return false;
    }
    cpu.ldtr = loaded;
    return true;
}

/// Marks the descriptor busy, in memory and in the register.
bool mark_busy(Cpu& cpu, SystemSegment& task) {
    constexpr u64 busy = static_cast<u64>(SystemSegmentType::TssBusy) ^
                         static_cast<u64>(SystemSegmentType::TssAvailable);
    VirtualAddress address;
    if (!locate_descriptor(cpu, task.selector, sizeof(u64), address)) {
        return cpu.raise(ExceptionVector::GeneralProtection, selector_error(task.selector));
    }
    task.descriptor |= SegmentDescriptor::type.make(busy);
    return cpu.mmu.write_system(address, task.descriptor) || system_fault(cpu);
}

template <typename Source>
bool ltr(Cpu& cpu, const Op& op) {
    u16 selector;
    if (!require_protected_mode(cpu) || !require_cpl0(cpu) || !Source::read(cpu, op, selector)) {
        return false;
    }
    if (Selector::is_null(selector)) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    SystemSegment loaded;
    if (!read_system_descriptor(cpu, selector, loaded)) {
        return false;
    }
    const bool available =
        type_of(loaded) == SystemSegmentType::TssAvailable ||
        (type_of(loaded) == SystemSegmentType::Tss16Available && !cpu.long_mode_active());
    if (!check_system_type(cpu, loaded, available) || !mark_busy(cpu, loaded)) {
        return false;
    }
    cpu.task = loaded;
    return true;
}

/// SLDT and STR: a register is written in its full width, memory always in 16 bits.
template <SystemSegment Cpu::* which, typename Destination>
bool store_selector(Cpu& cpu, const Op& op) {
    return require_protected_mode(cpu) && require_descriptor_reads(cpu) &&
           Destination::write(cpu, op, (cpu.*which).selector);
}

template <template <typename> class Load>
bool bind_selector_source(const Instruction& in, OpBuilder& out) {
    if (in.is_memory(0)) {
        out.memory(in, in.operand(0), sizeof(u16));
        return out.straight<Load<Memory<u16>>::run>();
    }
    out.op.src = OpBuilder::slot(in, 0);
    return out.straight<Load<SrcRegister<u16>>::run>();
}

template <typename Source>
struct Lldt {
    static bool run(Cpu& cpu, const Op& op) { return lldt<Source>(cpu, op); }
};
template <typename Source>
struct Ltr {
    static bool run(Cpu& cpu, const Op& op) { return ltr<Source>(cpu, op); }
};

template <SystemSegment Cpu::* which>
bool bind_store_selector(const Instruction& in, OpBuilder& out) {
    if (in.is_memory(0)) {
        out.memory(in, in.operand(0), sizeof(u16));
        return out.straight<store_selector<which, Memory<u16>>>();
    }
    out.op.dst = OpBuilder::slot(in, 0);
    return in.size(0) == sizeof(u16)   ? out.straight<store_selector<which, DstRegister<u16>>>()
           : in.size(0) == sizeof(u32) ? out.straight<store_selector<which, DstRegister<u32>>>()
                                       : out.straight<store_selector<which, DstRegister<u64>>>();
}

// The machine status word -------------------------------------------------------------------------

template <typename Destination>
bool smsw(Cpu& cpu, const Op& op) {
    using Word = typename Destination::Word;
    return require_descriptor_reads(cpu) &&
           Destination::write(cpu, op, static_cast<Word>(cpu.cr0()));
}

/// LMSW can set PE but not clear it. [intel/vol2]: LMSW
template <typename Source>
bool lmsw(Cpu& cpu, const Op& op) {
    constexpr u64 replaced = Cr0::mp.mask | Cr0::em.mask | Cr0::ts.mask;
    u16 word;
    if (!require_cpl0(cpu) || !Source::read(cpu, op, word)) {
        return false;
    }
    return cpu.set_cr0((cpu.cr0() & ~replaced) | (word & (replaced | Cr0::pe.mask)));
}

}  // namespace

bool bind_lgdt(const Instruction& in, OpBuilder& out) {
    return bind_load_table<&Cpu::gdtr>(in, out);
}
bool bind_lidt(const Instruction& in, OpBuilder& out) {
    return bind_load_table<&Cpu::idtr>(in, out);
}
bool bind_sgdt(const Instruction& in, OpBuilder& out) {
    return bind_store_table<&Cpu::gdtr>(in, out);
}
bool bind_sidt(const Instruction& in, OpBuilder& out) {
    return bind_store_table<&Cpu::idtr>(in, out);
}
bool bind_lldt(const Instruction& in, OpBuilder& out) {
    return bind_selector_source<Lldt>(in, out);
}
bool bind_ltr(const Instruction& in, OpBuilder& out) {
    return bind_selector_source<Ltr>(in, out);
}
bool bind_sldt(const Instruction& in, OpBuilder& out) {
    return bind_store_selector<&Cpu::ldtr>(in, out);
}
bool bind_str(const Instruction& in, OpBuilder& out) {
    return bind_store_selector<&Cpu::task>(in, out);
}

bool bind_smsw(const Instruction& in, OpBuilder& out) {
    if (in.is_memory(0)) {
        out.memory(in, in.operand(0), sizeof(u16));
        return out.straight<smsw<Memory<u16>>>();
    }
    out.op.dst = OpBuilder::slot(in, 0);
    return in.size(0) == sizeof(u16)   ? out.straight<smsw<DstRegister<u16>>>()
           : in.size(0) == sizeof(u32) ? out.straight<smsw<DstRegister<u32>>>()
                                       : out.straight<smsw<DstRegister<u64>>>();
}

bool bind_lmsw(const Instruction& in, OpBuilder& out) {
    if (in.is_memory(0)) {
        out.memory(in, in.operand(0), sizeof(u16));
        return out.serialize<lmsw<Memory<u16>>>();
    }
    out.op.src = OpBuilder::slot(in, 0);
    return out.serialize<lmsw<SrcRegister<u16>>>();
}

}  // namespace ringfence::sim::isa::x86

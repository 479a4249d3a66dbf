// SPDX-License-Identifier: MIT
// Loads and stores of segment registers. [intel/vol2]: MOV, PUSH, POP, LDS/LES/LFS/LGS/LSS
//
// Of the op: `extra` is the segment register. Only SS and CS take part in the mode that blocks are
// bound to, so only loads of SS end their block.
#include "sim/isa/x86/binder.h"
#include "sim/isa/x86/descriptors.h"
#include "sim/isa/x86/exec_segment_query.h"
#include "sim/isa/x86/far_stack.h"
#include "sim/isa/x86/operands.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::SegmentRegister;

SegmentRegister segment_of(const Op& op) {
    return static_cast<SegmentRegister>(op.extra);
}

u16 selector_of(const Cpu& cpu, const Op& op) {
    return cpu.segment(segment_of(op)).selector;
}

/// No interrupt and no debug trap may come between a new SS and the new stack pointer.
/// [intel/vol3]: 6.8.3
void shadow_next_instruction(Cpu& cpu) {
    cpu.interrupt_shadow = true;
    cpu.debug_shadow = true;
}

// MOV ---------------------------------------------------------------------------------------------

template <typename Source>
bool mov_to_segment(Cpu& cpu, const Op& op) {
    u16 selector;
    return Source::read(cpu, op, selector) && load_data_segment(cpu, segment_of(op), selector);
}

template <typename Source>
bool mov_to_stack_segment(Cpu& cpu, const Op& op) {
    if (!mov_to_segment<Source>(cpu, op)) {
        return false;
    }
    shadow_next_instruction(cpu);
    return true;
}

/// A register is written in its full width, memory always in 16 bits.
template <typename Destination>
bool mov_from_segment(Cpu& cpu, const Op& op) {
    return Destination::write(cpu, op, selector_of(cpu, op));
}

template <typename Source>
bool bind_load(OpBuilder& out, SegmentRegister which) {
    return which == SegmentRegister::Ss ? out.serialize<mov_to_stack_segment<Source>>()
                                        : out.straight<mov_to_segment<Source>>();
}

bool bind_mov_to_segment(const Instruction& in, OpBuilder& out) {
    const auto which = static_cast<SegmentRegister>(out.op.extra);
    if (which == SegmentRegister::Cs) {
        return false;  // #UD: Zydis has no such form
    }
    if (in.is_memory(1)) {
        out.memory(in, in.operand(1), sizeof(u16));
        return bind_load<Memory<u16>>(out, which);
    }
    out.op.src = OpBuilder::slot(in, 1);
    return bind_load<SrcRegister<u16>>(out, which);
}

bool bind_mov_from_segment(const Instruction& in, OpBuilder& out) {
    if (in.is_memory(0)) {
        out.memory(in, in.operand(0), sizeof(u16));
        return out.straight<mov_from_segment<Memory<u16>>>();
    }
    out.op.dst = OpBuilder::slot(in, 0);
    switch (in.size(0)) {
        case sizeof(u16):
            return out.straight<mov_from_segment<DstRegister<u16>>>();
        case sizeof(u32):
            return out.straight<mov_from_segment<DstRegister<u32>>>();
        default:
            return out.straight<mov_from_segment<DstRegister<u64>>>();
    }
}

/// Whether operand `i` is a segment register; puts it into the op.
bool take_segment(const Instruction& in, unsigned i, OpBuilder& out) {
    if (!in.is_register(i)) {
        return false;
    }
    const ZydisRegister reg = in.operand(i).reg.value;
    if (reg < ZYDIS_REGISTER_ES || reg > ZYDIS_REGISTER_GS) {
        return false;
    }
    out.op.extra = static_cast<u8>(reg - ZYDIS_REGISTER_ES);
    return true;
}

bool bind_mov(const Instruction& in, OpBuilder& out) {
    if (take_segment(in, 0, out)) {
        return bind_mov_to_segment(in, out);
    }
    return take_segment(in, 1, out) && bind_mov_from_segment(in, out);
}

// POP; PUSH is with the other pushes -------------------------------------------------------------

/// The stack pointer moves by its own width, which a load of SS may change: so before it.
template <unsigned bytes>
bool pop_segment(Cpu& cpu, const Op& op) {
    StackReader stack{cpu};
    u64 word;
    if (!stack.pop(bytes, word)) {
        return false;
    }
    const u64 old_pointer = cpu.gpr[cpu::Gpr::Rsp];
    set_stack_pointer(cpu, old_pointer + stack.consumed());
    if (!load_data_segment(cpu, segment_of(op), static_cast<u16>(word))) {
        cpu.gpr[cpu::Gpr::Rsp] = old_pointer;
        return false;
    }
    return true;
}

template <unsigned bytes>
bool pop_stack_segment(Cpu& cpu, const Op& op) {
    if (!pop_segment<bytes>(cpu, op)) {
        return false;
    }
    shadow_next_instruction(cpu);
    return true;
}

template <unsigned bytes>
bool bind_pop_sized(OpBuilder& out) {
    return static_cast<SegmentRegister>(out.op.extra) == SegmentRegister::Ss
               ? out.serialize<pop_stack_segment<bytes>>()
               : out.straight<pop_segment<bytes>>();
}

bool bind_pop(const Instruction& in, OpBuilder& out) {
    if (!take_segment(in, 0, out)) {
        return false;
    }
    switch (in.info.operand_width) {
        case 16:
            return bind_pop_sized<sizeof(u16)>(out);
        case 32:
            return bind_pop_sized<sizeof(u32)>(out);
        default:
            return bind_pop_sized<sizeof(u64)>(out);
    }
}

// LDS, LES, LFS, LGS and LSS ----------------------------------------------------------------------

/// The offset, of the operand's size, then the selector.
template <typename Offset>
bool load_far_pointer(Cpu& cpu, const Op& op) {
    const VirtualAddress at = linear_address(cpu, op);
    Offset offset;
    u16 selector;
    if (!cpu.mmu.read(at, offset) || !cpu.mmu.read(at + sizeof(Offset), selector)) {
        return memory_fault(cpu, op);
    }
    if (!load_data_segment(cpu, segment_of(op), selector)) {
        return false;
    }
    cpu.gpr.set<Offset>(op.dst, offset);
    return true;
}

template <typename Offset>
bool bind_far_pointer_sized(const Instruction& in, OpBuilder& out, SegmentRegister which) {
    out.memory(in, in.operand(1), sizeof(Offset) + sizeof(u16));
    out.op.extra = static_cast<u8>(which);
    out.op.dst = OpBuilder::slot(in, 0);
    return which == SegmentRegister::Ss ? out.serialize<load_far_pointer<Offset>>()
                                        : out.straight<load_far_pointer<Offset>>();
}

template <SegmentRegister which>
bool bind_far_pointer(const Instruction& in, OpBuilder& out) {
    switch (in.info.operand_width) {
        case 16:
            return bind_far_pointer_sized<u16>(in, out, which);
        case 32:
            return bind_far_pointer_sized<u32>(in, out, which);
        default:
            return bind_far_pointer_sized<u64>(in, out, which);
    }
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_MOV, bind_mov},
    {ZYDIS_MNEMONIC_POP, bind_pop},
    {ZYDIS_MNEMONIC_LDS, bind_far_pointer<SegmentRegister::Ds>},
    {ZYDIS_MNEMONIC_LES, bind_far_pointer<SegmentRegister::Es>},
    {ZYDIS_MNEMONIC_LFS, bind_far_pointer<SegmentRegister::Fs>},
    {ZYDIS_MNEMONIC_LGS, bind_far_pointer<SegmentRegister::Gs>},
    {ZYDIS_MNEMONIC_LSS, bind_far_pointer<SegmentRegister::Ss>},
    {ZYDIS_MNEMONIC_LAR, bind_lar},
    {ZYDIS_MNEMONIC_LSL, bind_lsl},
    {ZYDIS_MNEMONIC_VERR, bind_verr},
    {ZYDIS_MNEMONIC_VERW, bind_verw},
    {ZYDIS_MNEMONIC_ARPL, bind_arpl},
};

}  // namespace

std::span<const BinderRow> segment_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86

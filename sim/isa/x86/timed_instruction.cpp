// SPDX-License-Identifier: MIT
// From Zydis's operands, hidden ones included, to the timing model's dataflow.
#include "sim/isa/x86/timed_instruction.h"

#include <algorithm>
#include <cstring>

#include "arch/x86/xsave.h"
#include "sim/cpu/execution_mode.h"
#include "sim/isa/x86/execution_class.h"
#include "sim/isa/x86/transaction.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::Gpr;
using cpu::SegmentRegister;
using timing::AccessIntent;
using timing::BranchKind;
using timing::InstructionProfile;
namespace reg = timing::reg;

constexpr u8 no_register = 0xff;

bool reads(const ZydisDecodedOperand& operand) {
    return (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
}
bool writes(const ZydisDecodedOperand& operand) {
    return (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}
/// Whether the old value may stay, wholly or in part.
bool merges(const ZydisDecodedOperand& operand) {
    constexpr unsigned narrow = 16;
    return (operand.actions & ZYDIS_OPERAND_ACTION_CONDWRITE) != 0 ||
           (ZydisRegisterGetClass(operand.reg.value) <= ZYDIS_REGCLASS_GPR16 &&
            operand.size <= narrow);
}

/// The scheduler's name for a register; no_register for those that nothing waits for.
u8 renamed(ZydisRegister name) {
    switch (ZydisRegisterGetClass(name)) {
        case ZYDIS_REGCLASS_GPR8:
        case ZYDIS_REGCLASS_GPR16:
        case ZYDIS_REGCLASS_GPR32:
        case ZYDIS_REGCLASS_GPR64: {
            const ZydisRegister widest =
                ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, name);
            return static_cast<u8>(reg::general + ZydisRegisterGetId(widest));
        }
        case ZYDIS_REGCLASS_XMM:
        case ZYDIS_REGCLASS_YMM:
            return static_cast<u8>(reg::vector + (ZydisRegisterGetId(name) % 16));
        case ZYDIS_REGCLASS_X87:
        case ZYDIS_REGCLASS_MMX:
            return reg::x87;
        default:
            break;
    }
    switch (name) {
        case ZYDIS_REGISTER_MXCSR:
            return reg::control;
        case ZYDIS_REGISTER_X87CONTROL:
        case ZYDIS_REGISTER_X87STATUS:
        case ZYDIS_REGISTER_X87TAG:
            return reg::x87;
        default:
            return no_register;
    }
}

/// Lane `lane` of a vector register, sign-extended.
i64 lane_of(const cpu::FpuState& fpu, u8 number, unsigned lane, unsigned bytes) {
    const usize offset = usize{lane} * bytes;
    const cpu::Xmm& half = offset < sizeof(cpu::Xmm) ? fpu.xmm[number] : fpu.upper[number];
    u64 value = 0;
    std::memcpy(&value, reinterpret_cast<const u8*>(&half) + offset % sizeof(cpu::Xmm), bytes);
    return static_cast<i64>(sign_extend(value, bytes * 8));
}

constexpr u8 stack_pointer = reg::general + static_cast<u8>(Gpr::Rsp);

/// PUSH, POP, CALL and RET move the stack pointer in the front end. [intel/optimization]: 2.5.2.6
bool moves_stack_in_front_end(const Instruction& instruction) {
    switch (instruction.info.meta.category) {
        case ZYDIS_CATEGORY_PUSH:
        case ZYDIS_CATEGORY_POP:
        case ZYDIS_CATEGORY_CALL:
        case ZYDIS_CATEGORY_RET:
            return true;
        default:
            return false;
    }
}

/// XOR r,r and kin: the result is known without the sources.
bool is_zeroing(const Instruction& instruction) {
    switch (instruction.info.mnemonic) {
        case ZYDIS_MNEMONIC_XOR:
        case ZYDIS_MNEMONIC_SUB:
        case ZYDIS_MNEMONIC_PXOR:
        case ZYDIS_MNEMONIC_XORPS:
        case ZYDIS_MNEMONIC_XORPD:
        case ZYDIS_MNEMONIC_PSUBB:
        case ZYDIS_MNEMONIC_PSUBW:
        case ZYDIS_MNEMONIC_PSUBD:
        case ZYDIS_MNEMONIC_PSUBQ:
            return instruction.is_register(0) && instruction.is_register(1) &&
                   instruction.operand(0).reg.value == instruction.operand(1).reg.value &&
                   instruction.operand(0).size >= 32;
        case ZYDIS_MNEMONIC_VPXOR:
        case ZYDIS_MNEMONIC_VXORPS:
        case ZYDIS_MNEMONIC_VXORPD:
        case ZYDIS_MNEMONIC_VPSUBB:
        case ZYDIS_MNEMONIC_VPSUBW:
        case ZYDIS_MNEMONIC_VPSUBD:
        case ZYDIS_MNEMONIC_VPSUBQ:
            return instruction.is_register(2) &&
                   instruction.operand(1).reg.value == instruction.operand(2).reg.value;
        default:
            return false;
    }
}

/// Of one vector to or from another or memory, as it is.
bool moves_whole_vector(ZydisMnemonic mnemonic) {
    switch (mnemonic) {
        case ZYDIS_MNEMONIC_MOVAPS:
        case ZYDIS_MNEMONIC_MOVAPD:
        case ZYDIS_MNEMONIC_MOVUPS:
        case ZYDIS_MNEMONIC_MOVUPD:
        case ZYDIS_MNEMONIC_MOVDQA:
        case ZYDIS_MNEMONIC_MOVDQU:
        case ZYDIS_MNEMONIC_VMOVAPS:
        case ZYDIS_MNEMONIC_VMOVAPD:
        case ZYDIS_MNEMONIC_VMOVUPS:
        case ZYDIS_MNEMONIC_VMOVUPD:
        case ZYDIS_MNEMONIC_VMOVDQA:
        case ZYDIS_MNEMONIC_VMOVDQU:
            return true;
        default:
            return false;
    }
}

/// Moves of whole registers, which renaming does.
bool is_plain_move(const Instruction& instruction) {
    const bool both = instruction.is_register(0) && instruction.is_register(1) &&
                      renamed(instruction.operand(0).reg.value) != no_register &&
                      renamed(instruction.operand(1).reg.value) != no_register;
    const ZydisMnemonic mnemonic = instruction.info.mnemonic;
    return both && (moves_whole_vector(mnemonic) ||
                    (mnemonic == ZYDIS_MNEMONIC_MOV && instruction.operand(0).size >= 32));
}

void add_registers(const Instruction& instruction, InstructionProfile& profile) {
    const bool hides_stack = moves_stack_in_front_end(instruction);
    for (unsigned i = 0; i < instruction.info.operand_count; ++i) {
        const ZydisDecodedOperand& operand = instruction.operand(i);
        if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) {
            continue;
        }
        const u8 name = renamed(operand.reg.value);
        const bool implied = operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
        if (name == no_register || (hides_stack && implied && name == stack_pointer)) {
            continue;
        }
        if (reads(operand) || merges(operand)) {
            profile.sources.add(name);
        }
        if (writes(operand)) {
            profile.destinations.add(name);
        }
    }
    const ZydisAccessedFlags* const flags = instruction.info.cpu_flags;
    if (flags != nullptr && flags->tested != 0) {
        profile.sources.add(reg::flags);
    }
    if (flags != nullptr &&
        (flags->modified | flags->set_0 | flags->set_1 | flags->undefined) != 0) {
        profile.destinations.add(reg::flags);
    }
}

/// Bases and indexes of memory operands, which the address unit waits for, or LEA's own unit.
void add_address_registers(const Instruction& instruction, InstructionProfile& profile) {
    for (unsigned i = 0; i < instruction.info.operand_count; ++i) {
        const ZydisDecodedOperand& operand = instruction.operand(i);
        if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY) {
            continue;
        }
        for (const ZydisRegister part : {operand.mem.base, operand.mem.index}) {
            const u8 name = renamed(part);
            if (name == no_register) {
                continue;
            }
            if (operand.mem.type == ZYDIS_MEMOP_TYPE_AGEN) {
                profile.sources.add(name);
            } else {
                profile.address_sources.add(name);
            }
        }
    }
}

struct HintRow {
    ZydisMnemonic mnemonic;
    AccessIntent intent;
};

constexpr HintRow hint_rows[] = {
    {ZYDIS_MNEMONIC_PREFETCHT0, AccessIntent::PrefetchT0},
    {ZYDIS_MNEMONIC_PREFETCHT1, AccessIntent::PrefetchFar},
    {ZYDIS_MNEMONIC_PREFETCHT2, AccessIntent::PrefetchFar},
    {ZYDIS_MNEMONIC_PREFETCHNTA, AccessIntent::PrefetchOnce},
    {ZYDIS_MNEMONIC_PREFETCHW, AccessIntent::PrefetchT0},
    {ZYDIS_MNEMONIC_PREFETCH, AccessIntent::PrefetchT0},
    {ZYDIS_MNEMONIC_CLFLUSH, AccessIntent::Flush},
    {ZYDIS_MNEMONIC_CLFLUSHOPT, AccessIntent::Flush},
    {ZYDIS_MNEMONIC_CLWB, AccessIntent::WriteBack},
};

const HintRow* hint_of(const Instruction& instruction) {
    const auto* const row = std::ranges::find_if(
        hint_rows, [&](const HintRow& r) { return r.mnemonic == instruction.info.mnemonic; });
    return row == std::end(hint_rows) ? nullptr : row;
}

/// Whether the instruction reads or writes what its memory operand names.
bool touches(const Instruction& instruction, const ZydisDecodedOperand& operand) {
    const auto category = instruction.info.meta.category;
    return operand.mem.type == ZYDIS_MEMOP_TYPE_MEM && category != ZYDIS_CATEGORY_NOP &&
           category != ZYDIS_CATEGORY_WIDENOP && instruction.info.mnemonic != ZYDIS_MNEMONIC_INVLPG;
}

Slot slot_or_zero(ZydisRegister name) {
    return renamed(name) == no_register ? cpu::zero_slot : OpBuilder::slot(name);
}

Slot segment_slot(const Instruction& instruction, ZydisRegister segment) {
    switch (segment) {
        case ZYDIS_REGISTER_FS:
            return cpu::base_slot(SegmentRegister::Fs);
        case ZYDIS_REGISTER_GS:
            return cpu::base_slot(SegmentRegister::Gs);
        case ZYDIS_REGISTER_ES:
            return instruction.code64() ? cpu::zero_slot : cpu::base_slot(SegmentRegister::Es);
        case ZYDIS_REGISTER_SS:
            return instruction.code64() ? cpu::zero_slot : cpu::base_slot(SegmentRegister::Ss);
        case ZYDIS_REGISTER_CS:
            return instruction.code64() ? cpu::zero_slot : cpu::base_slot(SegmentRegister::Cs);
        default:
            return instruction.code64() ? cpu::zero_slot : cpu::base_slot(SegmentRegister::Ds);
    }
}

/// What a state area has behind the bytes that its operand tells of: XSAVE writes the AVX state if
/// it is enabled, the others leave out what is in its initial state. [intel/vol1]: 13.7, 13.9
u16 accessed_bytes(const Instruction& instruction, const ZydisDecodedOperand& operand) {
    const auto mnemonic = instruction.info.mnemonic;
    const bool saves_all = mnemonic == ZYDIS_MNEMONIC_XSAVE || mnemonic == ZYDIS_MNEMONIC_XSAVE64;
    const bool avx = !cpu::ExecutionMode::no_avx.test(instruction.mode);
    return saves_all && avx ? static_cast<u16>(arch::x86::xsave_bytes(arch::x86::Xcr0::avx.mask))
                            : static_cast<u16>(operand.size / 8);
}

TimedOperand address_of(const Instruction& instruction, const ZydisDecodedOperand& operand) {
    TimedOperand out;
    const auto& memory = operand.mem;
    const bool relative = memory.base == ZYDIS_REGISTER_RIP || memory.base == ZYDIS_REGISTER_EIP;
    out.base = slot_or_zero(memory.base);
    out.index = slot_or_zero(memory.index);
    out.scale = shift_of_scale(memory.scale);
    out.segment = segment_slot(instruction, memory.segment);
    out.displacement = static_cast<u64>(memory.disp.has_displacement != 0 ? memory.disp.value : 0) +
                       (relative ? instruction.next_rip() : 0);
    out.offset_mask = low_mask(instruction.info.address_width);
    out.bytes = accessed_bytes(instruction, operand);
    const bool implied = operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
    if (implied && writes(operand) && renamed(memory.base) == stack_pointer) {
        out.displacement -= out.bytes;  // pushed below where the stack pointer is now
    }
    if (reads(operand) && writes(operand)) {
        out.intent = AccessIntent::LoadStore;
    } else {
        out.intent = writes(operand) ? AccessIntent::Store : AccessIntent::Load;
    }
    return out;
}

bool is_gather(const Instruction& instruction) {
    return instruction.info.meta.isa_ext == ZYDIS_ISA_EXT_AVX2GATHER;
}

/// Destination, memory, mask; indexes are in a vector register of 32- or 64-bit lanes.
/// [intel/vol2]: VPGATHERDD
TimedGather describe_gather(const Instruction& instruction) {
    const ZydisDecodedOperand& operand = instruction.operand(1);
    ZydisDecodedOperand common = operand;
    common.mem.index = ZYDIS_REGISTER_NONE;
    TimedGather out;
    out.common = address_of(instruction, common);
    switch (instruction.info.mnemonic) {
        case ZYDIS_MNEMONIC_VGATHERQPS:
        case ZYDIS_MNEMONIC_VGATHERQPD:
        case ZYDIS_MNEMONIC_VPGATHERQD:
        case ZYDIS_MNEMONIC_VPGATHERQQ:
            out.index_bytes = sizeof(u64);
            break;
        default:
            out.index_bytes = sizeof(u32);
            break;
    }
    out.lane_bytes = static_cast<u8>(operand.size / 8);
    out.lanes = static_cast<u8>(instruction.info.avx.vector_length / 8 /
                                std::max(out.lane_bytes, out.index_bytes));
    out.index = static_cast<u8>(ZydisRegisterGetId(operand.mem.index));
    out.mask = static_cast<u8>(ZydisRegisterGetId(instruction.operand(2).reg.value));
    return out;
}

void add_operands(const Instruction& instruction, TimedInstruction& out) {
    const HintRow* const hint = hint_of(instruction);
    for (unsigned i = 0; i < instruction.info.operand_count; ++i) {
        const ZydisDecodedOperand& operand = instruction.operand(i);
        if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY ||
            (hint == nullptr && !touches(instruction, operand)) ||
            out.operand_count == TimedInstruction::max_operands) {
            continue;
        }
        TimedOperand address = address_of(instruction, operand);
        if (hint != nullptr) {
            address.intent = hint->intent;
            address.bytes = 1;
        }
        if (address.bytes != 0) {
            out.operands[out.operand_count++] = address;
        }
    }
}

/// Slots that the instruction takes beside those of its execution class: stores that are not fused
/// with a load of the same operand.
u8 micro_operations(const TimedInstruction& timed) {
    unsigned loads = 0;
    unsigned stores = 0;
    for (const TimedOperand& operand : timed.memory()) {
        loads += operand.intent == AccessIntent::Load ? 1 : 0;
        stores += operand.intent == AccessIntent::Store ? 1 : 0;
        loads += operand.intent == AccessIntent::LoadStore ? 1 : 0;
        stores += operand.intent == AccessIntent::LoadStore ? 1 : 0;
    }
    return static_cast<u8>(std::max(1U, (loads > 0 && stores > 0) ? loads + stores : 1U));
}

/// Loads, stores, hints and flushes that do nothing else: the ports for memory are all they need.
bool is_only_access(const Instruction& instruction, const TimedInstruction& timed) {
    if (timed.operand_count == 0) {
        return false;
    }
    switch (instruction.info.mnemonic) {
        case ZYDIS_MNEMONIC_MOV:
        case ZYDIS_MNEMONIC_MOVZX:
        case ZYDIS_MNEMONIC_MOVSX:
        case ZYDIS_MNEMONIC_MOVSXD:
        case ZYDIS_MNEMONIC_PUSH:
        case ZYDIS_MNEMONIC_POP:
        case ZYDIS_MNEMONIC_MOVD:
        case ZYDIS_MNEMONIC_MOVQ:
        case ZYDIS_MNEMONIC_MOVSS:
        case ZYDIS_MNEMONIC_MOVSD:
        case ZYDIS_MNEMONIC_LDDQU:
        case ZYDIS_MNEMONIC_MOVNTI:
        case ZYDIS_MNEMONIC_MOVNTDQ:
        case ZYDIS_MNEMONIC_MOVNTPS:
        case ZYDIS_MNEMONIC_MOVNTPD:
        case ZYDIS_MNEMONIC_VMOVD:
        case ZYDIS_MNEMONIC_VMOVQ:
        case ZYDIS_MNEMONIC_VMOVSS:
        case ZYDIS_MNEMONIC_VMOVSD:
        case ZYDIS_MNEMONIC_VLDDQU:
        case ZYDIS_MNEMONIC_VMOVNTDQ:
        case ZYDIS_MNEMONIC_VMOVNTDQA:
        case ZYDIS_MNEMONIC_VMOVNTPS:
        case ZYDIS_MNEMONIC_VMOVNTPD:
        case ZYDIS_MNEMONIC_VBROADCASTSS:
        case ZYDIS_MNEMONIC_VBROADCASTSD:
        case ZYDIS_MNEMONIC_VBROADCASTF128:
        case ZYDIS_MNEMONIC_VBROADCASTI128:
        case ZYDIS_MNEMONIC_VPBROADCASTD:
        case ZYDIS_MNEMONIC_VPBROADCASTQ:
        case ZYDIS_MNEMONIC_STOSB:
        case ZYDIS_MNEMONIC_STOSW:
        case ZYDIS_MNEMONIC_STOSD:
        case ZYDIS_MNEMONIC_STOSQ:
        case ZYDIS_MNEMONIC_MOVSB:
        case ZYDIS_MNEMONIC_MOVSW:
        case ZYDIS_MNEMONIC_MOVSQ:
            return true;
        default:
            return moves_whole_vector(instruction.info.mnemonic) || hint_of(instruction) != nullptr;
    }
}

bool is_repeated_string(const Instruction& instruction) {
    constexpr u64 prefixes = ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
    return instruction.info.meta.category == ZYDIS_CATEGORY_STRINGOP &&
           (instruction.info.attributes & prefixes) != 0;
}

bool compares_strings(const Instruction& instruction) {
    switch (instruction.info.mnemonic) {
        case ZYDIS_MNEMONIC_CMPSB:
        case ZYDIS_MNEMONIC_CMPSW:
        case ZYDIS_MNEMONIC_CMPSD:
        case ZYDIS_MNEMONIC_CMPSQ:
        case ZYDIS_MNEMONIC_SCASB:
        case ZYDIS_MNEMONIC_SCASW:
        case ZYDIS_MNEMONIC_SCASD:
        case ZYDIS_MNEMONIC_SCASQ:
            return true;
        default:
            return false;
    }
}

}  // namespace

bool TimedGather::selects(const cpu::FpuState& fpu, unsigned lane) const {
    return lane_of(fpu, mask, lane, lane_bytes) < 0;
}

VirtualAddress TimedGather::place(const cpu::RegisterFile& gpr, const cpu::FpuState& fpu,
                                  unsigned lane) const {
    TimedOperand operand = common;
    operand.displacement += static_cast<u64>(lane_of(fpu, index, lane, index_bytes))
                            << common.scale;
    return operand.in(gpr);
}

TimedInstruction describe_timing(const Instruction& instruction) {
    TimedInstruction out;
    InstructionProfile& profile = out.profile;
    if (aborts_transaction(instruction)) {
        profile.length = instruction.info.length;
        profile.execution = timing::ExecutionClass::Nop;
        profile.stops_transience = true;
        return out;
    }
    add_registers(instruction, profile);
    add_address_registers(instruction, profile);
    add_operands(instruction, out);
    if (is_gather(instruction)) {
        out.gather = describe_gather(instruction);
    }
    profile.length = instruction.info.length;
    profile.execution = is_only_access(instruction, out) ? timing::ExecutionClass::Nop
                                                         : execution_class(instruction);
    profile.branch = branch_kind(instruction);
    profile.event = event_of(instruction);
    profile.ordering = ordering_of(instruction);
    profile.stops_transience = waits_for_retirement(instruction);
    profile.micro_operations = micro_operations(out);
    if (is_zeroing(instruction)) {
        profile.sources = {};
        profile.eliminated = true;
    } else if (is_plain_move(instruction)) {
        profile.eliminated = true;
    }
    if (profile.branch != BranchKind::None && instruction.is_immediate(0)) {
        profile.branch_target =
            instruction.next_rip() + static_cast<u64>(instruction.operand(0).imm.value.s);
    }
    out.repeats = is_repeated_string(instruction);
    out.compares = out.repeats && compares_strings(instruction);
    if (profile.event == timing::Event::InvpcidAll) {
        out.selector = OpBuilder::slot(instruction, 0);
    }
    out.reads_time = profile.event == timing::Event::ReadTime;
    return out;
}

}  // namespace ringfence::sim::isa::x86

// SPDX-License-Identifier: MIT
// What kind of work each instruction is: by mnemonic where it matters, by category otherwise.
#include "sim/isa/x86/execution_class.h"

#include <algorithm>
#include <string_view>

namespace ringfence::sim::isa::x86 {
namespace {

using timing::BranchKind;
using timing::Event;
using timing::ExecutionClass;
using timing::Ordering;

bool has_lock(const Instruction& instruction) {
    return (instruction.info.attributes & ZYDIS_ATTRIB_HAS_LOCK) != 0;
}

bool writes_memory(const Instruction& instruction) {
    const auto& operand = instruction.operand(0);
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY &&
           (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}

/// XCHG with memory locks by itself. [intel/vol3]: 8.1.2.1
bool is_locked(const Instruction& instruction) {
    return has_lock(instruction) || (instruction.info.mnemonic == ZYDIS_MNEMONIC_XCHG &&
                                     (instruction.is_memory(0) || instruction.is_memory(1)));
}

bool has_general_register(const Instruction& instruction) {
    for (unsigned i = 0; i < instruction.info.operand_count_visible; ++i) {
        if (instruction.is_register(i) &&
            ZydisRegisterGetClass(instruction.operand(i).reg.value) >= ZYDIS_REGCLASS_GPR8 &&
            ZydisRegisterGetClass(instruction.operand(i).reg.value) <= ZYDIS_REGCLASS_GPR64) {
            return true;
        }
    }
    return false;
}

struct PrefixRow {
    std::string_view prefix;
    ExecutionClass execution;
};

/// Vector mnemonics by their beginning; the first row that fits.
constexpr PrefixRow vector_rows[] = {
    {"pmul", ExecutionClass::VectorMultiply},
    {"pmadd", ExecutionClass::VectorMultiply},
    {"psadbw", ExecutionClass::VectorMultiply},
    {"pshuf", ExecutionClass::VectorShuffle},
    {"punpck", ExecutionClass::VectorShuffle},
    {"pack", ExecutionClass::VectorShuffle},
    {"shuf", ExecutionClass::VectorShuffle},
    {"unpck", ExecutionClass::VectorShuffle},
    {"palignr", ExecutionClass::VectorShuffle},
    {"pinsr", ExecutionClass::VectorShuffle},
    {"pextr", ExecutionClass::VectorShuffle},
    {"insert", ExecutionClass::VectorShuffle},
    {"extract", ExecutionClass::VectorShuffle},
    {"pslldq", ExecutionClass::VectorShuffle},
    {"psrldq", ExecutionClass::VectorShuffle},
    {"pmovsx", ExecutionClass::VectorShuffle},
    {"pmovzx", ExecutionClass::VectorShuffle},
    {"perm", ExecutionClass::VectorShuffle},
    {"broadcast", ExecutionClass::VectorShuffle},
    {"pbroadcast", ExecutionClass::VectorShuffle},
    {"fm", ExecutionClass::FloatMultiply},
    {"fnm", ExecutionClass::FloatMultiply},
    {"gather", ExecutionClass::Microcode},
    {"pgather", ExecutionClass::Microcode},
    {"movmsk", ExecutionClass::Transfer},
    {"pmovmsk", ExecutionClass::Transfer},
    {"pcmpestr", ExecutionClass::Microcode},
    {"pcmpistr", ExecutionClass::Microcode},
    {"aes", ExecutionClass::Aes},
    {"pclmul", ExecutionClass::Aes},
    // Presets have no figures for SHA: those of a multiplication are nearest to a pair of rounds.
    {"sha1rnds", ExecutionClass::VectorMultiply},
    {"sha256rnds", ExecutionClass::VectorMultiply},
    {"sha256msg2", ExecutionClass::VectorMultiply},
    {"div", ExecutionClass::FloatDivide32},
    {"sqrt", ExecutionClass::FloatSquareRoot},
    {"rsqrt", ExecutionClass::FloatMultiply},
    {"rcp", ExecutionClass::FloatMultiply},
    {"mul", ExecutionClass::FloatMultiply},
    {"cvt", ExecutionClass::Convert},
    {"addsub", ExecutionClass::FloatAdd},
    {"add", ExecutionClass::FloatAdd},
    {"sub", ExecutionClass::FloatAdd},
    {"min", ExecutionClass::FloatAdd},
    {"max", ExecutionClass::FloatAdd},
    {"cmp", ExecutionClass::FloatAdd},
    {"comis", ExecutionClass::FloatAdd},
    {"ucomis", ExecutionClass::FloatAdd},
    {"hadd", ExecutionClass::FloatAdd},
    {"hsub", ExecutionClass::FloatAdd},
    {"round", ExecutionClass::FloatAdd},
};

/// A mnemonic without the V of a VEX-encoded instruction: the same unit executes it.
std::string_view plain_name(const Instruction& instruction) {
    std::string_view name = ZydisMnemonicGetString(instruction.info.mnemonic);
    if (instruction.info.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX) {
        name.remove_prefix(1);
    }
    return name;
}

ExecutionClass vector_class(const Instruction& instruction) {
    const std::string_view name = plain_name(instruction);
    const auto* const row = std::ranges::find_if(
        vector_rows, [&](const PrefixRow& r) { return name.starts_with(r.prefix); });
    if (row == std::end(vector_rows)) {
        return has_general_register(instruction) ? ExecutionClass::Transfer
                                                 : ExecutionClass::VectorInteger;
    }
    if (row->execution == ExecutionClass::FloatDivide32 && name.ends_with('d')) {
        return ExecutionClass::FloatDivide64;
    }
    return row->execution;
}

ExecutionClass x87_class(ZydisMnemonic mnemonic) {
    switch (mnemonic) {
        case ZYDIS_MNEMONIC_FSIN:
        case ZYDIS_MNEMONIC_FCOS:
        case ZYDIS_MNEMONIC_FSINCOS:
        case ZYDIS_MNEMONIC_FPTAN:
        case ZYDIS_MNEMONIC_FPATAN:
        case ZYDIS_MNEMONIC_F2XM1:
        case ZYDIS_MNEMONIC_FYL2X:
        case ZYDIS_MNEMONIC_FYL2XP1:
        case ZYDIS_MNEMONIC_FSCALE:
        case ZYDIS_MNEMONIC_FPREM:
        case ZYDIS_MNEMONIC_FPREM1:
        case ZYDIS_MNEMONIC_FBLD:
        case ZYDIS_MNEMONIC_FBSTP:
        case ZYDIS_MNEMONIC_FNSAVE:
        case ZYDIS_MNEMONIC_FRSTOR:
        case ZYDIS_MNEMONIC_FNSTENV:
        case ZYDIS_MNEMONIC_FLDENV:
        case ZYDIS_MNEMONIC_FNINIT:
            return ExecutionClass::X87Slow;
        default:
            return ExecutionClass::X87;
    }
}

/// FXSAVE and its kin, and the XSAVE family.
bool moves_state_area(ZydisMnemonic mnemonic) {
    switch (mnemonic) {
        case ZYDIS_MNEMONIC_FXSAVE:
        case ZYDIS_MNEMONIC_FXSAVE64:
        case ZYDIS_MNEMONIC_FXRSTOR:
        case ZYDIS_MNEMONIC_FXRSTOR64:
        case ZYDIS_MNEMONIC_XSAVE:
        case ZYDIS_MNEMONIC_XSAVE64:
        case ZYDIS_MNEMONIC_XSAVEOPT:
        case ZYDIS_MNEMONIC_XSAVEOPT64:
        case ZYDIS_MNEMONIC_XSAVEC:
        case ZYDIS_MNEMONIC_XSAVEC64:
        case ZYDIS_MNEMONIC_XSAVES:
        case ZYDIS_MNEMONIC_XSAVES64:
        case ZYDIS_MNEMONIC_XRSTOR:
        case ZYDIS_MNEMONIC_XRSTOR64:
        case ZYDIS_MNEMONIC_XRSTORS:
        case ZYDIS_MNEMONIC_XRSTORS64:
            return true;
        default:
            return false;
    }
}

ExecutionClass divide_class(const Instruction& instruction) {
    constexpr unsigned wide = 64;
    return instruction.operand(0).size == wide ? ExecutionClass::Divide64
                                               : ExecutionClass::Divide32;
}

bool is_vector_extension(ZydisISAExt extension) {
    switch (extension) {
        case ZYDIS_ISA_EXT_SSE:
        case ZYDIS_ISA_EXT_SSE2:
        case ZYDIS_ISA_EXT_MMX:
        case ZYDIS_ISA_EXT_AVX:
        case ZYDIS_ISA_EXT_AVX2:
        case ZYDIS_ISA_EXT_AVX2GATHER:
        case ZYDIS_ISA_EXT_AVXAES:
        case ZYDIS_ISA_EXT_FMA:
        case ZYDIS_ISA_EXT_F16C:
            return true;
        default:
            return false;
    }
}

}  // namespace

ExecutionClass execution_class(const Instruction& instruction) {
    if (moves_state_area(instruction.info.mnemonic)) {
        return ExecutionClass::Microcode;
    }
    switch (instruction.info.mnemonic) {
        case ZYDIS_MNEMONIC_LEA:
            return ExecutionClass::Lea;
        case ZYDIS_MNEMONIC_MUL:
        case ZYDIS_MNEMONIC_IMUL:
        case ZYDIS_MNEMONIC_MULX:
            return ExecutionClass::Multiply;
        case ZYDIS_MNEMONIC_DIV:
        case ZYDIS_MNEMONIC_IDIV:
            return divide_class(instruction);
        case ZYDIS_MNEMONIC_BSF:
        case ZYDIS_MNEMONIC_BSR:
        case ZYDIS_MNEMONIC_LZCNT:
        case ZYDIS_MNEMONIC_TZCNT:
        case ZYDIS_MNEMONIC_POPCNT:
        case ZYDIS_MNEMONIC_CRC32:
        case ZYDIS_MNEMONIC_PDEP:
        case ZYDIS_MNEMONIC_PEXT:
            return ExecutionClass::BitScan;
        case ZYDIS_MNEMONIC_CMPXCHG:
        case ZYDIS_MNEMONIC_CMPXCHG8B:
        case ZYDIS_MNEMONIC_CMPXCHG16B:
        case ZYDIS_MNEMONIC_PAUSE:
        case ZYDIS_MNEMONIC_ENTER:
        case ZYDIS_MNEMONIC_XBEGIN:
        case ZYDIS_MNEMONIC_XEND:
        case ZYDIS_MNEMONIC_XABORT:
            return ExecutionClass::Microcode;
        case ZYDIS_MNEMONIC_VZEROUPPER:
        case ZYDIS_MNEMONIC_VZEROALL:
            return ExecutionClass::Nop;  // renaming does it
        default:
            break;
    }
    switch (instruction.info.meta.category) {
        case ZYDIS_CATEGORY_NOP:
        case ZYDIS_CATEGORY_WIDENOP:
            return ExecutionClass::Nop;
        case ZYDIS_CATEGORY_SHIFT:
        case ZYDIS_CATEGORY_ROTATE:
        case ZYDIS_CATEGORY_BMI2:
            return ExecutionClass::Shift;
        case ZYDIS_CATEGORY_COND_BR:
        case ZYDIS_CATEGORY_UNCOND_BR:
        case ZYDIS_CATEGORY_CALL:
        case ZYDIS_CATEGORY_RET:
            return ExecutionClass::Branch;
        case ZYDIS_CATEGORY_SSE:
        case ZYDIS_CATEGORY_MMX:
        case ZYDIS_CATEGORY_CONVERT:
        case ZYDIS_CATEGORY_LOGICAL_FP:
        case ZYDIS_CATEGORY_AES:
        case ZYDIS_CATEGORY_PCLMULQDQ:
        case ZYDIS_CATEGORY_SHA:
            return vector_class(instruction);
        case ZYDIS_CATEGORY_X87_ALU:
        case ZYDIS_CATEGORY_FCMOV:
            return x87_class(instruction.info.mnemonic);
        case ZYDIS_CATEGORY_SYSTEM:
        case ZYDIS_CATEGORY_INTERRUPT:
        case ZYDIS_CATEGORY_IO:
        case ZYDIS_CATEGORY_IOSTRINGOP:
        case ZYDIS_CATEGORY_SEGOP:
        case ZYDIS_CATEGORY_SYSCALL:
        case ZYDIS_CATEGORY_SYSRET:
        case ZYDIS_CATEGORY_DECIMAL:
        case ZYDIS_CATEGORY_RDWRFSGS:
            return ExecutionClass::Microcode;
        default:
            break;
    }
    return is_vector_extension(instruction.info.meta.isa_ext) ? vector_class(instruction)
                                                              : ExecutionClass::Integer;
}

Event event_of(const Instruction& instruction) {
    switch (instruction.info.mnemonic) {
        case ZYDIS_MNEMONIC_SYSCALL:
        case ZYDIS_MNEMONIC_SYSENTER:
            return Event::Syscall;
        case ZYDIS_MNEMONIC_SYSRET:
        case ZYDIS_MNEMONIC_SYSEXIT:
            return Event::Sysret;
        case ZYDIS_MNEMONIC_SWAPGS:
            return Event::Swapgs;
        case ZYDIS_MNEMONIC_IRET:
        case ZYDIS_MNEMONIC_IRETD:
        case ZYDIS_MNEMONIC_IRETQ:
            return Event::Iret;
        case ZYDIS_MNEMONIC_INVLPG:
            return Event::Invlpg;
        case ZYDIS_MNEMONIC_INVPCID:
            return Event::InvpcidAll;  // by its operand when it runs
        case ZYDIS_MNEMONIC_RDMSR:
            return Event::ReadMsr;
        case ZYDIS_MNEMONIC_WRMSR:
            return Event::WriteMsr;
        case ZYDIS_MNEMONIC_CPUID:
            return Event::Cpuid;
        case ZYDIS_MNEMONIC_VERW:
            return Event::BufferClear;
        case ZYDIS_MNEMONIC_RDTSC:
        case ZYDIS_MNEMONIC_RDTSCP:
            return Event::ReadTime;
        case ZYDIS_MNEMONIC_XBEGIN:
            return Event::TransactionBegin;
        case ZYDIS_MNEMONIC_XEND:
            return Event::TransactionEnd;
        case ZYDIS_MNEMONIC_INT:
        case ZYDIS_MNEMONIC_INT3:
        case ZYDIS_MNEMONIC_INT1:
        case ZYDIS_MNEMONIC_INTO:
            return Event::Interrupt;
        case ZYDIS_MNEMONIC_MOV:
            if (instruction.is_register(0) &&
                ZydisRegisterGetClass(instruction.operand(0).reg.value) == ZYDIS_REGCLASS_CONTROL) {
                return instruction.operand(0).reg.value == ZYDIS_REGISTER_CR3
                           ? Event::RootWrite
                           : Event::ControlRegister;
            }
            return Event::None;
        default:
            break;
    }
    switch (instruction.info.meta.category) {
        case ZYDIS_CATEGORY_IO:
        case ZYDIS_CATEGORY_IOSTRINGOP:
            return Event::PortIo;
        case ZYDIS_CATEGORY_SYSTEM:
            return Event::OtherSystem;
        default:
            return Event::None;
    }
}

BranchKind branch_kind(const Instruction& instruction) {
    const bool far = instruction.info.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
    const bool direct = instruction.is_immediate(0);
    // Zydis counts XBEGIN, XEND and XABORT as branches; nothing predicts an abort.
    if (far || instruction.info.meta.isa_ext == ZYDIS_ISA_EXT_RTM) {
        return BranchKind::None;
    }
    switch (instruction.info.meta.category) {
        case ZYDIS_CATEGORY_COND_BR:
            return BranchKind::Conditional;
        case ZYDIS_CATEGORY_UNCOND_BR:
            return direct ? BranchKind::Jump : BranchKind::IndirectJump;
        case ZYDIS_CATEGORY_CALL:
            return direct ? BranchKind::Call : BranchKind::IndirectCall;
        case ZYDIS_CATEGORY_RET:
            return instruction.info.mnemonic == ZYDIS_MNEMONIC_RET ? BranchKind::Return
                                                                   : BranchKind::None;
        default:
            return BranchKind::None;
    }
}

Ordering ordering_of(const Instruction& instruction) {
    switch (instruction.info.mnemonic) {
        case ZYDIS_MNEMONIC_LFENCE:
            return Ordering::Loads;
        case ZYDIS_MNEMONIC_SFENCE:
            return Ordering::Stores;
        case ZYDIS_MNEMONIC_MFENCE:
            return Ordering::Memory;
        case ZYDIS_MNEMONIC_RDTSCP:
        case ZYDIS_MNEMONIC_RDMSR:
            return Ordering::After;
        case ZYDIS_MNEMONIC_SWAPGS:
        case ZYDIS_MNEMONIC_RDTSC:
        case ZYDIS_MNEMONIC_PAUSE:
        case ZYDIS_MNEMONIC_XBEGIN:
            return Ordering::None;
        case ZYDIS_MNEMONIC_XEND:  // as a locked operation. [intel/vol1]: 16.3.6
            return Ordering::Memory;
        default:
            break;
    }
    if (is_locked(instruction)) {
        return Ordering::Memory;
    }
    if (instruction.info.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) {
        return Ordering::Serializing;
    }
    switch (event_of(instruction)) {
        case Event::None:
            return Ordering::None;
        case Event::BufferClear:
            return writes_memory(instruction) ? Ordering::Memory : Ordering::After;
        default:
            return Ordering::Serializing;
    }
}

bool waits_for_retirement(const Instruction& instruction) {
    if (moves_state_area(instruction.info.mnemonic)) {
        return true;
    }
    switch (instruction.info.mnemonic) {
        case ZYDIS_MNEMONIC_RDTSC:
        case ZYDIS_MNEMONIC_PAUSE:
            return false;
        case ZYDIS_MNEMONIC_RDTSCP:
        case ZYDIS_MNEMONIC_CLFLUSH:
        case ZYDIS_MNEMONIC_CLFLUSHOPT:
        case ZYDIS_MNEMONIC_CLWB:
        case ZYDIS_MNEMONIC_POPF:
        case ZYDIS_MNEMONIC_POPFD:
        case ZYDIS_MNEMONIC_POPFQ:
        case ZYDIS_MNEMONIC_CLI:
        case ZYDIS_MNEMONIC_STI:
        case ZYDIS_MNEMONIC_XSETBV:
        case ZYDIS_MNEMONIC_WRPKRU:
        case ZYDIS_MNEMONIC_XBEGIN:
        case ZYDIS_MNEMONIC_XEND:
        case ZYDIS_MNEMONIC_XABORT:
            return true;
        default:
            break;
    }
    const bool repeats =
        (instruction.info.attributes &
         (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0 &&
        instruction.info.meta.category == ZYDIS_CATEGORY_STRINGOP;
    if (repeats || ordering_of(instruction) != Ordering::None) {
        return true;
    }
    // What moves segment registers changes more than registers.
    for (unsigned i = 0; i < instruction.info.operand_count; ++i) {
        const auto& operand = instruction.operand(i);
        if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
            (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0) {
            const ZydisRegisterClass kind = ZydisRegisterGetClass(operand.reg.value);
            if (kind == ZYDIS_REGCLASS_SEGMENT || kind == ZYDIS_REGCLASS_CONTROL ||
                kind == ZYDIS_REGCLASS_DEBUG) {
                return true;
            }
        }
    }
    const auto category = instruction.info.meta.category;
    return category == ZYDIS_CATEGORY_SYSTEM || category == ZYDIS_CATEGORY_SEGOP ||
           category == ZYDIS_CATEGORY_RDWRFSGS || category == ZYDIS_CATEGORY_INTERRUPT ||
           category == ZYDIS_CATEGORY_SMAP;
}

}  // namespace ringfence::sim::isa::x86

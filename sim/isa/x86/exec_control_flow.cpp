// SPDX-License-Identifier: MIT
// Near jumps, calls and returns. [intel/vol1]: 7.3.8
#include "sim/isa/x86/alu.h"
#include "sim/isa/x86/condition.h"
#include "sim/isa/x86/descriptors.h"
#include "sim/isa/x86/dispatch.h"
#include "sim/isa/x86/stack.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::ExceptionVector;
using cpu::Gpr;

// Handlers with direct targets follow the block's edges; op->displacement is the target.

template <Reach reach>
__attribute__((preserve_none)) void jmp_direct(Cpu& cpu, const Op* op) {
    [[clang::musttail]] return follow<EdgeName::Taken, reach>(cpu, op);
}

template <Condition condition, Reach reach>
__attribute__((preserve_none)) void jcc(Cpu& cpu, const Op* op) {
    if (holds<condition>(cpu.flags)) {
        [[clang::musttail]] return follow<EdgeName::Taken, reach>(cpu, op);
    }
    [[clang::musttail]] return follow<EdgeName::FallThrough, reach>(cpu, op);
}

template <StackKind kind, typename T, Reach reach>
__attribute__((preserve_none)) void call_direct(Cpu& cpu, const Op* op) {
    if (RF_UNLIKELY(!push<kind>(cpu, static_cast<T>(next_rip(cpu, *op))))) {
        [[clang::musttail]] return deliver_fault(cpu, op);
    }
    [[clang::musttail]] return follow<EdgeName::Taken, reach>(cpu, op);
}

/// LOOP and kin: `Test` decides with the decremented counter whether ZF matters.
enum class LoopKind : u8 { Loop, Loope, Loopne };

template <LoopKind kind, typename Counter>
RF_ALWAYS_INLINE bool count_down(Cpu& cpu) {
    constexpr Slot rcx = cpu::slot_of(Gpr::Rcx);
    const auto left = static_cast<Counter>(cpu.gpr.get<Counter>(rcx) - 1);
    cpu.gpr.set<Counter>(rcx, left);
    return left != 0 && (kind == LoopKind::Loop || cpu.flags.zf() == (kind == LoopKind::Loope));
}

template <LoopKind kind, typename Counter>
__attribute__((preserve_none)) void loop(Cpu& cpu, const Op* op) {
    if (count_down<kind, Counter>(cpu)) {
        [[clang::musttail]] return follow<EdgeName::Taken, Reach::OtherPage>(cpu, op);
    }
    [[clang::musttail]] return follow<EdgeName::FallThrough, Reach::OtherPage>(cpu, op);
}

template <typename Counter>
__attribute__((preserve_none)) void jump_if_counter_zero(Cpu& cpu, const Op* op) {
    if (cpu.gpr.get<Counter>(cpu::slot_of(Gpr::Rcx)) == 0) {
        [[clang::musttail]] return follow<EdgeName::Taken, Reach::OtherPage>(cpu, op);
    }
    [[clang::musttail]] return follow<EdgeName::FallThrough, Reach::OtherPage>(cpu, op);
}

// Semantic functions, for targets that are only known, or checked, when they run.

/// A near target must be canonical in 64-bit mode and within the code segment elsewhere; the fault
/// is the branch's. [intel/vol2]: JMP, CALL, RET
template <StackKind kind>
RF_ALWAYS_INLINE bool check_target(Cpu& cpu, u64 target) {
    if constexpr (kind == StackKind::Legacy) {
        return RF_LIKELY(target <= cpu.segment(cpu::SegmentRegister::Cs).limit) ||
               cpu.raise(ExceptionVector::GeneralProtection);
    } else {
        constexpr unsigned narrowest = 48;
        return RF_LIKELY(sign_extend(target, narrowest) == target) || is_canonical(cpu, target) ||
               cpu.raise(ExceptionVector::GeneralProtection);
    }
}

/// Direct branches in code segments that have limits.
bool go_within_segment(Cpu& cpu, const Op& op) {
    if (!check_target<StackKind::Legacy>(cpu, op.displacement)) {
        return false;
    }
    cpu.rip = op.displacement;
    return true;
}

template <Condition condition>
bool jcc_within_segment(Cpu& cpu, const Op& op) {
    cpu.rip = next_rip(cpu, op);
    return !holds<condition>(cpu.flags) || go_within_segment(cpu, op);
}

template <typename T>
bool call_within_segment(Cpu& cpu, const Op& op) {
    return check_target<StackKind::Legacy>(cpu, op.displacement) &&
           push<StackKind::Legacy>(cpu, static_cast<T>(next_rip(cpu, op))) &&
           go_within_segment(cpu, op);
}

/// The counter has its new value only if the target is good.
template <LoopKind kind, typename Counter>
bool loop_within_segment(Cpu& cpu, const Op& op) {
    const u64 counter = cpu.gpr[Gpr::Rcx];
    cpu.rip = next_rip(cpu, op);
    if (!count_down<kind, Counter>(cpu) || go_within_segment(cpu, op)) {
        return true;
    }
    cpu.gpr[Gpr::Rcx] = counter;
    return false;
}

template <typename Counter>
bool jump_within_segment_if_counter_zero(Cpu& cpu, const Op& op) {
    cpu.rip = next_rip(cpu, op);
    return cpu.gpr.get<Counter>(cpu::slot_of(Gpr::Rcx)) != 0 || go_within_segment(cpu, op);
}

template <StackKind kind, typename Src>
bool jmp_indirect(Cpu& cpu, const Op& op) {
    typename Src::Word target;
    if (!Src::read(cpu, op, target) || !check_target<kind>(cpu, target)) {
        return false;
    }
    cpu.rip = target;
    return true;
}

template <StackKind kind, typename Src>
bool call_indirect(Cpu& cpu, const Op& op) {
    typename Src::Word target;
    if (!Src::read(cpu, op, target) || !check_target<kind>(cpu, target) ||
        !push<kind>(cpu, static_cast<typename Src::Word>(next_rip(cpu, op)))) {
        return false;
    }
    cpu.rip = target;
    return true;
}

/// RET, and RET imm16 with the bytes to release in `immediate`.
template <StackKind kind, typename T>
bool ret(Cpu& cpu, const Op& op) {
    T target;
    if (!read_stack<kind>(cpu, target) || !check_target<kind>(cpu, target)) {
        return false;
    }
    release_stack<kind>(cpu, sizeof(T) + static_cast<u16>(op.immediate));
    cpu.rip = target;
    return true;
}

// Binders -----------------------------------------------------------------------------------------

/// The target of a direct branch, within the width of the instruction pointer.
u64 direct_target(const Instruction& in) {
    const u64 target = in.next_rip() + in.operand(0).imm.value.u;
    if (in.code64()) {
        return target;
    }
    return in.info.operand_width == 16 ? static_cast<u16>(target) : static_cast<u32>(target);
}

/// Whether taken and not taken lead to the branch's own page.
bool bind_target(const Instruction& in, OpBuilder& out) {
    out.op.displacement = direct_target(in);
    return in.stays_on_page(out.op.displacement) && in.stays_on_page(in.next_rip());
}

/// Calls `bind_for.operator()<kind, T>()` with the width of the instruction pointer.
template <typename BindFor>
bool for_branch(const Instruction& in, BindFor bind_for) {
    if (in.code64()) {
        return bind_for.template operator()<StackKind::Long, u64>();
    }
    return in.info.operand_width == 16 ? bind_for.template operator()<StackKind::Legacy, u16>()
                                       : bind_for.template operator()<StackKind::Legacy, u32>();
}

bool is_segmented(const Instruction& in) {
    return cpu::ExecutionMode::segmented_code.test(in.mode);
}

template <unsigned number>
bool bind_jcc(const Instruction& in, OpBuilder& out) {
    constexpr auto condition = static_cast<Condition>(number);
    if (is_segmented(in)) {
        bind_target(in, out);
        return out.branch<jcc_within_segment<condition>>();
    }
    return bind_target(in, out) ? out.set(&jcc<condition, Reach::SamePage>, true)
                                : out.set(&jcc<condition, Reach::OtherPage>, true);
}

/// Far jumps and calls have the same mnemonics; they are in another group.
bool is_far(const Instruction& in) {
    return in.info.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
}

bool bind_jmp(const Instruction& in, OpBuilder& out) {
    if (is_far(in)) {
        return false;
    }
    if (in.is_immediate(0)) {
        const bool stays = bind_target(in, out);
        return is_segmented(in) ? out.branch<go_within_segment>()
               : stays          ? out.set(&jmp_direct<Reach::SamePage>, true)
                                : out.set(&jmp_direct<Reach::OtherPage>, true);
    }
    bind_source(in, 0, out);
    if (in.is_memory(0)) {
        out.memory(in, 0);
    }
    return for_branch(in, [&]<StackKind kind, typename T>() {
        return in.is_memory(0) ? out.branch<jmp_indirect<kind, Memory<T>>>()
                               : out.branch<jmp_indirect<kind, SrcRegister<T>>>();
    });
}

bool bind_call(const Instruction& in, OpBuilder& out) {
    if (is_far(in)) {
        return false;
    }
    return for_branch(in, [&]<StackKind kind, typename T>() {
        if (in.is_immediate(0)) {
            const bool stays = bind_target(in, out);
            return is_segmented(in) ? out.branch<call_within_segment<T>>()
                   : stays          ? out.set(&call_direct<kind, T, Reach::SamePage>, true)
                                    : out.set(&call_direct<kind, T, Reach::OtherPage>, true);
        }
        if (in.is_memory(0)) {
            out.memory(in, 0);
            return out.branch<call_indirect<kind, Memory<T>>>();
        }
        bind_source(in, 0, out);
        return out.branch<call_indirect<kind, SrcRegister<T>>>();
    });
}

/// Far returns are decoded as RET with a far branch type.
bool bind_ret(const Instruction& in, OpBuilder& out) {
    if (is_far(in)) {
        return false;
    }
    out.op.immediate = in.info.operand_count_visible != 0 && in.is_immediate(0)
                           ? static_cast<i32>(in.operand(0).imm.value.u)
                           : 0;
    return for_branch(in, [&]<StackKind kind, typename T>() { return out.branch<ret<kind, T>>(); });
}

template <LoopKind kind, typename Counter>
bool bind_loop_counter(const Instruction& in, OpBuilder& out) {
    bind_target(in, out);
    return is_segmented(in) ? out.branch<loop_within_segment<kind, Counter>>()
                            : out.set(&loop<kind, Counter>, true);
}

template <LoopKind kind>
bool bind_loop(const Instruction& in, OpBuilder& out) {
    switch (in.info.address_width) {
        case 64:
            return bind_loop_counter<kind, u64>(in, out);
        case 32:
            return bind_loop_counter<kind, u32>(in, out);
        default:
            return bind_loop_counter<kind, u16>(in, out);
    }
}

template <typename Counter>
bool bind_counter_jump(const Instruction& in, OpBuilder& out) {
    bind_target(in, out);
    return is_segmented(in) ? out.branch<jump_within_segment_if_counter_zero<Counter>>()
                            : out.set(&jump_if_counter_zero<Counter>, true);
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_JO, bind_jcc<0>},
    {ZYDIS_MNEMONIC_JNO, bind_jcc<1>},
    {ZYDIS_MNEMONIC_JB, bind_jcc<2>},
    {ZYDIS_MNEMONIC_JNB, bind_jcc<3>},
    {ZYDIS_MNEMONIC_JZ, bind_jcc<4>},
    {ZYDIS_MNEMONIC_JNZ, bind_jcc<5>},
    {ZYDIS_MNEMONIC_JBE, bind_jcc<6>},
    {ZYDIS_MNEMONIC_JNBE, bind_jcc<7>},
    {ZYDIS_MNEMONIC_JS, bind_jcc<8>},
    {ZYDIS_MNEMONIC_JNS, bind_jcc<9>},
    {ZYDIS_MNEMONIC_JP, bind_jcc<10>},
    {ZYDIS_MNEMONIC_JNP, bind_jcc<11>},
    {ZYDIS_MNEMONIC_JL, bind_jcc<12>},
    {ZYDIS_MNEMONIC_JNL, bind_jcc<13>},
    {ZYDIS_MNEMONIC_JLE, bind_jcc<14>},
    {ZYDIS_MNEMONIC_JNLE, bind_jcc<15>},
    {ZYDIS_MNEMONIC_JMP, bind_jmp},
    {ZYDIS_MNEMONIC_CALL, bind_call},
    {ZYDIS_MNEMONIC_RET, bind_ret},
    {ZYDIS_MNEMONIC_LOOP, bind_loop<LoopKind::Loop>},
    {ZYDIS_MNEMONIC_LOOPE, bind_loop<LoopKind::Loope>},
    {ZYDIS_MNEMONIC_LOOPNE, bind_loop<LoopKind::Loopne>},
    {ZYDIS_MNEMONIC_JCXZ, bind_counter_jump<u16>},
    {ZYDIS_MNEMONIC_JECXZ, bind_counter_jump<u32>},
    {ZYDIS_MNEMONIC_JRCXZ, bind_counter_jump<u64>},
};

}  // namespace

std::span<const BinderRow> control_flow_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86

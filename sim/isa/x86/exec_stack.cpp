// SPDX-License-Identifier: MIT
// PUSH, POP, ENTER and LEAVE. [intel/vol1]: 7.3.1.4, 6.6
#include "sim/isa/x86/alu.h"
#include "sim/isa/x86/stack.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::Gpr;
using cpu::SegmentRegister;

template <StackKind kind, typename Src>
bool push_operand(Cpu& cpu, const Op& op) {
    typename Src::Word value;
    return Src::read(cpu, op, value) && push<kind>(cpu, value);
}

/// PUSH of a segment register: the selector, zero-extended.
template <StackKind kind, typename T>
bool push_segment(Cpu& cpu, const Op& op) {
    const u16 selector = cpu.segment(static_cast<SegmentRegister>(op.src)).selector;
    return push<kind>(cpu, static_cast<T>(selector));
}

/// POP r: RSP moves before the destination is written, which may be RSP.
template <StackKind kind, typename T>
bool pop_register(Cpu& cpu, const Op& op) {
    T value;
    if (!read_stack<kind>(cpu, value)) {
        return false;
    }
    release_stack<kind>(cpu, sizeof(T));
    cpu.gpr.set<T>(op.dst, value);
    return true;
}

/// POP m: an address that uses RSP uses its new value; the binder has added the size to it.
template <StackKind kind, typename T>
bool pop_memory(Cpu& cpu, const Op& op) {
    T value;
    if (!read_stack<kind>(cpu, value) || !store(cpu, op, value)) {
        return false;
    }
    release_stack<kind>(cpu, sizeof(T));
    return true;
}

/// LEAVE: RSP = RBP, then POP RBP.
template <StackKind kind, typename T>
bool leave_frame(Cpu& cpu, const Op& /*op*/) {
    const u64 frame = cpu.gpr[Gpr::Rbp];
    T value;
    if (!read_stack_at<kind>(cpu, frame, value)) {
        return false;
    }
    set_stack_pointer<kind>(cpu, frame + sizeof(T));
    cpu.gpr.set<T>(cpu::slot_of(Gpr::Rbp), value);
    return true;
}

/// ENTER: `immediate` bytes of locals, `extra` levels (modulo 32) of frame pointers to copy. All of
/// the writes are proven possible first. [intel/vol2]: ENTER
template <StackKind kind, typename T>
bool enter_frame(Cpu& cpu, const Op& op) {
    const unsigned level = op.extra;
    const u64 rsp = cpu.gpr[Gpr::Rsp];
    const u64 frame = rsp - sizeof(T);
    const u64 pushes = level == 0 ? 1 : level + 1;
    const u64 lowest = rsp - pushes * sizeof(T);
    T display[32] = {};
    for (unsigned i = 1; i < level; ++i) {
        if (!read_stack_at<kind>(cpu, cpu.gpr[Gpr::Rbp] - i * sizeof(T), display[i])) {
            return false;
        }
    }
    for (u64 i = 1; i <= pushes; ++i) {
        if (!probe_stack<kind, T>(cpu, rsp - i * sizeof(T))) {
            return false;
        }
    }
    // The final stack pointer must be writable as well. [intel/vol2]: ENTER, exceptions
    const u64 final_rsp = lowest - static_cast<u16>(op.immediate);
    if (!probe_stack<kind, T>(cpu, final_rsp)) {
        return false;
    }
    const auto put = [&](u64 at, T value) { return write_stack<kind, T>(cpu, at, value); };
    bool written = put(frame, cpu.gpr.get<T>(cpu::slot_of(Gpr::Rbp)));
    for (unsigned i = 1; i < level; ++i) {
        written = written && put(frame - i * sizeof(T), display[i]);
    }
    if (level != 0) {
        written = written && put(lowest, static_cast<T>(frame));
    }
    if (!written) {
        return false;
    }
    cpu.gpr.set<T>(cpu::slot_of(Gpr::Rbp), static_cast<T>(frame));
    set_stack_pointer<kind>(cpu, final_rsp);
    return true;
}

/// PUSHA and POPA, outside 64-bit mode. The saved (E)SP is the value before the first push, and is
/// skipped by POPA.
template <typename T>
bool push_all(Cpu& cpu, const Op& /*op*/) {
    constexpr auto kind = StackKind::Legacy;
    const u64 rsp = cpu.gpr[Gpr::Rsp];
    for (u64 i = 1; i <= 8; ++i) {
        if (!probe_stack<kind, T>(cpu, rsp - i * sizeof(T))) {
            return false;
        }
    }
    for (unsigned i = 0; i < 8; ++i) {
        const auto value =
            static_cast<T>(i == static_cast<u8>(Gpr::Rsp) ? rsp : cpu.gpr[static_cast<Gpr>(i)]);
        if (!push<kind>(cpu, value)) {
            return false;
        }
    }
    return true;
}

template <typename T>
bool pop_all(Cpu& cpu, const Op& /*op*/) {
    constexpr auto kind = StackKind::Legacy;
    T values[8];
    for (unsigned i = 0; i < 8; ++i) {
        if (!read_stack<kind>(cpu, values[i], i * sizeof(T))) {
            return false;
        }
    }
    for (unsigned i = 0; i < 8; ++i) {
        const auto destination = static_cast<Gpr>(7 - i);
        if (destination != Gpr::Rsp) {
            cpu.gpr.set<T>(cpu::slot_of(destination), values[i]);
        }
    }
    release_stack<kind>(cpu, 8 * sizeof(T));
    return true;
}

// Binders -----------------------------------------------------------------------------------------

/// Calls `bind_for.operator()<kind, T>()` for the mode and the operand size.
template <typename BindFor>
bool for_stack(const Instruction& in, BindFor bind_for) {
    constexpr auto legacy = StackKind::Legacy;
    constexpr auto wide = StackKind::Long;
    if (in.code64()) {
        return in.info.operand_width == 16 ? bind_for.template operator()<wide, u16>()
                                           : bind_for.template operator()<wide, u64>();
    }
    return in.info.operand_width == 16 ? bind_for.template operator()<legacy, u16>()
                                       : bind_for.template operator()<legacy, u32>();
}

bool is_segment(const Instruction& in, unsigned i) {
    return in.is_register(i) &&
           ZydisRegisterGetClass(in.operand(i).reg.value) == ZYDIS_REGCLASS_SEGMENT;
}

bool bind_push(const Instruction& in, OpBuilder& out) {
    if (is_segment(in, 0)) {
        out.op.src = static_cast<u8>(in.operand(0).reg.value - ZYDIS_REGISTER_ES);
        return for_stack(in, [&]<StackKind kind, typename T>() {
            return out.straight<push_segment<kind, T>>();
        });
    }
    bind_source(in, 0, out);
    if (in.is_memory(0)) {
        out.memory(in, 0);
    }
    return for_stack(in, [&]<StackKind kind, typename T>() {
        if (in.is_memory(0)) {
            return out.straight<push_operand<kind, Memory<T>>>();
        }
        return in.is_immediate(0) ? out.straight<push_operand<kind, Immediate<T>>>()
                                  : out.straight<push_operand<kind, SrcRegister<T>>>();
    });
}

bool bind_pop(const Instruction& in, OpBuilder& out) {
    if (is_segment(in, 0)) {
        return false;
    }
    if (in.is_memory(0)) {
        ZydisDecodedOperand target = in.operand(0);
        if (target.mem.base == ZYDIS_REGISTER_RSP || target.mem.base == ZYDIS_REGISTER_ESP) {
            target.mem.disp.value += in.size(0);
            target.mem.disp.has_displacement = 1;
        }
        out.memory(in, target, in.size(0));
    } else {
        out.op.dst = OpBuilder::slot(in, 0);
    }
    return for_stack(in, [&]<StackKind kind, typename T>() {
        return in.is_memory(0) ? out.straight<pop_memory<kind, T>>()
                               : out.straight<pop_register<kind, T>>();
    });
}

bool bind_leave(const Instruction& in, OpBuilder& out) {
    return for_stack(
        in, [&]<StackKind kind, typename T>() { return out.straight<leave_frame<kind, T>>(); });
}

bool bind_enter(const Instruction& in, OpBuilder& out) {
    out.op.immediate = static_cast<i32>(in.operand(0).imm.value.u);
    out.op.extra = static_cast<u8>(in.operand(1).imm.value.u % 32);
    return for_stack(
        in, [&]<StackKind kind, typename T>() { return out.straight<enter_frame<kind, T>>(); });
}

template <auto semantics>
bool bind_plain(const Instruction& /*in*/, OpBuilder& out) {
    return out.straight<semantics>();
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_PUSH, bind_push},
    {ZYDIS_MNEMONIC_POP, bind_pop},
    {ZYDIS_MNEMONIC_LEAVE, bind_leave},
    {ZYDIS_MNEMONIC_ENTER, bind_enter},
    {ZYDIS_MNEMONIC_PUSHA, bind_plain<push_all<u16>>},
    {ZYDIS_MNEMONIC_PUSHAD, bind_plain<push_all<u32>>},
    {ZYDIS_MNEMONIC_POPA, bind_plain<pop_all<u16>>},
    {ZYDIS_MNEMONIC_POPAD, bind_plain<pop_all<u32>>},
};

}  // namespace

std::span<const BinderRow> stack_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86

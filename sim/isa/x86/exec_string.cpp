// SPDX-License-Identifier: MIT
// MOVS, STOS, LODS, SCAS and CMPS. [intel/vol2]: REP/REPE/REPZ/REPNE/REPNZ and the instructions
//
// A repeated instruction works on runs of plain memory at once and falls back to one element at a
// time where there is none. Registers are written back after each run, so that a fault leaves a
// state from which the instruction goes on.
#include <cstring>

#include "sim/isa/x86/string_operands.h"

namespace ringfence::sim::isa::x86 {
namespace {

using namespace strings;  // NOLINT(google-build-using-namespace): this file's own vocabulary

/// Sets the flags of `left - right`.
template <typename Word>
RF_ALWAYS_INLINE void compare(cpu::LazyFlags& flags, Word left, Word right) {
    const auto result = static_cast<Word>(left - right);
    const auto borrow =
        static_cast<Word>((~left & right) | (static_cast<Word>(~(left ^ right)) & result));
    flags.set_arithmetic<Word>(result, borrow);
}

template <typename Word>
Word accumulator(const Cpu& cpu) {
    return cpu.gpr.get<Word>(cpu::slot_of(Gpr::Rax));
}

// Each instruction: `once` does one element or faults; `bulk` does as many of `limit` elements as
// lie in one run of plain memory, possibly none, and never faults.

template <typename Word>
struct Movs {
    static constexpr bool compares = false;

    static bool once(Cpu& cpu, const Op& op) {
        VirtualAddress from;
        VirtualAddress to;
        Word value;
        if (!source_address(cpu, op, sizeof(Word), from) ||
            !destination_address(cpu, op, sizeof(Word), SegmentAccess::Write, to)) {
            return false;
        }
        if (!cpu.mmu.read(from, value) || !cpu.mmu.write(to, value)) {
            return system_fault(cpu);
        }
        advance(cpu, op, Gpr::Rsi, 1, sizeof(Word));
        advance(cpu, op, Gpr::Rdi, 1, sizeof(Word));
        return true;
    }

    static u64 bulk(Cpu& cpu, const Op& op, u64 limit) {
        const Run from = source_run(cpu, op, sizeof(Word), limit);
        const Run to = destination_run(cpu, op, sizeof(Word), SegmentAccess::Write, from.elements);
        if (to.elements == 0) {
            return 0;
        }
        const auto source = cpu.mmu.readable_run(from.address);
        const auto destination = cpu.mmu.writable_run(to.address);
        const u64 bytes = to.elements * sizeof(Word);
        if (source.size() < bytes || destination.size() < bytes) {
            return 0;
        }
        copy(destination.data(), source.data(), bytes);
        advance(cpu, op, Gpr::Rsi, to.elements, sizeof(Word));
        advance(cpu, op, Gpr::Rdi, to.elements, sizeof(Word));
        return to.elements;
    }

private:
    /// Element by element, upwards: a destination just above its source repeats a pattern.
    static void copy(u8* to, const u8* from, u64 bytes) {
        const bool feeds_itself = to > from && to < from + bytes;
        if (!feeds_itself) {
            std::memmove(to, from, bytes);
            return;
        }
        for (u64 i = 0; i < bytes; i += sizeof(Word)) {
            Word value;
            std::memcpy(&value, from + i, sizeof(Word));
            std::memcpy(to + i, &value, sizeof(Word));
        }
    }
};

template <typename Word>
struct Stos {
    static constexpr bool compares = false;

    static bool once(Cpu& cpu, const Op& op) {
        VirtualAddress to;
        if (!destination_address(cpu, op, sizeof(Word), SegmentAccess::Write, to)) {
            return false;
        }
        if (!cpu.mmu.write(to, accumulator<Word>(cpu))) {
            return system_fault(cpu);
        }
        advance(cpu, op, Gpr::Rdi, 1, sizeof(Word));
        return true;
    }

    static u64 bulk(Cpu& cpu, const Op& op, u64 limit) {
        const Run to = destination_run(cpu, op, sizeof(Word), SegmentAccess::Write, limit);
        if (to.elements == 0) {
            return 0;
        }
        const auto destination = cpu.mmu.writable_run(to.address);
        if (destination.size() < to.elements * sizeof(Word)) {
            return 0;
        }
        const Word value = accumulator<Word>(cpu);
        for (u64 i = 0; i < to.elements; ++i) {
            std::memcpy(destination.data() + i * sizeof(Word), &value, sizeof(Word));
        }
        advance(cpu, op, Gpr::Rdi, to.elements, sizeof(Word));
        return to.elements;
    }
};

template <typename Word>
struct Lods {
    static constexpr bool compares = false;

    static bool once(Cpu& cpu, const Op& op) {
        VirtualAddress from;
        Word value;
        if (!source_address(cpu, op, sizeof(Word), from)) {
            return false;
        }
        if (!cpu.mmu.read(from, value)) {
            return system_fault(cpu);
        }
        cpu.gpr.set<Word>(cpu::slot_of(Gpr::Rax), value);
        advance(cpu, op, Gpr::Rsi, 1, sizeof(Word));
        return true;
    }

    static u64 bulk(Cpu& /*cpu*/, const Op& /*op*/, u64 /*limit*/) { return 0; }
};

template <typename Word>
struct Scas {
    static constexpr bool compares = true;

    static bool once(Cpu& cpu, const Op& op) {
        VirtualAddress at;
        Word value;
        if (!destination_address(cpu, op, sizeof(Word), SegmentAccess::Read, at)) {
            return false;
        }
        if (!cpu.mmu.read(at, value)) {
            return system_fault(cpu);
        }
        compare(cpu.flags, accumulator<Word>(cpu), value);
        advance(cpu, op, Gpr::Rdi, 1, sizeof(Word));
        return true;
    }

    /// Stops behind the first element whose equality is not `go_on_while_equal`.
    static u64 bulk(Cpu& cpu, const Op& op, u64 limit, bool go_on_while_equal) {
        const Run at = destination_run(cpu, op, sizeof(Word), SegmentAccess::Read, limit);
        if (at.elements == 0) {
            return 0;
        }
        const auto run = cpu.mmu.readable_run(at.address);
        if (run.size() < at.elements * sizeof(Word)) {
            return 0;
        }
        const Word wanted = accumulator<Word>(cpu);
        Word value = 0;
        u64 done = 0;
        do {
            std::memcpy(&value, run.data() + done * sizeof(Word), sizeof(Word));
            ++done;
        } while (done < at.elements && (value == wanted) == go_on_while_equal);
        compare(cpu.flags, wanted, value);
        advance(cpu, op, Gpr::Rdi, done, sizeof(Word));
        return done;
    }
};

template <typename Word>
struct Cmps {
    static constexpr bool compares = true;

    static bool once(Cpu& cpu, const Op& op) {
        VirtualAddress first;
        VirtualAddress second;
        Word left;
        Word right;
        if (!source_address(cpu, op, sizeof(Word), first) ||
            !destination_address(cpu, op, sizeof(Word), SegmentAccess::Read, second)) {
            return false;
        }
        if (!cpu.mmu.read(first, left) || !cpu.mmu.read(second, right)) {
            return system_fault(cpu);
        }
        compare(cpu.flags, left, right);
        advance(cpu, op, Gpr::Rsi, 1, sizeof(Word));
        advance(cpu, op, Gpr::Rdi, 1, sizeof(Word));
        return true;
    }

    static u64 bulk(Cpu& cpu, const Op& op, u64 limit, bool go_on_while_equal) {
        const Run first = source_run(cpu, op, sizeof(Word), limit);
        const Run second =
            destination_run(cpu, op, sizeof(Word), SegmentAccess::Read, first.elements);
        if (second.elements == 0) {
            return 0;
        }
        const auto lefts = cpu.mmu.readable_run(first.address);
        const auto rights = cpu.mmu.readable_run(second.address);
        if (std::min(lefts.size(), rights.size()) < second.elements * sizeof(Word)) {
            return 0;
        }
        Word left = 0;
        Word right = 0;
        u64 done = 0;
        do {
            std::memcpy(&left, lefts.data() + done * sizeof(Word), sizeof(Word));
            std::memcpy(&right, rights.data() + done * sizeof(Word), sizeof(Word));
            ++done;
        } while (done < second.elements && (left == right) == go_on_while_equal);
        compare(cpu.flags, left, right);
        advance(cpu, op, Gpr::Rsi, done, sizeof(Word));
        advance(cpu, op, Gpr::Rdi, done, sizeof(Word));
        return done;
    }
};

template <typename Operation>
bool repeat(Cpu& cpu, const Op& op) {
    u64 left = read_index(cpu, op, Gpr::Rcx);
    u64 allowance = visit_allowance(cpu);
    while (left != 0 && allowance != 0) {
        u64 done = Operation::bulk(cpu, op, std::min(left, allowance));
        if (done == 0) {
            if (!Operation::once(cpu, op)) {
                return false;
            }
            done = 1;
        }
        left -= done;
        allowance -= done;
        write_index(cpu, op, Gpr::Rcx, left);
    }
    end_visit(cpu, op, left == 0);
    return true;
}

/// A fault takes the flags back to what they were before the instruction.
/// [intel/vol2]: REP/REPE/REPZ/REPNE/REPNZ, "Description"
template <typename Operation, bool while_equal>
bool repeat_compare(Cpu& cpu, const Op& op) {
    const cpu::LazyFlags flags_before = cpu.flags;
    u64 left = read_index(cpu, op, Gpr::Rcx);
    u64 allowance = visit_allowance(cpu);
    bool complete = left == 0;
    while (!complete && allowance != 0) {
        u64 done = Operation::bulk(cpu, op, std::min(left, allowance), while_equal);
        if (done == 0) {
            if (!Operation::once(cpu, op)) {
                cpu.flags = flags_before;
                return false;
            }
            done = 1;
        }
        left -= done;
        allowance -= done;
        write_index(cpu, op, Gpr::Rcx, left);
        complete = left == 0 || cpu.flags.zf() != while_equal;
    }
    end_visit(cpu, op, complete);
    return true;
}

template <typename Operation>
bool bind_operation(OpBuilder& out, Repeat prefix) {
    if (prefix == Repeat::None) {
        return out.straight<Operation::once>();
    }
    if constexpr (Operation::compares) {
        return prefix == Repeat::WhileEqual ? out.branch<repeat_compare<Operation, true>>()
                                            : out.branch<repeat_compare<Operation, false>>();
    } else {
        return out.branch<repeat<Operation>>();
    }
}

template <template <typename> class Operation>
bool bind_string(const Instruction& in, OpBuilder& out) {
    if (in.info.meta.category != ZYDIS_CATEGORY_STRINGOP) {
        return false;  // MOVSD and CMPSD are SSE2 instructions, too
    }
    const ZydisDecodedOperand* source = source_operand(in);
    const ZydisDecodedOperand* element = source != nullptr ? source : destination_operand(in);
    const Repeat prefix = repeat_prefix(in, Operation<u8>::compares);
    describe(in, source, out.op);
    switch (element->size) {
        case 8:
            return bind_operation<Operation<u8>>(out, prefix);
        case 16:
            return bind_operation<Operation<u16>>(out, prefix);
        case 32:
            return bind_operation<Operation<u32>>(out, prefix);
        default:
            return bind_operation<Operation<u64>>(out, prefix);
    }
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_MOVSB, bind_string<Movs>}, {ZYDIS_MNEMONIC_MOVSW, bind_string<Movs>},
    {ZYDIS_MNEMONIC_MOVSD, bind_string<Movs>}, {ZYDIS_MNEMONIC_MOVSQ, bind_string<Movs>},
    {ZYDIS_MNEMONIC_STOSB, bind_string<Stos>}, {ZYDIS_MNEMONIC_STOSW, bind_string<Stos>},
    {ZYDIS_MNEMONIC_STOSD, bind_string<Stos>}, {ZYDIS_MNEMONIC_STOSQ, bind_string<Stos>},
    {ZYDIS_MNEMONIC_LODSB, bind_string<Lods>}, {ZYDIS_MNEMONIC_LODSW, bind_string<Lods>},
    {ZYDIS_MNEMONIC_LODSD, bind_string<Lods>}, {ZYDIS_MNEMONIC_LODSQ, bind_string<Lods>},
    {ZYDIS_MNEMONIC_SCASB, bind_string<Scas>}, {ZYDIS_MNEMONIC_SCASW, bind_string<Scas>},
    {ZYDIS_MNEMONIC_SCASD, bind_string<Scas>}, {ZYDIS_MNEMONIC_SCASQ, bind_string<Scas>},
    {ZYDIS_MNEMONIC_CMPSB, bind_string<Cmps>}, {ZYDIS_MNEMONIC_CMPSW, bind_string<Cmps>},
    {ZYDIS_MNEMONIC_CMPSD, bind_string<Cmps>}, {ZYDIS_MNEMONIC_CMPSQ, bind_string<Cmps>},
};

}  // namespace

std::span<const BinderRow> string_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86

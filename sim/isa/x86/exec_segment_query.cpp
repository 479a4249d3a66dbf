// SPDX-License-Identifier: MIT
// LAR, LSL, VERR, VERW and ARPL: they answer in ZF and fault only for their operands.
// [intel/vol2]: LAR, LSL, VERR/VERW, ARPL; [intel/vol3]: 5.10
#include "sim/isa/x86/exec_segment_query.h"

#include <algorithm>

#include "sim/isa/x86/descriptors.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/segmentation.h"
#include "sim/isa/x86/system_checks.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::SystemSegmentType;

struct Query {
    u16 selector = 0;
    u64 descriptor = 0;
    bool found = false;  ///< not null, and within its table
};

/// False: reading the descriptor faulted.
bool look_up(Cpu& cpu, u16 selector, Query& out) {
    out = Query{.selector = selector};
    VirtualAddress address;
    if (Selector::is_null(selector) || !locate_descriptor(cpu, selector, sizeof(u64), address)) {
        return true;
    }
    out.found = true;
    return cpu.mmu.read_system(address, out.descriptor) || system_fault(cpu);
}

/// Whether privilege lets the program see the segment; conforming code is open to all.
bool visible(const Cpu& cpu, const Query& query) {
    if (is_code(query.descriptor) && SegmentDescriptor::conforming.test(query.descriptor)) {
        return true;
    }
    const unsigned rpl = Selector::rpl.get(query.selector);
    return SegmentDescriptor::dpl.get(query.descriptor) >= std::max(cpu.cpl(), rpl);
}

/// System descriptors with a limit. The 16-bit ones do not exist in long mode.
bool has_limit(const Cpu& cpu, SystemSegmentType type) {
    switch (type) {
        case SystemSegmentType::Ldt:
        case SystemSegmentType::TssAvailable:
        case SystemSegmentType::TssBusy:
            return true;
        case SystemSegmentType::Tss16Available:
        case SystemSegmentType::Tss16Busy:
            return !cpu.long_mode_active();
        default:
            return false;
    }
}

/// Those that LAR describes: gates for calls, too.
bool has_rights(const Cpu& cpu, SystemSegmentType type) {
    switch (type) {
        case SystemSegmentType::CallGate:
            return true;
        case SystemSegmentType::CallGate16:
        case SystemSegmentType::TaskGate:
            return !cpu.long_mode_active();
        default:
            return has_limit(cpu, type);
    }
}

SystemSegmentType system_type(u64 descriptor) {
    return static_cast<SystemSegmentType>(SegmentDescriptor::type.get(descriptor));
}

/// What LAR gives: the second half of the descriptor without base and limit.
u32 access_rights(u64 descriptor) {
    constexpr u64 shown = SegmentDescriptor::type.mask | SegmentDescriptor::code_or_data.mask |
                          SegmentDescriptor::dpl.mask | SegmentDescriptor::present.mask |
                          SegmentDescriptor::available.mask | SegmentDescriptor::long_mode.mask |
                          SegmentDescriptor::default_big.mask | SegmentDescriptor::granularity.mask;
    using SecondHalf = Bitfield<32, 32>;
    return static_cast<u32>(SecondHalf::get(descriptor & shown));
}

struct Rights {
    static constexpr auto has = has_rights;
    static u32 of(u64 descriptor) { return access_rights(descriptor); }
};
struct Limit {
    static constexpr auto has = has_limit;
    static u32 of(u64 descriptor) { return SegmentDescriptor::limit(descriptor); }
};

template <typename Source>
bool take_query(Cpu& cpu, const Op& op, Query& out) {
    u16 selector;
    return require_protected_mode(cpu) && Source::read(cpu, op, selector) &&
           look_up(cpu, selector, out);
}

/// LAR with Rights, LSL with Limit.
template <typename Answer, typename Source, typename Word>
bool describe(Cpu& cpu, const Op& op) {
    Query query;
    if (!take_query<Source>(cpu, op, query)) {
        return false;
    }
    const bool answers = query.found && visible(cpu, query) &&
                         (SegmentDescriptor::code_or_data.test(query.descriptor) ||
                          Answer::has(cpu, system_type(query.descriptor)));
    if (answers) {
        cpu.gpr.set<Word>(op.dst, static_cast<Word>(Answer::of(query.descriptor)));
    }
    cpu.flags.set_zf(answers);
    return true;
}

/// VERR and VERW.
template <SegmentAccess access, typename Source>
bool verify(Cpu& cpu, const Op& op) {
    Query query;
    if (!take_query<Source>(cpu, op, query)) {
        return false;
    }
    cpu.flags.set_zf(query.found && SegmentDescriptor::code_or_data.test(query.descriptor) &&
                     type_permits(query.descriptor, access) && visible(cpu, query));
    return true;
}

/// Raises the destination's RPL to the source's.
template <typename Destination>
bool arpl(Cpu& cpu, const Op& op) {
    u16 selector;
    if (!require_protected_mode(cpu) || !Destination::read(cpu, op, selector)) {
        return false;
    }
    const u16 rpl = Selector::rpl.get(cpu.gpr.get<u16>(op.src));
    const bool raises = Selector::rpl.get(selector) < rpl;
    if (raises && !Destination::write(cpu, op, Selector::rpl.set(selector, rpl))) {
        return false;
    }
    cpu.flags.set_zf(raises);
    return true;
}

/// Operand `i` is the selector: always 16 bits, whatever the operand size.
bool take_selector(const Instruction& in, unsigned i, OpBuilder& out) {
    if (in.is_memory(i)) {
        out.memory(in, in.operand(i), sizeof(u16));
        return true;
    }
    out.op.src = OpBuilder::slot(in, i);
    return false;
}

template <typename Answer, typename Source>
bool bind_sized(const Instruction& in, OpBuilder& out) {
    return in.info.operand_width == 16   ? out.straight<describe<Answer, Source, u16>>()
           : in.info.operand_width == 32 ? out.straight<describe<Answer, Source, u32>>()
                                         : out.straight<describe<Answer, Source, u64>>();
}

template <typename Answer>
bool bind_describe(const Instruction& in, OpBuilder& out) {
    out.op.dst = OpBuilder::slot(in, 0);
    return take_selector(in, 1, out) ? bind_sized<Answer, Memory<u16>>(in, out)
                                     : bind_sized<Answer, SrcRegister<u16>>(in, out);
}

template <SegmentAccess access>
bool bind_verify(const Instruction& in, OpBuilder& out) {
    return take_selector(in, 0, out) ? out.straight<verify<access, Memory<u16>>>()
                                     : out.straight<verify<access, SrcRegister<u16>>>();
}

}  // namespace

bool bind_lar(const Instruction& in, OpBuilder& out) {
    return bind_describe<Rights>(in, out);
}

bool bind_lsl(const Instruction& in, OpBuilder& out) {
    return bind_describe<Limit>(in, out);
}

bool bind_verr(const Instruction& in, OpBuilder& out) {
    return bind_verify<SegmentAccess::Read>(in, out);
}

bool bind_verw(const Instruction& in, OpBuilder& out) {
    return bind_verify<SegmentAccess::Write>(in, out);
}

bool bind_arpl(const Instruction& in, OpBuilder& out) {
    out.op.src = OpBuilder::slot(in, 1);
    if (in.is_memory(0)) {
        out.memory(in, 0);
        return out.straight<arpl<Memory<u16>>>();
    }
    out.op.dst = OpBuilder::slot(in, 0);
    return out.straight<arpl<DstRegister<u16>>>();
}

}  // namespace ringfence::sim::isa::x86

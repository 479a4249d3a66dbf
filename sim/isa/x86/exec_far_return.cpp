// SPDX-License-Identifier: MIT
// IRET and far RET. [intel/vol2]: IRET/IRETD/IRETQ, RET
#include "sim/isa/x86/exec_far_return.h"

#include "sim/isa/x86/far_stack.h"
#include "sim/isa/x86/far_transfer.h"
#include "sim/isa/x86/real_transfer.h"
#include "sim/isa/x86/task_switch.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Rflags;
using cpu::ExceptionVector;
using cpu::Gpr;

constexpr unsigned user_cpl = 3;

/// What a far return found on the stack, checked.
struct Return {
    CodeTarget code;
    StackTarget stack;
    u64 rsp = 0;
    unsigned cpl = 0;
    bool loads_stack = false;
};

/// A frame as it lies on the stack.
struct Frame {
    u64 rip = 0;
    u64 code_selector = 0;
    u64 rflags = 0;
    u64 rsp = 0;
    u64 stack_selector = 0;
};

/// Looks up what `frame` names. found.loads_stack is set.
bool check_frame(Cpu& cpu, const Frame& frame, Return& found) {
    if (!find_return_code(cpu, static_cast<u16>(frame.code_selector), frame.rip, found.code)) {
        return false;
    }
    found.rsp = frame.rsp;
    return !found.loads_stack || find_return_stack(cpu, static_cast<u16>(frame.stack_selector),
                                                   found.code, found.cpl, found.stack);
}

unsigned rpl_of(u64 selector) {
    return Selector::rpl.get(static_cast<u16>(selector));
}

/// Loads what was checked; nothing can fault any more.
void commit_return(Cpu& cpu, const Return& found, u64 consumed) {
    const bool to_outer = found.cpl > cpu.cpl();
    if (!found.loads_stack) {
        // The stack stays, so its width is the old one, whatever the new code is.
        set_stack_pointer(cpu, cpu.gpr[Gpr::Rsp] + consumed);
    }
    enter_code(cpu, found.code, found.cpl);
    if (found.loads_stack) {
        load_stack(cpu, found.stack);
        set_stack_pointer(cpu, found.rsp);
    }
    if (to_outer) {
        drop_inner_data_segments(cpu);
    }
}

/// The bits of RFLAGS that IRET loads.
u64 flags_loaded_by_iret(const Cpu& cpu, unsigned bytes) {
    u64 loaded = Rflags::status | Rflags::tf.mask | Rflags::df.mask | Rflags::nt.mask;
    if (bytes > sizeof(u16)) {
        loaded |= Rflags::ac.mask | Rflags::id.mask | Rflags::rf.mask;
    }
    if (cpu.cpl() <= cpu.iopl()) {
        loaded |= Rflags::interrupt.mask;
    }
    if (cpu.cpl() == 0) {
        loaded |= Rflags::iopl.mask;
        if (bytes > sizeof(u16)) {
            loaded |= Rflags::vif.mask | Rflags::vip.mask;
        }
    }
    return loaded;
}

/// NT asks for the task that was left for this one. Long mode has no tasks.
bool return_from_task(Cpu& cpu, const Op& op) {
    return cpu.long_mode_active() ? cpu.raise(ExceptionVector::GeneralProtection)
                                  : return_to_previous_task(cpu, next_rip(cpu, op));
}

bool goes_to_virtual_8086(const Cpu& cpu, const Frame& frame) {
    return !cpu.long_mode_active() && cpu.cpl() == 0 && Rflags::vm.test(frame.rflags);
}

template <unsigned bytes>
bool iret(Cpu& cpu, const Op& op) {
    // Even one that faults. [intel/vol3]: 6.7.1
    cpu.nmi_blocked = false;
    if (cpu.uses_paragraphs()) {
        return iret_to_paragraph(cpu, bytes);
    }
    if (Rflags::nt.test(cpu.other_flags())) {
        return return_from_task(cpu, op);
    }
    StackReader stack{cpu};
    Frame frame;
    Return found;
    if (!stack.pop(bytes, frame.rip) || !stack.pop(bytes, frame.code_selector) ||
        !stack.pop(bytes, frame.rflags)) {
        return false;
    }
    if (bytes == sizeof(u32) && goes_to_virtual_8086(cpu, frame)) {
        return return_to_virtual_8086(cpu, {frame.rip, frame.code_selector, frame.rflags, stack});
    }
    found.cpl = rpl_of(frame.code_selector);
    found.loads_stack = cpu.code64() || found.cpl > cpu.cpl();
    if (found.loads_stack &&
        !(stack.pop(bytes, frame.rsp) && stack.pop(bytes, frame.stack_selector))) {
        return false;
    }
    if (!check_frame(cpu, frame, found)) {
        return false;
    }
    const u64 loaded = flags_loaded_by_iret(cpu, bytes);
    const u64 kept = cpu.rflags() & ~loaded;
    commit_return(cpu, found, stack.consumed());
    cpu.set_rflags(kept | (frame.rflags & loaded));
    cpu.recorder.iret(VirtualAddress{cpu.rip}, found.cpl == user_cpl);
    return true;
}

/// `immediate` bytes of arguments are dropped from both stacks.
template <unsigned bytes>
bool ret_far(Cpu& cpu, const Op& op) {
    const u64 arguments = static_cast<u16>(op.immediate);
    if (cpu.uses_paragraphs()) {
        return far_return_to_paragraph(cpu, bytes, arguments);
    }
    StackReader stack{cpu};
    Frame frame;
    Return found;
    if (!stack.pop(bytes, frame.rip) || !stack.pop(bytes, frame.code_selector)) {
        return false;
    }
    stack.skip(arguments);
    found.cpl = rpl_of(frame.code_selector);
    found.loads_stack = found.cpl > cpu.cpl();
    if (found.loads_stack &&
        !(stack.pop(bytes, frame.rsp) && stack.pop(bytes, frame.stack_selector))) {
        return false;
    }
    if (!check_frame(cpu, frame, found)) {
        return false;
    }
    found.rsp += arguments;
    commit_return(cpu, found, stack.consumed());
    if (found.loads_stack && found.cpl == user_cpl) {
        cpu.recorder.user_entered(VirtualAddress{cpu.rip});
    }
    return true;
}

}  // namespace

bool bind_iret(const Instruction& /*in*/, OpBuilder& out) {
    return out.transfer<iret<sizeof(u16)>>();
}
bool bind_iretd(const Instruction& /*in*/, OpBuilder& out) {
    return out.transfer<iret<sizeof(u32)>>();
}
bool bind_iretq(const Instruction& /*in*/, OpBuilder& out) {
    return out.transfer<iret<sizeof(u64)>>();
}

bool bind_ret_far(const Instruction& in, OpBuilder& out) {
    if (in.info.meta.branch_type != ZYDIS_BRANCH_TYPE_FAR) {
        return false;
    }
    if (in.is_immediate(0)) {
        out.op.immediate = static_cast<i32>(in.operand(0).imm.value.u);
    }
    switch (in.info.operand_width) {
        case 16:
            return out.transfer<ret_far<sizeof(u16)>>();
        case 32:
            return out.transfer<ret_far<sizeof(u32)>>();
        default:
            return out.transfer<ret_far<sizeof(u64)>>();
    }
}

}  // namespace ringfence::sim::isa::x86

// SPDX-License-Identifier: MIT
#include "sim/isa/x86/system_transfer.h"

#include "arch/x86/idt_gate.h"
#include "sim/isa/x86/far_stack.h"
#include "sim/isa/x86/far_transfer.h"
#include "sim/isa/x86/legacy_stack.h"
#include "sim/isa/x86/segmentation.h"
#include "sim/isa/x86/task_switch.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Gate;
using arch::x86::SystemSegmentType;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SegmentRegister;

bool general_protection(Cpu& cpu, u16 selector) {
    return cpu.raise(ExceptionVector::GeneralProtection, selector_error(selector));
}

/// Whether CPL and the selector's RPL may use the gate or TSS. [intel/vol3]: 5.8.4
bool check_privilege(Cpu& cpu, u16 selector, u64 descriptor) {
    const u64 dpl = SegmentDescriptor::dpl.get(descriptor);
    return (dpl >= cpu.cpl() && dpl >= Selector::rpl.get(selector)) ||
           general_protection(cpu, selector);
}

// Call gates --------------------------------------------------------------------------------------

struct CallGate {
    u64 words = 0;
    bool wide = false;  ///< of 32 bits

    [[nodiscard]] unsigned bytes() const { return wide ? sizeof(u32) : sizeof(u16); }
    [[nodiscard]] u64 offset() const {
        return wide ? Gate::offset32(words) : Gate::offset16(words);
    }
};

/// The code segment that the gate names, with all its checks but that of the offset.
bool find_gate_code(Cpu& cpu, const CallGate& gate, Transfer how, CodeTarget& out) {
    out = {.selector = static_cast<u16>(Gate::selector.get(gate.words)), .rip = gate.offset()};
    if (Selector::is_null(out.selector)) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    if (!read_descriptor(cpu, out.selector, out.descriptor)) {
        return false;
    }
    const bool stays = out.conforming() || out.dpl() == cpu.cpl();
    if (!is_code(out.descriptor) || out.dpl() > cpu.cpl() || (how == Transfer::Jump && !stays)) {
        return general_protection(cpu, out.selector);
    }
    return SegmentDescriptor::present.test(out.descriptor) ||
           cpu.raise(ExceptionVector::SegmentNotPresent, selector_error(out.selector));
}

/// The words that a call to an inner level pushes, in memory order: return address, parameters,
/// stack. `count` is how many there are.
struct CallFrame {
    static constexpr unsigned fixed_words = 4;
    std::array<u64, fixed_words + low_mask(Gate::parameters.width)> words{};
    usize count = 0;

    void add(u64 word) { words[count++] = word; }
};

/// Copies the gate's parameters from the caller's stack.
bool add_parameters(Cpu& cpu, const CallGate& gate, CallFrame& frame) {
    StackReader stack{cpu};
    for (u64 left = Gate::parameters.get(gate.words); left != 0; --left) {
        u64 word;
        if (!stack.pop(gate.bytes(), word)) {
            return false;
        }
        frame.add(word);
    }
    return true;
}

/// [intel/vol2]: CALL, "MORE-PRIVILEGE"
bool call_inner(Cpu& cpu, const CallGate& gate, CodeTarget& target, u64 return_rip) {
    const unsigned cpl = target.dpl();
    LegacyStack stack;
    CallFrame frame;
    frame.add(return_rip);
    frame.add(cpu.segment(SegmentRegister::Cs).selector);
    if (!find_inner_stack(cpu, cpl, 0, stack) || !add_parameters(cpu, gate, frame)) {
        return false;
    }
    frame.add(cpu.gpr[Gpr::Rsp]);
    frame.add(cpu.segment(SegmentRegister::Ss).selector);
    if (!push_words(cpu, stack, std::span{frame.words}.first(frame.count), gate.bytes(),
                    selector_error(stack.segment.selector)) ||
        !check_target_offset(cpu, target) ||
        !mark_accessed(cpu, target.selector, target.descriptor) ||
        !mark_accessed(cpu, stack.segment.selector, stack.segment.descriptor)) {
        return false;
    }
    enter_code(cpu, target, cpl);
    load_legacy_stack(cpu, stack);
    return true;
}

bool go_through_call_gate(Cpu& cpu, const CallGate& gate, Transfer how, u64 return_rip) {
    CodeTarget target;
    if (!find_gate_code(cpu, gate, how, target)) {
        return false;
    }
    if (how == Transfer::Call && !target.conforming() && target.dpl() < cpu.cpl()) {
        return call_inner(cpu, gate, target, return_rip);
    }
    if (!check_target_offset(cpu, target) ||
        !mark_accessed(cpu, target.selector, target.descriptor)) {
        return false;
    }
    const u64 frame[] = {return_rip, cpu.segment(SegmentRegister::Cs).selector};
    if (how == Transfer::Call && !push_frame(cpu, frame, gate.bytes())) {
        return false;
    }
    enter_code(cpu, target, cpu.cpl());
    return true;
}

// Tasks -------------------------------------------------------------------------------------------

bool go_to_task(Cpu& cpu, u16 selector, Transfer how, u64 return_rip) {
    return switch_task(
        cpu, {.selector = selector,
              .how = how == Transfer::Call ? TaskSwitch::How::Call : TaskSwitch::How::Jump,
              .return_rip = return_rip,
              .saved_rflags = cpu.rflags(),
              .external = 0,
              .error_code = {}});
}

}  // namespace

bool go_by_system_descriptor(Cpu& cpu, u16 selector, u64 descriptor, Transfer how, u64 return_rip) {
    const auto type = static_cast<SystemSegmentType>(SegmentDescriptor::type.get(descriptor));
    const auto present = [&] {
        return SegmentDescriptor::present.test(descriptor) ||
               cpu.raise(ExceptionVector::SegmentNotPresent, selector_error(selector));
    };
    switch (type) {
        case SystemSegmentType::CallGate:
        case SystemSegmentType::CallGate16:
            return check_privilege(cpu, selector, descriptor) && present() &&
                   go_through_call_gate(cpu, {descriptor, type == SystemSegmentType::CallGate}, how,
                                        return_rip);
        case SystemSegmentType::TaskGate:
            return check_privilege(cpu, selector, descriptor) && present() &&
                   go_to_task(cpu, static_cast<u16>(Gate::selector.get(descriptor)), how,
                              return_rip);
        case SystemSegmentType::TssAvailable:
        case SystemSegmentType::Tss16Available:
            return check_privilege(cpu, selector, descriptor) &&
                   go_to_task(cpu, selector, how, return_rip);
        default:
            return general_protection(cpu, selector);
    }
}

}  // namespace ringfence::sim::isa::x86

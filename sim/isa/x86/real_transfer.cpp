// SPDX-License-Identifier: MIT
#include "sim/isa/x86/real_transfer.h"

#include "sim/isa/x86/real_segments.h"
#include "sim/isa/x86/virtual_interrupts.h"

namespace ringfence::sim::isa::x86 {

using arch::x86::Rflags;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SegmentRegister;

namespace {

/// RFLAGS after IRET in real mode.
u64 flags_in_real_mode(const Cpu& cpu, u64 image, unsigned bytes) {
    u64 loaded = Rflags::status | Rflags::tf.mask | Rflags::df.mask | Rflags::nt.mask |
                 Rflags::interrupt.mask | Rflags::iopl.mask;
    if (bytes > sizeof(u16)) {
        loaded |= Rflags::ac.mask | Rflags::id.mask | Rflags::rf.mask;
    }
    return (cpu.rflags() & ~loaded) | (image & loaded);
}

}  // namespace

bool go_to_paragraph(Cpu& cpu, u16 selector, u64 offset, Transfer how, u64 return_rip,
                     unsigned bytes) {
    const u64 stack = cpu.gpr[Gpr::Rsp];
    const u64 frame[] = {return_rip, cpu.segment(SegmentRegister::Cs).selector};
    if (how == Transfer::Call && !push_frame(cpu, frame, bytes)) {
        return false;
    }
    if (!enter_real_code(cpu, selector, offset)) {
        cpu.gpr[Gpr::Rsp] = stack;
        return false;
    }
    return true;
}

bool far_return_to_paragraph(Cpu& cpu, unsigned bytes, u64 arguments) {
    StackReader stack{cpu};
    u64 offset;
    u64 selector;
    if (!stack.pop(bytes, offset) || !stack.pop(bytes, selector) ||
        !enter_real_code(cpu, static_cast<u16>(selector), offset)) {
        return false;
    }
    set_stack_pointer(cpu, cpu.gpr[Gpr::Rsp] + stack.consumed() + arguments);
    return true;
}

bool iret_to_paragraph(Cpu& cpu, unsigned bytes) {
    StackReader stack{cpu};
    u64 offset;
    u64 selector;
    u64 image;
    u64 rflags;
    if (!stack.pop(bytes, offset) || !stack.pop(bytes, selector) || !stack.pop(bytes, image)) {
        return false;
    }
    if (!cpu.virtual_8086()) {
        rflags = flags_in_real_mode(cpu, image, bytes);
    } else if (!flags_from_virtual_8086(cpu, image, bytes, rflags)) {
        return false;
    }
    if (!enter_real_code(cpu, static_cast<u16>(selector), offset)) {
        return false;
    }
    set_stack_pointer(cpu, cpu.gpr[Gpr::Rsp] + stack.consumed());
    cpu.set_rflags(rflags);
    return true;
}

bool return_to_virtual_8086(Cpu& cpu, const Virtual8086Frame& frame) {
    // ESP, SS, ES, DS, FS, GS
    u64 words[6];
    for (u64& word : words) {
        if (!frame.stack.pop(sizeof(u32), word)) {
            return false;
        }
    }
    constexpr u64 last_offset = 0xffff;
    if (frame.rip > last_offset) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    const auto selector = [&](unsigned i) { return static_cast<u16>(words[i]); };
    enter_virtual_8086(cpu, frame.rflags,
                       {selector(2), static_cast<u16>(frame.code_selector), selector(1),
                        selector(3), selector(4), selector(5)});
    cpu.gpr[Gpr::Rsp] = words[0];
    cpu.rip = frame.rip;
    return true;
}

}  // namespace ringfence::sim::isa::x86

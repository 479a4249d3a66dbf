// SPDX-License-Identifier: MIT
#include "sim/isa/x86/legacy_stack.h"

#include "arch/x86/task_state_segment.h"
#include "sim/isa/x86/descriptors.h"
#include "sim/isa/x86/far_stack.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/segmentation.h"

namespace ringfence::sim::isa::x86 {

using arch::x86::SystemSegmentType;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SegmentRegister;

namespace {

/// SS and ESP as they lie in a TSS.
struct InnerStack {
    u16 selector = 0;
    u32 pointer = 0;
};

/// Reads the stack pointer at `offset` of the task and the selector that follows it.
template <typename Word>
bool read_inner_stack_at(Cpu& cpu, u64 offset, u32 external, InnerStack& out) {
    // The processor reads both words whole: [intel/vol2]: INT n, "INTER-PRIVILEGE".
    const u64 bytes = 2 * sizeof(Word);
    if (!cpu.task.usable || offset + bytes - 1 > cpu.task.limit) {
        return cpu.raise(ExceptionVector::InvalidTss, selector_error(cpu.task.selector) | external);
    }
    const VirtualAddress address{cpu.task.base + offset};
    Word pointer;
    if (!cpu.mmu.read_system(address, pointer) ||
        !cpu.mmu.read_system(address + sizeof(Word), out.selector)) {
        return system_fault(cpu);
    }
    out.pointer = pointer;
    return true;
}

bool is_16_bit_task(const Cpu& cpu) {
    const auto type =
        static_cast<SystemSegmentType>(SegmentDescriptor::type.get(cpu.task.descriptor));
    return type == SystemSegmentType::Tss16Busy || type == SystemSegmentType::Tss16Available;
}

bool read_inner_stack(Cpu& cpu, unsigned cpl, u32 external, InnerStack& out) {
    using arch::x86::TaskStateSegment16;
    using arch::x86::TaskStateSegment32;
    if (is_16_bit_task(cpu)) {
        const u64 offset = __builtin_offsetof(TaskStateSegment16, inner_stacks) +
                           cpl * sizeof(TaskStateSegment16::inner_stacks[0]);
        return read_inner_stack_at<u16>(cpu, offset, external, out);
    }
    const u64 offset = __builtin_offsetof(TaskStateSegment32, inner_stacks) +
                       cpl * sizeof(TaskStateSegment32::inner_stacks[0]);
    return read_inner_stack_at<u32>(cpu, offset, external, out);
}

/// The linear address of a word that lies `distance` above the pointer; false if it leaves the
/// segment.
bool word_address(const LegacyStack& stack, u64 pointer, unsigned bytes, VirtualAddress& out) {
    const u64 offset = pointer & low_mask(stack.bits());
    if (!limit_permits(stack.segment, offset, bytes)) {
        return false;
    }
    out = VirtualAddress{static_cast<u32>(stack.base + offset)};
    return true;
}

bool can_write(Cpu& cpu, const LegacyStack& stack, VirtualAddress address, unsigned bytes) {
    constexpr auto via = mmu::Reference::Stack;
    const bool user = stack.cpl == 3;
    return (user ? cpu.mmu.probe_write(address, bytes, via)
                 : cpu.mmu.probe_write_system(address, bytes, via)) ||
           system_fault(cpu);
}

template <typename Word>
bool write_word(Cpu& cpu, const LegacyStack& stack, VirtualAddress address, u64 value) {
    constexpr auto via = mmu::Reference::Stack;
    const auto word = static_cast<Word>(value);
    return (stack.cpl == 3 ? cpu.mmu.write(address, word, via)
                           : cpu.mmu.write_system(address, word, via)) ||
           system_fault(cpu);
}

}  // namespace

LegacyStack LegacyStack::current(const Cpu& cpu) {
    return {.segment = cpu.segment(SegmentRegister::Ss),
            .base = cpu.gpr.base(SegmentRegister::Ss),
            .pointer = cpu.gpr[Gpr::Rsp],
            .cpl = cpu.cpl()};
}

unsigned LegacyStack::bits() const {
    return SegmentDescriptor::default_big.test(segment.descriptor) ? 32 : 16;
}

bool find_inner_stack(Cpu& cpu, unsigned cpl, u32 external, LegacyStack& out) {
    InnerStack found;
    if (!read_inner_stack(cpu, cpl, external, found)) {
        return false;
    }
    const u32 error = selector_error(found.selector) | external;
    if (Selector::is_null(found.selector)) {
        return cpu.raise(ExceptionVector::InvalidTss, external);
    }
    VirtualAddress address;
    if (!locate_descriptor(cpu, found.selector, sizeof(u64), address)) {
        return cpu.raise(ExceptionVector::InvalidTss, error);
    }
    u64 descriptor;
    if (!cpu.mmu.read_system(address, descriptor)) {
        return system_fault(cpu);
    }
    if (Selector::rpl.get(found.selector) != cpl || !is_writable_data(descriptor) ||
        SegmentDescriptor::dpl.get(descriptor) != cpl) {
        return cpu.raise(ExceptionVector::InvalidTss, error);
    }
    if (!SegmentDescriptor::present.test(descriptor)) {
        return cpu.raise(ExceptionVector::StackFault, error);
    }
    out = {.segment = make_segment(found.selector, descriptor),
           .base = SegmentDescriptor::base(descriptor),
           .pointer = found.pointer,
           .cpl = cpl};
    return true;
}

bool push_words(Cpu& cpu, LegacyStack& stack, std::span<const u64> words, unsigned bytes,
                u32 error) {
    const u64 top = stack.pointer - words.size() * bytes;
    VirtualAddress address;
    for (u64 i = words.size(); i-- != 0;) {
        if (!word_address(stack, top + i * bytes, bytes, address)) {
            return cpu.raise(ExceptionVector::StackFault, error);
        }
        if (!can_write(cpu, stack, address, bytes)) {
            return false;
        }
    }
    for (u64 i = words.size(); i-- != 0;) {
        const bool within = word_address(stack, top + i * bytes, bytes, address);
        RF_ASSERT(within);  // checked above
        const bool written = bytes == sizeof(u16) ? write_word<u16>(cpu, stack, address, words[i])
                                                  : write_word<u32>(cpu, stack, address, words[i]);
        if (!written) {
            return false;
        }
    }
    stack.pointer = top & low_mask(stack.bits());
    return true;
}

void load_legacy_stack(Cpu& cpu, const LegacyStack& stack) {
    cpu.set_segment(SegmentRegister::Ss, stack.segment, stack.base);
    set_stack_pointer(cpu, stack.pointer);
}

}  // namespace ringfence::sim::isa::x86

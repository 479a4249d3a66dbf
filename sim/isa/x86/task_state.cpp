// SPDX-License-Identifier: MIT
#include "sim/isa/x86/task_state.h"

#include "arch/x86/segment_descriptor.h"
#include "arch/x86/task_state_segment.h"
#include "sim/isa/x86/operands.h"

namespace ringfence::sim::isa::x86 {

using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using arch::x86::TaskStateSegment16;
using arch::x86::TaskStateSegment32;
using cpu::SegmentRegister;

namespace {

/// The fields that a switch saves: from the instruction pointer to the last segment register.
struct SavedPart {
    u64 first;
    u64 bytes;
};

constexpr SavedPart saved_part(TaskWidth width) {
    if (width == TaskWidth::Bits32) {
        constexpr u64 first = __builtin_offsetof(TaskStateSegment32, eip);
        return {first, __builtin_offsetof(TaskStateSegment32, ldt) - first};
    }
    constexpr u64 first = __builtin_offsetof(TaskStateSegment16, ip);
    return {first, __builtin_offsetof(TaskStateSegment16, ldt) - first};
}

/// Copies `bytes`, a multiple of `sizeof(Word)`, out of the guest.
template <typename Word>
bool read_words(Cpu& cpu, VirtualAddress from, void* to, usize bytes) {
    for (usize at = 0; at < bytes; at += sizeof(Word)) {
        Word word;
        if (!cpu.mmu.read_system(from + at, word)) {
            return system_fault(cpu);
        }
        __builtin_memcpy(static_cast<u8*>(to) + at, &word, sizeof(word));
    }
    return true;
}

template <typename Word>
void write_words(Cpu& cpu, VirtualAddress to, const void* from, usize bytes) {
    for (usize at = 0; at < bytes; at += sizeof(Word)) {
        Word word;
        __builtin_memcpy(&word, static_cast<const u8*>(from) + at, sizeof(word));
        const bool written = cpu.mmu.write_system(to + at, word);
        RF_ASSERT(written);  // the caller has probed
    }
}

bool read_task32(Cpu& cpu, VirtualAddress tss, TaskState& out) {
    TaskStateSegment32 image;
    if (!read_words<u32>(cpu, tss, &image, sizeof(image))) {
        return false;
    }
    out = {.cr3 = image.cr3,
           .eip = image.eip,
           .eflags = image.eflags,
           .ldt = static_cast<u16>(image.ldt),
           .debug_trap = (image.debug_trap & 1) != 0};
    for (usize i = 0; i < out.registers.size(); ++i) {
        out.registers[i] = image.registers[i];
    }
    for (usize i = 0; i < out.segments.size(); ++i) {
        out.segments[i] = static_cast<u16>(image.segments[i]);
    }
    return true;
}

bool read_task16(Cpu& cpu, VirtualAddress tss, TaskState& out) {
    TaskStateSegment16 image;
    if (!read_words<u16>(cpu, tss, &image, sizeof(image))) {
        return false;
    }
    out = {.eip = image.ip, .eflags = image.flags, .ldt = image.ldt};
    for (usize i = 0; i < out.registers.size(); ++i) {
        out.registers[i] = image.registers[i];
    }
    for (usize i = 0; i < std::size(image.segments); ++i) {
        out.segments[i] = image.segments[i];
    }
    return true;
}

}  // namespace

TaskWidth task_width(u64 descriptor) {
    const auto type = static_cast<SystemSegmentType>(SegmentDescriptor::type.get(descriptor));
    const bool narrow =
        type == SystemSegmentType::Tss16Available || type == SystemSegmentType::Tss16Busy;
    return narrow ? TaskWidth::Bits16 : TaskWidth::Bits32;
}

TaskState TaskState::running(const Cpu& cpu, u64 rip, u64 rflags) {
    TaskState state;
    state.eip = static_cast<u32>(rip);
    state.eflags = static_cast<u32>(rflags);
    for (usize i = 0; i < state.registers.size(); ++i) {
        state.registers[i] = static_cast<u32>(cpu.gpr[static_cast<cpu::Gpr>(i)]);
    }
    for (usize i = 0; i < state.segments.size(); ++i) {
        state.segments[i] = cpu.segment(static_cast<SegmentRegister>(i)).selector;
    }
    return state;
}

bool read_task(Cpu& cpu, VirtualAddress tss, TaskWidth width, TaskState& out) {
    return width == TaskWidth::Bits32 ? read_task32(cpu, tss, out) : read_task16(cpu, tss, out);
}

bool read_previous_task(Cpu& cpu, VirtualAddress tss, u16& out) {
    return cpu.mmu.read_system(tss, out) || system_fault(cpu);
}

bool can_save_task(Cpu& cpu, VirtualAddress tss, TaskWidth width) {
    const SavedPart part = saved_part(width);
    return cpu.mmu.probe_write_system(tss + part.first, part.bytes) || system_fault(cpu);
}

bool can_link_task(Cpu& cpu, VirtualAddress tss) {
    return cpu.mmu.probe_write_system(tss, sizeof(u16)) || system_fault(cpu);
}

void save_task(Cpu& cpu, VirtualAddress tss, TaskWidth width, const TaskState& state) {
    const SavedPart part = saved_part(width);
    if (width == TaskWidth::Bits32) {
        TaskStateSegment32 image{};
        image.eip = state.eip;
        image.eflags = state.eflags;
        for (usize i = 0; i < state.registers.size(); ++i) {
            image.registers[i] = state.registers[i];
        }
        for (usize i = 0; i < state.segments.size(); ++i) {
            image.segments[i] = state.segments[i];
        }
        write_words<u32>(cpu, tss + part.first, &image.eip, part.bytes);
        return;
    }
    TaskStateSegment16 image{};
    image.ip = static_cast<u16>(state.eip);
    image.flags = static_cast<u16>(state.eflags);
    for (usize i = 0; i < state.registers.size(); ++i) {
        image.registers[i] = static_cast<u16>(state.registers[i]);
    }
    for (usize i = 0; i < std::size(image.segments); ++i) {
        image.segments[i] = state.segments[i];
    }
    write_words<u16>(cpu, tss + part.first, &image.ip, part.bytes);
}

void link_task(Cpu& cpu, VirtualAddress tss, u16 previous) {
    write_words<u16>(cpu, tss, &previous, sizeof(previous));
}

}  // namespace ringfence::sim::isa::x86

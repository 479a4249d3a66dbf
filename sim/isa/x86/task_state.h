// SPDX-License-Identifier: MIT
// The registers of a task, and their places in a task-state segment of 32 or 16 bits.
// [intel/vol3]: 8.2.1, 8.6
#pragma once

#include <array>

#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

enum class TaskWidth : u8 { Bits16, Bits32 };

/// By the type of a TSS descriptor, which is one.
[[nodiscard]] TaskWidth task_width(u64 descriptor);

/// What a switch saves and loads. A 16-bit TSS holds the low halves and neither FS, GS nor CR3.
struct TaskState {
    u32 cr3 = 0;
    u32 eip = 0;
    u32 eflags = 0;
    std::array<u32, 8> registers{};
    std::array<u16, cpu::segment_register_count> segments{};
    u16 ldt = 0;
    bool debug_trap = false;

    /// The running task's, with the instruction pointer and the flags that it is to go on with.
    static TaskState running(const Cpu& cpu, u64 rip, u64 rflags);
};

/// The last byte that a switch needs of a TSS, from its start. [intel/vol3]: 8.2.2, 8.6
constexpr u32 smallest_task_limit(TaskWidth width) {
    return width == TaskWidth::Bits32 ? 0x67 : 0x2b;
}

// The functions below access memory as the supervisor, with the translations that are current;
// false means that cpu.pending holds a page fault.

/// Reads what a switch to the task loads.
[[nodiscard]] bool read_task(Cpu& cpu, VirtualAddress tss, TaskWidth width, TaskState& out);
/// The link to the task that was left for this one.
[[nodiscard]] bool read_previous_task(Cpu& cpu, VirtualAddress tss, u16& out);

/// Whether save_task, and link_task, will succeed.
[[nodiscard]] bool can_save_task(Cpu& cpu, VirtualAddress tss, TaskWidth width);
[[nodiscard]] bool can_link_task(Cpu& cpu, VirtualAddress tss);
/// Writes the fields that change while a task runs. can_save_task has said yes.
void save_task(Cpu& cpu, VirtualAddress tss, TaskWidth width, const TaskState& state);
/// Writes the link. can_link_task has said yes.
void link_task(Cpu& cpu, VirtualAddress tss, u16 previous);

}  // namespace ringfence::sim::isa::x86

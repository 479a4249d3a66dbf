// SPDX-License-Identifier: MIT
#include "sim/isa/x86/task_switch.h"

#include "arch/x86/debug_registers.h"
#include "sim/isa/x86/descriptors.h"
#include "sim/isa/x86/legacy_stack.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/task_segments.h"
#include "sim/isa/x86/task_state.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Cr0;
using arch::x86::Dr6;
using arch::x86::Dr7;
using arch::x86::Rflags;
using arch::x86::SystemSegmentType;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SystemSegment;
using How = TaskSwitch::How;

/// Of the type field of TSS descriptors. [intel/vol3]: 8.2.2
constexpr u64 busy = static_cast<u64>(SystemSegmentType::TssBusy) ^
                     static_cast<u64>(SystemSegmentType::TssAvailable);

bool is_task(u64 descriptor, bool wanted_busy) {
    if (SegmentDescriptor::code_or_data.test(descriptor)) {
        return false;
    }
    switch (static_cast<SystemSegmentType>(SegmentDescriptor::type.get(descriptor))) {
        case SystemSegmentType::Tss16Available:
        case SystemSegmentType::TssAvailable:
            return !wanted_busy;
        case SystemSegmentType::Tss16Busy:
        case SystemSegmentType::TssBusy:
            return wanted_busy;
        default:
            return false;
    }
}

/// The task to switch to, and where its descriptor lies.
struct Task {
    SystemSegment segment;
    VirtualAddress descriptor_place;

    [[nodiscard]] VirtualAddress tss() const { return VirtualAddress{segment.base}; }
    [[nodiscard]] TaskWidth width() const { return task_width(segment.descriptor); }
};

bool find_task(Cpu& cpu, const TaskSwitch& to, Task& out) {
    const bool returns = to.how == How::Return;
    const u32 error = selector_error(to.selector) | to.external;
    const auto refused = returns ? ExceptionVector::InvalidTss : ExceptionVector::GeneralProtection;
    if (Selector::is_null(to.selector) || Selector::local.test(to.selector) ||
        !locate_descriptor(cpu, to.selector, sizeof(u64), out.descriptor_place)) {
        return cpu.raise(refused, error);
    }
    u64 descriptor;
    if (!cpu.mmu.read_system(out.descriptor_place, descriptor)) {
        return system_fault(cpu);
    }
    if (!is_task(descriptor, returns)) {
        return cpu.raise(refused, error);
    }
    if (!SegmentDescriptor::present.test(descriptor)) {
        return cpu.raise(ExceptionVector::SegmentNotPresent, error);
    }
    static_cast<cpu::Segment&>(out.segment) = make_segment(to.selector, descriptor);
    out.segment.base = SegmentDescriptor::base(descriptor);
    return out.segment.limit >= smallest_task_limit(out.width()) ||
           cpu.raise(ExceptionVector::InvalidTss, error);
}

/// Where the descriptor of the running task lies; false if its selector is null (no LTR so far) or
/// beyond the GDT, which may have changed since.
bool locate_running_task(const Cpu& cpu, VirtualAddress& out) {
    return !Selector::is_null(cpu.task.selector) &&
           locate_descriptor(cpu, cpu.task.selector, sizeof(u64), out);
}

/// Everything that the switch will write can be written: from here on it cannot fail.
/// [intel/vol3]: 8.3, step 5
bool can_commit(Cpu& cpu, const TaskSwitch& to, const Task& next) {
    const TaskWidth width = task_width(cpu.task.descriptor);
    if (!cpu.task.usable || cpu.task.limit < smallest_task_limit(width)) {
        return cpu.raise(ExceptionVector::InvalidTss,
                         selector_error(cpu.task.selector) | to.external);
    }
    VirtualAddress running;
    const bool clears_busy = to.how == How::Jump || to.how == How::Return;
    if (clears_busy && locate_running_task(cpu, running) &&
        !cpu.mmu.probe_write_system(running, sizeof(u64))) {
        return system_fault(cpu);
    }
    if (to.how != How::Return && !cpu.mmu.probe_write_system(next.descriptor_place, sizeof(u64))) {
        return system_fault(cpu);
    }
    const bool links = to.how == How::Call || to.how == How::Event;
    return can_save_task(cpu, VirtualAddress{cpu.task.base}, width) &&
           (!links || can_link_task(cpu, next.tss()));
}

void set_busy(Cpu& cpu, VirtualAddress descriptor_place, bool value) {
    u64 descriptor;
    bool done = cpu.mmu.read_system(descriptor_place, descriptor);
    const u64 type = SegmentDescriptor::type.get(descriptor);
    descriptor = SegmentDescriptor::type.set(descriptor, value ? type | busy : type & ~busy);
    done = done && cpu.mmu.write_system(descriptor_place, descriptor);
    RF_ASSERT(done);  // can_commit has probed
}

/// Saves the running task. [intel/vol3]: 8.3, steps 6 to 8
void leave_task(Cpu& cpu, const TaskSwitch& to) {
    VirtualAddress running;
    const bool clears_busy = to.how == How::Jump || to.how == How::Return;
    if (clears_busy && locate_running_task(cpu, running)) {
        set_busy(cpu, running, false);
    }
    u64 rflags = to.saved_rflags;
    if (to.how == How::Return) {
        rflags = Rflags::nt.set(rflags, 0);
    }
    save_task(cpu, VirtualAddress{cpu.task.base}, task_width(cpu.task.descriptor),
              TaskState::running(cpu, to.return_rip, rflags));
}

/// Links to the task that is left, and loads TR. [intel/vol3]: 8.3, steps 9 to 11
void enter_task(Cpu& cpu, const TaskSwitch& to, Task& next, TaskState& state) {
    if (to.how == How::Call || to.how == How::Event) {
        link_task(cpu, next.tss(), cpu.task.selector);
        state.eflags |= Rflags::nt.mask;
    }
    if (to.how != How::Return) {
        set_busy(cpu, next.descriptor_place, true);
        next.segment.descriptor |= SegmentDescriptor::type.make(busy);
    }
    cpu.task = next.segment;
}

/// The registers that cannot be refused. [intel/vol3]: 8.3, step 12
void load_registers(Cpu& cpu, const TaskState& state) {
    const bool accepted = cpu.set_cr0(cpu.cr0() | Cr0::ts.mask);
    RF_ASSERT(accepted);  // TS changes no mapping
    for (usize i = 0; i < state.registers.size(); ++i) {
        cpu.gpr[static_cast<Gpr>(i)] = state.registers[i];
    }
    cpu.rip = state.eip;
    cpu.set_rflags(state.eflags);
    load_task_selectors(cpu, state);
    // The breakpoints that are local to the old task. [intel/vol3]: 18.2.4
    cpu.set_dr7(cpu.dr7() & ~(Dr7::local_enables | Dr7::local_exact.mask));
}

/// False: the new CR3 names no valid page-directory-pointer table.
bool load_root(Cpu& cpu, TaskWidth width, const TaskState& state) {
    return width == TaskWidth::Bits16 || !Cr0::pg.test(cpu.cr0()) || cpu.set_cr3(state.cr3);
}

bool push_error_code(Cpu& cpu, TaskWidth width, const TaskSwitch& to) {
    if (!to.error_code) {
        return true;
    }
    const u64 word = *to.error_code;
    LegacyStack stack = LegacyStack::current(cpu);
    const unsigned bytes = width == TaskWidth::Bits32 ? sizeof(u32) : sizeof(u16);
    if (!push_words(cpu, stack, std::span{&word, 1}, bytes, to.external)) {
        return false;
    }
    load_legacy_stack(cpu, stack);
    return true;
}

/// The parts of the switch whose errors are the new task's.
bool complete(Cpu& cpu, const TaskSwitch& to, TaskWidth width, const TaskState& state) {
    return load_root(cpu, width, state) && load_task_descriptors(cpu, state, to.external) &&
           push_error_code(cpu, width, to) &&
           (cpu.rip <= cpu.segment(cpu::SegmentRegister::Cs).limit ||
            cpu.raise(ExceptionVector::GeneralProtection, to.external));
}

}  // namespace

bool switch_task(Cpu& cpu, const TaskSwitch& to) {
    Task next;
    TaskState state;
    if (!find_task(cpu, to, next) || !read_task(cpu, next.tss(), next.width(), state) ||
        !can_commit(cpu, to, next)) {
        return false;
    }
    leave_task(cpu, to);
    enter_task(cpu, to, next, state);
    load_registers(cpu, state);
    if (!complete(cpu, to, next.width(), state)) {
        cpu.deferred = cpu.pending;
    }
    if (state.debug_trap) {
        cpu.due_debug |= Dr6::bt.mask;
    }
    return true;
}

bool return_to_previous_task(Cpu& cpu, u64 return_rip) {
    u16 previous;
    if (!read_previous_task(cpu, VirtualAddress{cpu.task.base}, previous)) {
        return false;
    }
    return switch_task(cpu, {.selector = previous,
                             .how = How::Return,
                             .return_rip = return_rip,
                             .saved_rflags = cpu.rflags(),
                             .external = 0,
                             .error_code = {}});
}

}  // namespace ringfence::sim::isa::x86

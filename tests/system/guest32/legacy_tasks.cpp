// SPDX-License-Identifier: MIT
// Hardware task switches: what is saved and loaded, links and busy flags, refusals, and errors that
// are the new task's. [intel/vol3]: chapter 8
#include "arch/x86/cr0.h"
#include "arch/x86/debug_registers.h"
#include "arch/x86/segment_descriptor.h"
#include "arch/x86/selector_error_code.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest32/traps.h"

asm(R"(
        .text
        // A task that counts and goes back, again and again.
        .globl counting_task
counting_task:
        incl    task_runs
        iretl
        jmp     counting_task

        // One that was jumped to: it jumps back.
        .globl jumping_task
jumping_task:
        incl    task_runs
        ljmp    $0x28, $0xf4f4f4f4
        jmp     jumping_task

        // Handlers with an error code, which they keep with their stack pointer. One makes the main
        // task go on where runs end, and goes back; the other jumps to the main task.
        .globl fault_task, new_task_fault
fault_task:
        movl    %esp, fault_task_esp
        popl    fault_task_error
        incl    task_runs
        movl    main_task_eip, %eax
        movl    $resume_here, (%eax)
        iretl
        jmp     fault_task
new_task_fault:
        popl    fault_task_error
        ljmp    $0x28, $0
        jmp     new_task_fault

        // A far call or jump to the task 0x30; the offset must be ignored.
        .globl call_task, call_task_twice, jump_task, call_gate
call_task:
        lcall   $0x30, $0xf4f4f4f4
        ret
call_task_twice:
        lcall   $0x30, $0xf4f4f4f4
        lcall   $0x30, $0xf4f4f4f4
        ret
jump_task:
        ljmp    $0x30, $0xf4f4f4f4
        ret
call_gate:
        lcall   $0x3b, $0xf4f4f4f4
        ret
        .globl int_41, load_bad_ds, iret_nested
int_41:
        int     $0x41
        ret
load_bad_ds:
        pushl   $0xf8
        popl    %ds
        ret
iret_nested:
        pushfl
        orl     $0x4000, (%esp)
        popfl
        iretl

        // 16-bit task code: offset 0 of its segment
        .code16
        .globl task16
task16:
        incw    %ax
        iretw
        jmp     task16
        .code32

        .bss
        .globl task_runs, fault_task_esp, fault_task_error, main_task_eip
task_runs:
        .skip   4
fault_task_esp:
        .skip   4
fault_task_error:
        .skip   4
main_task_eip:
        .skip   4
)");

extern "C" {
extern const ringfence::u8 counting_task[], jumping_task[], fault_task[], new_task_fault[],
    call_task[], call_task_twice[], jump_task[], call_gate[], int_41[], load_bad_ds[],
    iret_nested[], task16[];
extern volatile ringfence::u32 task_runs, fault_task_esp, fault_task_error, main_task_eip;
}

namespace ringfence::system_test {

namespace {
using arch::x86::Cr0;
using arch::x86::Gate;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using arch::x86::SelectorErrorCode;
using arch::x86::SystemSegmentType;
using arch::x86::TaskStateSegment16;
using arch::x86::TaskStateSegment32;
using enum arch::x86::ExceptionVector;
using Vector = arch::x86::ExceptionVector;

constexpr u16 task = free_selector;
constexpr u16 gate = free_selector + 8;
constexpr u16 handler_task = free_selector + 16;
constexpr u16 spare = free_selector + 24;
constexpr u16 code16 = free_selector + 32;
constexpr u64 busy = SegmentDescriptor::type.make(2);

alignas(128) TaskStateSegment32 state;
alignas(128) TaskStateSegment32 handler_state;
alignas(64) TaskStateSegment16 state16;
alignas(16) u8 task_stack[4096];
alignas(16) u8 handler_stack[4096];

template <typename T>
u32 address(const T* object) {
    return reinterpret_cast<u32>(object);
}
u32 top(const u8 (&stack)[4096]) {
    return address(stack) + sizeof stack;
}

TaskStateSegment32 fresh(const u8* entry, u32 stack) {
    TaskStateSegment32 made{};
    made.eip = address(entry);
    made.eflags = static_cast<u32>(Rflags::fixed_one.mask);
    for (u32 i = 0; i < 8; ++i) {
        made.registers[i] = 0x1111 * i;
    }
    made.registers[4] = stack;
    for (u32& selector : made.segments) {
        selector = kernel_data;
    }
    made.segments[1] = kernel_code;
    made.inner_stacks[0] = {.esp = inner_stack_top(), .ss = kernel_data};
    return made;
}

u64 available(const TaskStateSegment32& tss, u32 bytes = sizeof(TaskStateSegment32)) {
    return SegmentDescriptor::tss_low(address(&tss), bytes - 1);
}

bool is_busy(u16 selector) {
    return (descriptor(selector) & busy) != 0;
}

/// The task 0x30, at `entry`, and a gate to it for anybody.
void set_task(const u8* entry) {
    state = fresh(entry, top(task_stack));
    set_descriptor(task, available(state));
    set_descriptor(gate, Gate::make(0, task, SystemSegmentType::TaskGate, 3));
    task_runs = 0;
}

Trap run(const u8* code) {
    return run_in_supervisor(address(code));
}

u32 read_eflags() {
    u32 value;
    asm volatile("pushfl; popl %0" : "=r"(value));
    return value;
}
u32 read_cr0() {
    u32 value;
    asm volatile("movl %%cr0, %0" : "=r"(value));
    return value;
}
void clear_task_switched() {
    asm volatile("clts");
}

void test_calls() {
    Group group("CALL and IRET");
    set_task(counting_task);
    clear_task_switched();
    const Trap trap = run(call_task);
    group.expect_equal("came back", trap.vector, Trap::none);
    group.expect_equal("ran", task_runs, 1);
    group.expect_equal("the link", state.previous_task & 0xffff, main_task);
    group.expect_equal("the task is free again", is_busy(task), false);
    group.expect_equal("ours is busy", is_busy(main_task), true);
    group.expect_equal("CR0.TS", read_cr0() & Cr0::ts.mask, Cr0::ts.mask);
    group.expect_equal("NT here", read_eflags() & Rflags::nt.mask, 0);
    group.expect_equal("NT there", state.eflags & Rflags::nt.mask, 0);
    group.expect_equal("it goes on behind its IRET", state.eip, address(counting_task) + 7);
    group.expect_equal("our EIP", main_state().eip, address(call_task) + 7);
    run(call_task_twice);
    group.expect_equal("twice more", task_runs, 3);
    group.expect_equal("its stack", state.registers[4], top(task_stack));
    group.expect_equal("its registers", state.registers[7], 0x7777);
}

void test_jumps() {
    Group group("JMP");
    set_task(jumping_task);
    const Trap trap = run(jump_task);
    group.expect_equal("came back", trap.vector, Trap::none);
    group.expect_equal("ran", task_runs, 1);
    group.expect_equal("no link", state.previous_task & 0xffff, 0);
    group.expect_equal("no NT", state.eflags & Rflags::nt.mask, 0);
    group.expect_equal("the task is free again", is_busy(task), false);
    group.expect_equal("ours is busy", is_busy(main_task), true);
}

void test_gates() {
    Group group("task gates");
    set_task(counting_task);
    group.expect_equal("in the GDT", run(call_gate).vector, Trap::none);
    group.expect_equal("ran", task_runs, 1);
    set_gate(0x41, Gate::make(0, task, SystemSegmentType::TaskGate, 3));
    group.expect_equal("INT n", run(int_41).vector, Trap::none);
    group.expect_equal("ran", task_runs, 2);
    group.expect_equal("from CPL 3", run_in_user(address(int_41)).is(PageFault), false);
    group.expect_equal("ran", task_runs, 3);
    set_gate(0x41, recording_gate(0x41));
}

void test_error_codes() {
    Group group("exceptions bring their error codes");
    constexpr auto gp = static_cast<u8>(GeneralProtection);
    set_task(fault_task);
    set_gate(gp, Gate::make(0, task, SystemSegmentType::TaskGate, 0));
    main_task_eip = address(&main_state().eip);
    group.expect_equal("came back", run(load_bad_ds).vector, Trap::none);
    set_gate(gp, recording_gate(gp));
    group.expect_equal("ran", task_runs, 1);
    group.expect_equal("error code", fault_task_error, 0xf8);
    group.expect_equal("on its stack", fault_task_esp, top(task_stack) - 4);
    group.expect_equal("ours is busy", is_busy(main_task), true);
}

void test_16_bit_task() {
    Group group("16-bit tasks");
    state16 = {};
    state16.flags = static_cast<u16>(Rflags::fixed_one.mask);
    state16.registers[0] = 0x4321;
    state16.registers[4] = 0x0ff0;
    state16.segments[0] = state16.segments[2] = state16.segments[3] = spare;
    state16.segments[1] = code16;
    set_descriptor(code16, SegmentDescriptor::paragraphs(0) | SegmentDescriptor::code.mask |
                               SegmentDescriptor::base_low.make(address(task16)));
    set_descriptor(spare, SegmentDescriptor::paragraphs(0) |
                              SegmentDescriptor::base_low.make(address(task_stack)));
    const u64 type = SegmentDescriptor::type.mask;
    set_descriptor(
        task,
        (SegmentDescriptor::tss_low(address(&state16), sizeof state16 - 1) & ~type) |
            SegmentDescriptor::type.make(static_cast<u64>(SystemSegmentType::Tss16Available)));
    group.expect_equal("came back", run(call_task).vector, Trap::none);
    group.expect_equal("AX", state16.registers[0], 0x4322);
    group.expect_equal("IP", state16.ip, 2);
    group.expect_equal("SP", state16.registers[4], 0x0ff0);
    group.expect_equal("again", run(call_task).vector, Trap::none);
    group.expect_equal("AX", state16.registers[0], 0x4323);
}

void expect_refused(Group& group, const char* what, const Trap& trap, Vector wanted,
                    u32 error_code) {
    group.expect_equal(what, trap.vector, static_cast<u32>(wanted));
    group.expect_equal(what, trap.frame.error_code, error_code);
    group.expect_equal(what, is_busy(main_task), true);
    group.expect_equal(what, task_runs, 0);
}

void test_refusals() {
    Group group("refusals");
    set_task(counting_task);
    set_descriptor(task, available(state) | busy);
    expect_refused(group, "busy, by a gate", run(call_gate), GeneralProtection, task);
    set_descriptor(task, SegmentDescriptor::present.set(available(state), 0));
    expect_refused(group, "absent", run(jump_task), SegmentNotPresent, task);
    set_descriptor(task, available(state, 0x67));
    expect_refused(group, "too short", run(jump_task), InvalidTss, task);
    set_descriptor(task, available(state));
    set_descriptor(gate, Gate::make(0, task | 4, SystemSegmentType::TaskGate, 3));
    expect_refused(group, "gate to the LDT", run(call_gate), GeneralProtection, task | 4);
    expect_refused(group, "from CPL 3", run_in_user(address(jump_task)), GeneralProtection, task);
    main_state().previous_task = task;
    expect_refused(group, "IRET to a task that is not busy", run(iret_nested), InvalidTss, task);
    main_state().previous_task = 0;
}

/// The task 0x40 handles `vector`: it keeps the error code, and jumps back.
void set_fault_handler(Vector vector) {
    handler_state = fresh(new_task_fault, top(handler_stack));
    set_descriptor(handler_task, available(handler_state));
    set_gate(static_cast<u8>(vector), Gate::make(0, handler_task, SystemSegmentType::TaskGate, 0));
}

void test_new_tasks_errors() {
    Group group("errors that are the new task's");
    const struct {
        const char* what;
        unsigned segment;
        u32 selector;
        Vector vector;
        u32 error_code;
    } rows[] = {
        {"null CS", 1, 0, InvalidTss, 0},
        {"CS that is data", 1, kernel_data, InvalidTss, kernel_data},
        {"null SS", 2, 0, InvalidTss, 0},
        {"SS of another level", 2, user_data, InvalidTss, user_data & ~3U},
        {"absent DS", 3, spare, SegmentNotPresent, spare},
        {"GS beyond the table", 5, gdt_bytes, InvalidTss, gdt_bytes},
    };
    set_descriptor(spare, SegmentDescriptor::present.set(SegmentDescriptor::flat_data(0), 0));
    for (const auto& row : rows) {
        set_task(counting_task);
        state.segments[row.segment] = row.selector;
        set_fault_handler(row.vector);
        fault_task_error = ~0U;
        const Trap trap = run(jump_task);
        set_gate(static_cast<u8>(row.vector), recording_gate(static_cast<u8>(row.vector)));
        group.expect_equal(row.what, trap.vector, Trap::none);
        group.expect_equal(row.what, fault_task_error, row.error_code);
        group.expect_equal(row.what, handler_state.previous_task & 0xffff, task);
        group.expect_equal(row.what, state.eip, address(counting_task));
        group.expect_equal(row.what, is_busy(task), true);
    }
}

void test_debug_trap() {
    Group group("the T flag");
    set_task(jumping_task);
    state.debug_trap = 1;
    asm volatile("movl %0, %%dr6" : : "r"(0));
    const Trap trap = run(jump_task);
    u32 dr6;
    asm volatile("movl %%dr6, %0" : "=r"(dr6));
    group.expect_equal("vector", trap.vector, static_cast<u32>(Debug));
    group.expect_equal("before its first instruction", trap.frame.eip, address(jumping_task));
    group.expect_equal("DR6.BT", dr6 & arch::x86::Dr6::bt.mask, arch::x86::Dr6::bt.mask);
    if (trap.vector != Trap::none) {  // the run ended in the other task
        set_descriptor(main_task, descriptor(main_task) & ~busy);
        asm volatile("ltr %w0" : : "r"(u32{main_task}));
    }
}
}  // namespace

void run_tests() {
    test_calls();
    test_jumps();
    test_gates();
    test_16_bit_task();
    test_refusals();
    test_error_codes();
    test_debug_trap();
    test_new_tasks_errors();
}

}  // namespace ringfence::system_test

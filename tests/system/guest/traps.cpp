// SPDX-License-Identifier: MIT
#include "tests/system/guest/traps.h"

#include "arch/x86/efer.h"
#include "arch/x86/idt_gate.h"
#include "arch/x86/pte_4level.h"
#include "arch/x86/segment_descriptor.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/report.h"

extern "C" {
extern ringfence::u8 trap_entries[];
extern const ringfence::u8 resume_here[];
extern ringfence::u64 resume_rsp;
void run_supervisor(ringfence::u64 function, ringfence::u64 argument);
void run_iret(ringfence::u64 argument, const ringfence::u64* frame);
void run_sysret(ringfence::u64 argument, ringfence::u64 rip, ringfence::u64 rflags,
                ringfence::u64 rsp);
void handle_trap(ringfence::system_test::TrapFrame& frame);
}

namespace ringfence::system_test {

namespace {
using arch::x86::IdtGate64;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using Pte = arch::x86::Pte4Level;

constexpr u64 stack_bytes = 8192;
/// Root slot of the user code and stack: 1 TiB, away from what the tests map themselves.
constexpr u64 user_base = 0x100'0000'0000;

alignas(16) u8 trap_stack[stack_bytes];
alignas(16) u8 ist_stacks[7][stack_bytes];
alignas(4096) u8 user_stack[4096];
alignas(4096) u64 user_pointers[512];
alignas(4096) u64 user_directory[512];
alignas(4096) u64 user_table[512];
alignas(16) IdtGate64 idt[arch::x86::vector_count];
alignas(16) u64 gdt[11];
alignas(128) arch::x86::TaskStateSegment64 tss;
Handler handlers[arch::x86::vector_count];

bool running = false;
Trap last;

constexpr u64 user_entry = Pte::present.mask | Pte::writable.mask | Pte::user.mask;

template <typename T>
u64 physical(const T* object) {
    return reinterpret_cast<u64>(object);
}

void set_up_gdt() {
    gdt[1] = SegmentDescriptor::flat_code64(0);
    gdt[2] = SegmentDescriptor::flat_data(0);
    gdt[3] = SegmentDescriptor::flat_code32(3);
    gdt[4] = SegmentDescriptor::flat_data(3);
    gdt[5] = SegmentDescriptor::flat_code64(3);
    gdt[6] = SegmentDescriptor::tss_low(physical(&tss), sizeof tss - 1);
    gdt[7] = SegmentDescriptor::tss_high(physical(&tss));
    gdt[8] = SegmentDescriptor::flat_data(0) & ~SegmentDescriptor::present.mask;
    gdt[9] = SegmentDescriptor::flat_code64(0);
    const arch::x86::DescriptorTablePointer pointer{sizeof gdt - 1, physical(gdt)};
    asm volatile("lgdt %0" : : "m"(pointer));
    asm volatile("lldt %w0" : : "r"(0));
    asm volatile("ltr %0" : : "r"(task_state));
}

void set_up_idt() {
    for (unsigned vector = 0; vector < arch::x86::vector_count; ++vector) {
        set_gate(vector, 0, vector == done_vector ? 3 : 0);
    }
    const arch::x86::DescriptorTablePointer pointer{sizeof idt - 1, physical(idt)};
    asm volatile("lidt %0" : : "m"(pointer));
}

void map_user_pages() {
    boot_root[user_base >> 39] = physical(user_pointers) | user_entry;
    user_pointers[0] = physical(user_directory) | user_entry;
    user_directory[0] = physical(user_table) | user_entry;
    user_table[0] = physical(user_text_start) | user_entry;
    user_table[1] = physical(user_stack) | user_entry;
}

template <typename Run>
Trap recorded(Run run) {
    last = {};
    running = true;
    run();
    running = false;
    return last;
}
}  // namespace

void set_gate(u64 vector, unsigned ist, unsigned privilege, bool trap_gate) {
    idt[vector] = IdtGate64::make(
        physical(trap_entries) + vector * 16, kernel_code,
        trap_gate ? SystemSegmentType::TrapGate : SystemSegmentType::InterruptGate, privilege, ist);
}

void set_gate_present(u64 vector, bool present) {
    idt[vector].low = IdtGate64::present.set(idt[vector].low, present);
}

void set_gate_selector(u64 vector, u16 selector) {
    idt[vector].low = IdtGate64::selector.set(idt[vector].low, selector);
}

void set_ist_top(unsigned number, u64 top) {
    tss.ist[number - 1] = top;
}

void set_handler(u64 vector, Handler handler) {
    handlers[vector] = handler;
}

u64 ist_top(unsigned number) {
    return physical(ist_stacks[number - 1]) + stack_bytes;
}
u64 trap_stack_top() {
    return physical(trap_stack) + stack_bytes;
}
u64 user_address(const void* symbol) {
    return user_base + (reinterpret_cast<u64>(symbol) - physical(user_text_start));
}
u64 user_stack_top() {
    return user_base + 4096 + sizeof user_stack;
}

void set_up_traps() {
    constexpr u16 pic_masks[] = {0x21, 0xa1};  // whatever firmware left behind: no interrupts
    for (const u16 port : pic_masks) {
        out8(port, 0xff);
    }
    tss.rsp[0] = trap_stack_top();
    for (unsigned number = 1; number <= 7; ++number) {
        tss.ist[number - 1] = ist_top(number);
    }
    tss.io_map_base = sizeof tss;
    set_up_gdt();
    set_up_idt();
    map_user_pages();
    write_msr(arch::x86::Msr::IA32_STAR, arch::x86::Star::syscall_selector.make(kernel_code) |
                                             arch::x86::Star::sysret_selector.make(user_code32));
    write_msr(arch::x86::Msr::IA32_LSTAR, reinterpret_cast<u64>(syscall_landing));
    write_msr(arch::x86::Msr::IA32_FMASK, Rflags::interrupt.mask | Rflags::tf.mask);
}

Trap run_in_supervisor(u64 function, u64 argument) {
    return recorded([&] { run_supervisor(function, argument); });
}

Trap run_by_iret(u64 argument, const u64 (&frame)[5]) {
    return recorded([&] { run_iret(argument, frame); });
}

Trap run_in_user(u64 rip, u64 argument, u64 rflags) {
    const u64 frame[5] = {rip, user_code64, rflags, user_stack_top(), user_data};
    return run_by_iret(argument, frame);
}

Trap run_by_sysret(u64 rip, u64 rflags, u64 rsp) {
    return recorded([&] { run_sysret(0, rip, rflags, rsp); });
}

}  // namespace ringfence::system_test

using namespace ringfence;

void handle_trap(system_test::TrapFrame& frame) {
    using namespace ringfence::system_test;
    if (const Handler handler = handlers[frame.vector]; handler != nullptr) {
        return handler(frame);
    }
    if (!running) {
        out << "# trap " << Hex{frame.vector} << " error " << Hex{frame.error_code} << " at "
            << Hex{frame.rip} << " cr2 " << Hex{read_cr2()} << "\n";
        RF_UNREACHABLE("a trap outside of a test");
    }
    last = {frame.vector == done_vector ? Trap::none : frame.vector,
            frame.error_code,
            read_cr2(),
            frame.rip,
            frame.cs,
            frame.rflags,
            frame.rsp,
            frame.ss,
            reinterpret_cast<u64>(&frame)};
    frame.rip = reinterpret_cast<u64>(resume_here);
    frame.cs = kernel_code;
    frame.rflags = Rflags::fixed_one.mask;
    frame.rsp = resume_rsp;
    frame.ss = kernel_data;
}

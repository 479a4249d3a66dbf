// SPDX-License-Identifier: MIT
#include "tests/system/guest32/traps.h"

#include "arch/x86/segment_descriptor.h"
#include "guest/bare_metal/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"

extern "C" {
void run_supervisor(ringfence::u32 function, ringfence::u32 argument);
void run_iret(const ringfence::u32* words, ringfence::u32 count);
void record_trap(const ringfence::system_test::TrapFrame* frame);
void set_up_descriptors();
void start_tests();
}

namespace ringfence::system_test {

namespace {
using arch::x86::Gate;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using arch::x86::TaskStateSegment32;

alignas(16) u8 inner_stack[8192];
alignas(16) u8 user_stack[4096];
alignas(16) u64 idt[arch::x86::vector_count];
alignas(16) u64 gdt[gdt_bytes / sizeof(u64)];
/// With an I/O map that permits nothing, and a redirection map in front of it.
struct RF_PACKED MainTask {
    TaskStateSegment32 state;
    u8 redirection[32];
    u8 io_map[129];
};
alignas(256) MainTask main;

bool running = false;
Trap last;

struct RF_PACKED TablePointer {
    u16 limit;
    u32 base;
};

template <typename T>
u32 address(const T* object) {
    return reinterpret_cast<u32>(object);
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

void set_descriptor(u16 selector, u64 descriptor) {
    gdt[selector / 8] = descriptor;
}
u64 descriptor(u16 selector) {
    return gdt[selector / 8];
}
void set_gate(u8 vector, u64 gate) {
    idt[vector] = gate;
}
u64 recording_gate(u8 vector, u16 selector, SystemSegmentType type, unsigned privilege) {
    return Gate::make(address(trap_entries) + vector * 16U, selector, type, privilege);
}
TaskStateSegment32& main_state() {
    return main.state;
}
u32 inner_stack_top() {
    return address(inner_stack) + sizeof inner_stack;
}
u32 user_stack_top() {
    return address(user_stack) + sizeof user_stack;
}

Trap run_in_supervisor(u32 function, u32 argument) {
    return recorded([&] { run_supervisor(function, argument); });
}

Trap run_by_iret(const u32* words, u32 count) {
    return recorded([&] { run_iret(words, count); });
}

Trap run_in_user(u32 eip) {
    return run_by_iret({eip, user_code, static_cast<u32>(arch::x86::Rflags::fixed_one.mask),
                        user_stack_top(), user_data});
}

}  // namespace ringfence::system_test

using namespace ringfence;
using namespace ringfence::system_test;

void record_trap(const TrapFrame* frame) {
    if (!running) {
        out << "# trap " << Hex{frame->vector} << " error " << Hex{frame->error_code} << " at "
            << Hex{frame->eip} << "\n";
        RF_UNREACHABLE("a trap outside of a test");
    }
    last.frame = *frame;
    last.vector = frame->vector == done_vector ? Trap::none : frame->vector;
    last.frame_address = reinterpret_cast<u32>(frame);
}

void set_up_descriptors() {
    set_descriptor(kernel_code, SegmentDescriptor::flat_code32(0));
    set_descriptor(kernel_data, SegmentDescriptor::flat_data(0));
    set_descriptor(user_code, SegmentDescriptor::flat_code32(3));
    set_descriptor(user_data, SegmentDescriptor::flat_data(3));
    set_descriptor(main_task,
                   SegmentDescriptor::tss_low(reinterpret_cast<u32>(&main), sizeof(MainTask) - 1));
    main.state.inner_stacks[0] = {.esp = inner_stack_top(), .ss = kernel_data};
    main.state.io_map_base = sizeof(TaskStateSegment32) + sizeof main.redirection;
    for (u8& ports : main.io_map) {
        ports = 0xff;
    }
    for (unsigned vector = 0; vector < arch::x86::vector_count; ++vector) {
        const auto number = static_cast<u8>(vector);
        set_gate(number, recording_gate(number, kernel_code, SystemSegmentType::InterruptGate,
                                        vector == done_vector ? 3 : 0));
    }
    const TablePointer gdt_pointer{gdt_bytes - 1, reinterpret_cast<u32>(gdt)};
    const TablePointer idt_pointer{sizeof idt - 1, reinterpret_cast<u32>(idt)};
    asm volatile("lgdt %0" : : "m"(gdt_pointer));
    asm volatile("lidt %0" : : "m"(idt_pointer));
    asm volatile("lldt %w0" : : "r"(0));
    asm volatile("ltr %w0" : : "r"(u32{main_task}));
}

void start_tests() {
    constexpr u16 pic_masks[] = {0x21, 0xa1};  // whatever firmware left behind: no interrupts
    for (const u16 port : pic_masks) {
        bare_metal::out8(port, 0xff);
    }
    out << "KTAP version 1\n";
    run_tests();
    finish();
}

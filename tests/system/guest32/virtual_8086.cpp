// SPDX-License-Identifier: MIT
// Virtual-8086 mode: how it is entered and left, what IOPL guards, ports, and what CR4.VME adds.
// [intel/vol3]: 21.2, 21.3
#include "arch/x86/cr4.h"
#include "arch/x86/rflags.h"
#include "arch/x86/segment_descriptor.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest32/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::Cr4;
using arch::x86::Gate;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using enum arch::x86::ExceptionVector;

constexpr u32 program = 0x9000;
constexpr u16 paragraph = program / 16;
constexpr u32 program_sp = 0x4000;
constexpr u8 vector = 0x41;

template <typename T>
volatile T* low_memory(u32 address) {
    asm("" : "+r"(address));  // address 0 is a good one here
    return reinterpret_cast<volatile T*>(address);
}

/// A few bytes of 16-bit code.
struct Code {
    u8 bytes[12];
};

/// Runs `code` in virtual-8086 mode until it traps.
Trap run(const Code& code, unsigned iopl, u32 more_flags = 0) {
    for (u32 i = 0; i < sizeof code.bytes; ++i) {
        *low_memory<u8>(program + i) = code.bytes[i];
    }
    const auto flags =
        static_cast<u32>(Rflags::fixed_one.mask | Rflags::vm.mask | Rflags::iopl.make(iopl)) |
        more_flags;
    return run_by_iret({0, paragraph, flags, program_sp, paragraph, paragraph + 1, paragraph + 2,
                        paragraph + 3, paragraph + 4});
}

void expect_trap(Group& group, const char* what, const Trap& trap, u32 wanted, u32 eip) {
    group.expect_equal(what, trap.vector, wanted);
    group.expect_equal(what, trap.frame.eip, eip);
}
constexpr auto gp = static_cast<u32>(GeneralProtection);
constexpr auto ud = static_cast<u32>(InvalidOpcode);

void test_entry_and_exit() {
    Group group("in and out");
    const Trap trap = run({{0x0f, 0x0b}}, 0);  // ud2
    expect_trap(group, "UD2", trap, ud, 0);
    group.expect_equal("CS", trap.frame.cs, paragraph);
    group.expect_equal("VM", trap.frame.eflags & Rflags::vm.mask, Rflags::vm.mask);
    group.expect_equal("ESP", trap.frame.esp, program_sp);
    group.expect_equal("SS", trap.frame.ss, paragraph);
    group.expect_equal("ES", trap.frame.es, paragraph + 1);
    group.expect_equal("DS", trap.frame.ds, paragraph + 2);
    group.expect_equal("FS", trap.frame.fs, paragraph + 3);
    group.expect_equal("GS", trap.frame.gs, paragraph + 4);
    *low_memory<u8>(program + 16 * 7 + 2) = 0x5a;
    // mov $paragraph+7, %ax; mov %ax, %ds; mov 2, %bl; ud2
    const Trap read = run({{0xb8, (paragraph + 7) & 0xff, (paragraph + 7) >> 8, 0x8e, 0xd8, 0x8a,
                            0x1e, 0x02, 0x00, 0x0f, 0x0b}},
                          0);
    group.expect_equal("a paragraph as a base", read.frame.ebx & 0xff, 0x5a);
}

void test_iopl() {
    Group group("what IOPL guards");
    set_gate(vector, recording_gate(vector, kernel_code, SystemSegmentType::InterruptGate, 3));
    const struct {
        const char* what;
        Code code;
    } guarded[] = {{"CLI", {{0xfa}}},  {"STI", {{0xfb}}},           {"PUSHF", {{0x9c}}},
                   {"POPF", {{0x9d}}}, {"INT n", {{0xcd, vector}}}, {"IRET", {{0xcf}}}};
    for (const auto& row : guarded) {
        expect_trap(group, row.what, run(row.code, 2), gp, 0);
    }
    expect_trap(group, "INT n with IOPL 3", run({{0xcd, vector}}, 3), vector, 2);
    expect_trap(group, "HLT", run({{0xf4}}, 3), gp, 0);
    // cli; pushf; pop %ax; ud2
    const Trap trap =
        run({{0xfa, 0x9c, 0x58, 0x0f, 0x0b}}, 3, static_cast<u32>(Rflags::interrupt.mask));
    expect_trap(group, "CLI and PUSHF with IOPL 3", trap, ud, 3);
    group.expect_equal("FLAGS", trap.frame.eax & 0xffff, 0x3002);
    // push $0x0ed7; push %cs; push $7; iret; ud2
    const Trap back = run({{0x68, 0xd7, 0x0e, 0x0e, 0x6a, 0x07, 0xcf, 0x0f, 0x0b}}, 3);
    expect_trap(group, "IRET with IOPL 3", back, ud, 7);
    group.expect_equal("IOPL stays", Rflags::iopl.get(back.frame.eflags), 3);
    set_gate(vector, recording_gate(vector));
}

void test_missing_instructions() {
    Group group("what does not exist there");
    const Code forms[] = {{{0x0f, 0x00, 0xc0}}, {{0x0f, 0x02, 0xc0}}, {{0x63, 0xc0}}};
    for (const Code& form : forms) {
        expect_trap(group, "SLDT, LAR, ARPL", run(form, 3), ud, 0);
    }
}

void test_ports() {
    Group group("ports");
    u8* const io_map = reinterpret_cast<u8*>(&main_state()) + main_state().io_map_base;
    expect_trap(group, "IN that the map forbids", run({{0xe4, 0x40}}, 3), gp, 0);
    io_map[0x80 / 8] = 0xfe;
    expect_trap(group, "OUT that it permits", run({{0xe6, 0x80, 0x0f, 0x0b}}, 0), ud, 2);
    io_map[0x80 / 8] = 0xff;
}

void test_handlers() {
    Group group("a handler must be of level 0");
    set_descriptor(free_selector,
                   SegmentDescriptor::flat_code32(0) | SegmentDescriptor::conforming.mask);
    set_gate(vector, recording_gate(vector, free_selector, SystemSegmentType::InterruptGate, 3));
    const Trap trap = run({{0xcd, vector}}, 3);
    expect_trap(group, "conforming", trap, gp, 0);
    group.expect_equal("code", trap.frame.error_code, free_selector);
    set_gate(vector, recording_gate(vector));
}

void set_redirection(u8 bits) {
    u8* const map = reinterpret_cast<u8*>(&main_state()) + main_state().io_map_base - 32;
    for (unsigned i = 0; i < 32; ++i) {
        map[i] = bits;
    }
}

bool has_extensions() {
    u32 eax = 1;
    u32 edx;
    asm volatile("cpuid" : "+a"(eax), "=d"(edx) : : "ebx", "ecx");
    return (edx & 2) != 0;
}

void write_cr4(u32 value) {
    asm volatile("movl %0, %%cr4" : : "r"(value));
}

void test_extensions() {
    Group group("CR4.VME");
    if (!has_extensions()) {
        group.skip("no VME");
        return;
    }
    constexpr auto virtual_interrupt = static_cast<u32>(Rflags::vif.mask);
    write_cr4(static_cast<u32>(Cr4::vme.mask));
    // sti; pushf; pop %ax; cli; pushf; pop %bx; ud2
    const Trap flags = run({{0xfb, 0x9c, 0x58, 0xfa, 0x9c, 0x5b, 0x0f, 0x0b}}, 0);
    expect_trap(group, "STI and CLI", flags, ud, 6);
    group.expect_equal("VIF seen as IF", flags.frame.eax & 0xffff, 0x3202);
    group.expect_equal("and cleared", flags.frame.ebx & 0xffff, 0x3002);
    group.expect_equal("IF", flags.frame.eflags & Rflags::interrupt.mask, 0);
    expect_trap(group, "STI with VIP", run({{0xfb}}, 0, static_cast<u32>(Rflags::vip.mask)), gp, 0);
    expect_trap(group, "PUSHFD", run({{0x66, 0x9c}}, 0), gp, 0);

    set_redirection(0);
    *low_memory<u16>(vector * 4) = 0x100;
    *low_memory<u16>(vector * 4 + 2) = paragraph;
    *low_memory<u16>(program + 0x100) = 0x0b0f;
    const Trap own = run({{0xcd, vector}}, 0, virtual_interrupt);
    expect_trap(group, "INT n of its own", own, ud, 0x100);
    group.expect_equal("its frame", own.frame.esp, program_sp - 6);
    group.expect_equal("FLAGS there", *low_memory<u16>(program + program_sp - 2), 0x3202);
    group.expect_equal("VIF", own.frame.eflags & virtual_interrupt, 0);
    set_redirection(0xff);
    expect_trap(group, "INT n of the supervisor", run({{0xcd, vector}}, 0), gp, 0);
    write_cr4(0);
}
}  // namespace

void run_tests() {
    test_entry_and_exit();
    test_iopl();
    test_missing_instructions();
    test_ports();
    test_handlers();
    test_extensions();
}

}  // namespace ringfence::system_test

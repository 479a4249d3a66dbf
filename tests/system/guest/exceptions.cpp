// SPDX-License-Identifier: MIT
// Which exception each wrong act raises, with which error code, where its frame lies and what it
// saves. [intel/vol3]: 6.13 to 6.15; each instruction's page in [intel/vol2]
#include <initializer_list>

#include "arch/x86/cr0.h"
#include "arch/x86/cr4.h"
#include "arch/x86/debug_registers.h"
#include "arch/x86/efer.h"
#include "arch/x86/selector_error_code.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Rflags;
using arch::x86::SelectorErrorCode;
using enum arch::x86::ExceptionVector;
using Vector = arch::x86::ExceptionVector;

constexpr u64 non_canonical = u64{1} << 60;
constexpr u64 unmapped = u64{3} << 39;

/// What a run should end with; `none` for no trap.
struct Expected {
    u64 vector = Trap::none;
    u64 error_code = 0;
};
constexpr Expected fault(Vector vector, u64 error_code = 0) {
    return {static_cast<u64>(vector), error_code};
}

void expect_trap(Group& group, const char* what, const Trap& got, Expected wanted) {
    const bool same = got.vector == wanted.vector &&
                      (wanted.vector == Trap::none || got.error_code == wanted.error_code);
    group.expect(same, [&] {
        out << what << ": vector " << Hex{got.vector} << " code " << Hex{got.error_code}
            << ", expected " << Hex{wanted.vector} << " code " << Hex{wanted.error_code};
    });
}

struct Row {
    const char* what;
    void (*act)();
    Expected wanted;
};

template <typename Rows>
void try_all(const char* name, const Rows& rows) {
    Group group(name);
    for (const Row& row : rows) {
        expect_trap(group, row.what, run_in_supervisor(reinterpret_cast<u64>(row.act)), row.wanted);
    }
}

u64 code_of(u16 selector) {
    return SelectorErrorCode::of_selector(selector);
}

void load_ds(u16 selector) {
    asm volatile("mov %0, %%ds" : : "r"(u32{selector}));
}
void load_ss(u16 selector) {
    asm volatile("mov %0, %%ss" : : "r"(u32{selector}));
}

void test_instructions() {
    const Row rows[] = {
        {"UD2", [] { asm volatile("ud2"); }, fault(InvalidOpcode)},
        {"divide by zero",
         [] {
             asm volatile("xorl %%ecx, %%ecx; divl %%ecx" : : : "rax", "rcx", "rdx", "cc");
         },
         fault(DivideError)},
        {"INT3", [] { asm volatile("int3"); }, fault(Breakpoint)},
        {"INT 3 in two bytes", [] { asm volatile(".byte 0xcd, 3"); }, fault(Breakpoint)},
        {"read of a non-canonical address",
         [] { (void)*reinterpret_cast<volatile u8*>(non_canonical); }, fault(GeneralProtection)},
        {"jump to a non-canonical address", [] { asm volatile("jmp *%0"
                                                              :
                                                              : "r"(non_canonical)); },
         fault(GeneralProtection)},
        {"LOCK on a register", [] { asm volatile(".byte 0xf0, 0x01, 0xc0"); },
         fault(InvalidOpcode)},
        {"instruction of 16 bytes", [] { asm volatile(".fill 15, 1, 0x66; nop"); },
         fault(GeneralProtection)},
        {"instruction of 15 bytes", [] { asm volatile(".fill 14, 1, 0x66; nop"); }, {}},
    };
    try_all("instructions", rows);
    const Row icebp[] = {{"ICEBP", [] { asm volatile(".byte 0xf1"); }, fault(Debug)}};
    try_all("ICEBP", icebp);
    const Row across[] = {{"read across the end of the lower half",
                           [] { (void)*reinterpret_cast<volatile u64*>((u64{1} << 47) - 4); },
                           fault(GeneralProtection)}};
    try_all("access that becomes non-canonical", across);
}

/// On a stack of their own: where these fault, RSP is not one.
void test_stack_faults() {
    const Row rows[] = {
        {"PUSH to a non-canonical stack",
         [] {
             asm volatile("movq %%rsp, %%rbx; movq %0, %%rsp; pushq $0; movq %%rbx, %%rsp"
                          :
                          : "r"(non_canonical)
                          : "rbx", "memory");
         },
         fault(StackFault)},
        {"read by RBP of a non-canonical address",
         [] {
             asm volatile("pushq %%rbp; movq %0, %%rbp; movq (%%rbp), %%rax; popq %%rbp"
                          :
                          : "r"(non_canonical)
                          : "rax");
         },
         fault(StackFault)},
    };
    for (const Vector vector : {StackFault, GeneralProtection}) {
        set_gate(static_cast<u64>(vector), 1, 0);
    }
    try_all("non-canonical stacks", rows);
    for (const Vector vector : {StackFault, GeneralProtection}) {
        set_gate(static_cast<u64>(vector), 0, 0);
    }
}

void test_segments() {
    const Row rows[] = {
        {"MOV to DS beyond the GDT", [] { load_ds(beyond_gdt); },
         fault(GeneralProtection, code_of(beyond_gdt))},
        {"MOV to DS beyond the GDT, RPL 3", [] { load_ds(beyond_gdt | 3); },
         fault(GeneralProtection, code_of(beyond_gdt))},
        {"MOV to DS, LDT empty", [] { load_ds(0xc); }, fault(GeneralProtection, 0xc)},
        {"MOV to DS of a TSS", [] { load_ds(task_state); },
         fault(GeneralProtection, code_of(task_state))},
        {"MOV to DS of absent data", [] { load_ds(not_present_data); },
         fault(SegmentNotPresent, code_of(not_present_data))},
        {"MOV to SS of absent data", [] { load_ss(not_present_data); },
         fault(StackFault, code_of(not_present_data))},
        {"MOV to SS of code", [] { load_ss(kernel_code_2); },
         fault(GeneralProtection, code_of(kernel_code_2))},
        {"MOV to SS of user data", [] { load_ss(user_data); },
         fault(GeneralProtection, code_of(user_data))},
        {"MOV of null to SS at CPL 0",
         [] {
             load_ss(0);
             load_ss(kernel_data);
         },
         {}},
        {"MOV of null to DS",
         [] {
             load_ds(0);
             load_ds(kernel_data);
         },
         {}},
        {"LLDT of data", [] { asm volatile("lldt %w0"
                                           :
                                           : "r"(u32{kernel_data})); },
         fault(GeneralProtection, code_of(kernel_data))},
        {"LTR of a busy TSS", [] { asm volatile("ltr %w0"
                                                :
                                                : "r"(u32{task_state})); },
         fault(GeneralProtection, code_of(task_state))},
        {"far return to data",
         [] {
             asm volatile("pushq %0; pushq $0; lretq" : : "r"(u64{kernel_data}));
         },
         fault(GeneralProtection, code_of(kernel_data))},
    };
    try_all("segment loads", rows);
}

void test_model_specific_registers() {
    using arch::x86::Efer;
    using arch::x86::Msr;
    const Row rows[] = {
        {"EFER reserved bit", [] { write_msr(Msr::IA32_EFER, read_msr(Msr::IA32_EFER) | bit(20)); },
         fault(GeneralProtection)},
        {"MSR that does not exist", [] { (void)read_msr(static_cast<Msr>(0x4000'0fff)); },
         fault(GeneralProtection)},
        {"LSTAR non-canonical", [] { write_msr(Msr::IA32_LSTAR, non_canonical); },
         fault(GeneralProtection)},
    };
    try_all("model-specific registers", rows);
    const Row base_rows[] = {
        {"FS base", [] { write_msr(Msr::IA32_FS_BASE, non_canonical); }, fault(GeneralProtection)},
        {"GS base", [] { write_msr(Msr::IA32_GS_BASE, non_canonical); }, fault(GeneralProtection)},
        {"kernel GS base", [] { write_msr(Msr::IA32_KERNEL_GS_BASE, non_canonical); },
         fault(GeneralProtection)},
    };
    try_all("non-canonical segment bases", base_rows);
}

void test_floating_point_gates() {
    const Row rows[] = {
        {"x87 with CR0.TS",
         [] {
             write_cr0(read_cr0() | Cr0::ts.mask);
             asm volatile("fninit");
         },
         fault(DeviceNotAvailable)},
        {"x87 with CR0.EM",
         [] {
             write_cr0((read_cr0() & ~Cr0::ts.mask) | Cr0::em.mask);
             asm volatile("fninit");
         },
         fault(DeviceNotAvailable)},
        {"SSE with CR4.OSFXSR = 0",
         [] {
             write_cr0(read_cr0() & ~(Cr0::em.mask | Cr0::ts.mask));
             write_cr4(read_cr4() & ~Cr4::osfxsr.mask);
             asm volatile("xorps %xmm0, %xmm0");
         },
         fault(InvalidOpcode)},
        {"SSE with CR0.EM",
         [] {
             write_cr4(read_cr4() | Cr4::osfxsr.mask);
             write_cr0(read_cr0() | Cr0::em.mask);
             asm volatile("xorps %xmm0, %xmm0");
         },
         fault(InvalidOpcode)},
        {"SSE with CR0.TS",
         [] {
             write_cr0((read_cr0() & ~Cr0::em.mask) | Cr0::ts.mask);
             asm volatile("xorps %xmm0, %xmm0");
         },
         fault(DeviceNotAvailable)},
        {"SSE allowed",
         [] {
             asm volatile("clts");
             asm volatile("xorps %xmm0, %xmm0");
         },
         {}},
    };
    try_all("x87 and SSE switched off", rows);
}

void test_user_mode() {
    Group group("user mode");
    const u64 by_int_32 = SelectorErrorCode::of_vector(32);
    expect_trap(group, "INT 32 through a gate of DPL 0",
                run_in_user(user_address(user_interrupt_32)), fault(GeneralProtection, by_int_32));
    set_gate(32, 0, 3);
    set_gate_present(32, false);
    expect_trap(group, "INT 32 through an absent gate",
                run_in_user(user_address(user_interrupt_32)), fault(SegmentNotPresent, by_int_32));
    set_gate(32, 0, 3);
    expect_trap(group, "INT 32 through a gate of DPL 3",
                run_in_user(user_address(user_interrupt_32)), {32, 0});
    set_gate(32, 0, 0);
    expect_trap(group, "CLI", run_in_user(user_address(user_cli)), fault(GeneralProtection));
    expect_trap(
        group, "CLI at IOPL 3",
        run_in_user(user_address(user_cli), 0, Rflags::fixed_one.mask | Rflags::iopl.make(3)), {});
    expect_trap(group, "HLT", run_in_user(user_address(user_hlt)), fault(GeneralProtection));
    expect_trap(group, "read of a non-canonical address",
                run_in_user(user_address(user_read), non_canonical), fault(GeneralProtection));
    expect_trap(group, "read of a supervisor page",
                run_in_user(user_address(user_read), reinterpret_cast<u64>(&boot_root)),
                fault(PageFault, 5));
    expect_trap(group, "jump to a non-canonical address",
                run_in_user(user_address(user_execute), non_canonical), fault(GeneralProtection));
    const Trap wrong = run_in_user(user_address(user_write), unmapped);
    expect_trap(group, "write where nothing is mapped", wrong, fault(PageFault, 6));
    group.expect_equal("CR2", wrong.cr2, unmapped);
    group.expect_equal("RIP is the instruction", wrong.rip, user_address(user_write));
    group.expect_equal("CS", wrong.cs, user_code64);
    group.expect_equal("SS", wrong.ss, user_data);
    group.expect_equal("RSP", wrong.rsp, user_stack_top());
    group.expect_equal("the frame is on RSP0", wrong.frame, trap_stack_top() - sizeof(TrapFrame));
}

void test_alignment_check() {
    Group group("alignment check");
    write_cr0(read_cr0() | Cr0::am.mask);
    const u64 flags = Rflags::fixed_one.mask | Rflags::ac.mask;
    const u64 stack = user_stack_top() - 64;
    expect_trap(group, "eight bytes, aligned",
                run_in_user(user_address(user_write_8), stack, flags), {});
    expect_trap(group, "eight bytes, misaligned",
                run_in_user(user_address(user_write_8), stack + 1, flags), fault(AlignmentCheck));
    expect_trap(group, "eight bytes, misaligned, AC = 0",
                run_in_user(user_address(user_write_8), stack + 1), {});
    expect_trap(group, "one byte", run_in_user(user_address(user_write), stack + 1, flags), {});
    write_cr0(read_cr0() & ~Cr0::am.mask);
}

void test_what_is_saved() {
    Group group("RIP and RFLAGS that exceptions save");
    const Trap ud = run_in_supervisor([] { asm volatile("ud2"); });
    const auto* at = reinterpret_cast<const u8*>(ud.rip);
    group.expect(at[0] == 0x0f && at[1] == 0x0b, [] { out << "#UD: RIP is not UD2"; });
    group.expect(Rflags::rf.test(ud.rflags), [] { out << "#UD: RF not saved as 1"; });
    const Trap breakpoint = run_in_supervisor([] { asm volatile("int3"); });
    group.expect(reinterpret_cast<const u8*>(breakpoint.rip)[-1] == 0xcc,
                 [] { out << "INT3: RIP is not after it"; });
    group.expect(!Rflags::rf.test(breakpoint.rflags), [] { out << "INT3: RF saved as 1"; });
    const Trap page = run_in_supervisor([] { (void)*reinterpret_cast<volatile u8*>(unmapped); });
    group.expect(Rflags::rf.test(page.rflags), [] { out << "#PF: RF not saved as 1"; });
    group.expect_equal("#PF: CR2", page.cr2, unmapped);
    const Trap flags = run_in_supervisor([] { asm volatile("std; stc; ud2"); });
    group.expect_equal("#UD: flags", flags.rflags & (Rflags::df.mask | Rflags::cf.mask),
                       Rflags::df.mask | Rflags::cf.mask);
}

extern "C" {
extern const u8 after_single_step[];
extern const u8 after_mov_ss[];
}

void test_single_step() {
    using arch::x86::Dr6;
    Group group("single step");
    const Trap step = run_in_supervisor([] {
        asm volatile(
            "xorl %%eax, %%eax; mov %%rax, %%dr6; pushfq; orq $0x100, (%%rsp); popfq; nop\n"
            ".globl after_single_step\nafter_single_step: nop"
            :
            :
            : "rax", "memory", "cc");
    });
    expect_trap(group, "TF", step, fault(Debug));
    group.expect_equal("RIP is after the next instruction", step.rip,
                       reinterpret_cast<u64>(after_single_step));
    u64 dr6;
    asm volatile("mov %%dr6, %0" : "=r"(dr6));
    group.expect(Dr6::bs.test(dr6), [&] { out << "DR6 " << Hex{dr6} << " lacks BS"; });
    group.expect(Rflags::tf.test(step.rflags), [] { out << "TF not saved"; });
}

void test_mov_ss_shadow() {
    Group group("MOV to SS holds back a single step");
    const Trap step = run_in_supervisor([] {
        asm volatile(
            "movl %%ss, %%eax; pushfq; orq $0x100, (%%rsp); popfq; mov %%eax, %%ss; nop\n"
            ".globl after_mov_ss\nafter_mov_ss: nop"
            :
            :
            : "rax", "memory", "cc");
    });
    expect_trap(group, "TF", step, fault(Debug));
    group.expect_equal("RIP", step.rip, reinterpret_cast<u64>(after_mov_ss));
}

u64 flags_in_handler = 0;
void note_flags(TrapFrame&) {
    asm volatile("pushfq; popq %0" : "=r"(flags_in_handler));
}

void test_gate_types() {
    Group group("interrupt gates clear IF, trap gates do not");
    set_handler(40, note_flags);
    for (const bool trap_gate : {false, true}) {
        set_gate(40, 0, 0, trap_gate);
        flags_in_handler = 0;
        asm volatile("pushfq; sti; int $40; cli; popfq" : : : "memory", "cc");
        group.expect_equal(trap_gate ? "trap gate" : "interrupt gate",
                           Rflags::interrupt.get(flags_in_handler), trap_gate ? 1 : 0);
    }
    set_handler(40, nullptr);
    set_gate(40, 0, 0);
}

void test_interrupt_stacks() {
    Group group("interrupt stack table");
    for (unsigned number = 1; number <= 7; ++number) {
        set_gate(static_cast<u64>(InvalidOpcode), number, 0);
        const Trap trap = run_in_supervisor([] { asm volatile("ud2"); });
        group.expect_equal("frame from the supervisor", trap.frame,
                           ist_top(number) - sizeof(TrapFrame));
        set_gate(static_cast<u64>(GeneralProtection), number, 0);
        const Trap user = run_in_user(user_address(user_cli));
        group.expect_equal("frame from user mode", user.frame, ist_top(number) - sizeof(TrapFrame));
        set_gate(static_cast<u64>(GeneralProtection), 0, 0);
    }
    set_gate(static_cast<u64>(InvalidOpcode), 0, 0);
    const Trap same = run_in_supervisor([] { asm volatile("ud2"); });
    group.expect(same.frame % 16 == (16 - sizeof(TrapFrame) % 16) % 16,
                 [&] { out << "the stack is not aligned: " << Hex{same.frame}; });
    group.expect(same.frame < same.rsp && same.rsp - same.frame < sizeof(TrapFrame) + 16,
                 [] { out << "without IST the frame is not on the same stack"; });
}

/// An exception while another is delivered. [intel/vol3]: 6.15, tables 6-4 and 6-5
void test_nested_delivery() {
    Group group("exceptions during delivery");
    const auto absent = [&](Vector vector, const char* what, void (*act)(), Expected wanted) {
        set_gate_present(static_cast<u64>(vector), false);
        const Trap trap = run_in_supervisor(reinterpret_cast<u64>(act));
        set_gate_present(static_cast<u64>(vector), true);
        expect_trap(group, what, trap, wanted);
    };
    absent(
        PageFault, "#PF, then #NP", [] { (void)*reinterpret_cast<volatile u8*>(unmapped); },
        fault(DoubleFault));
    absent(
        GeneralProtection, "#GP, then #NP",
        [] { (void)*reinterpret_cast<volatile u8*>(non_canonical); }, fault(DoubleFault));
    absent(
        DivideError, "#DE, then #NP",
        [] {
            asm volatile("xorl %%ecx, %%ecx; divl %%ecx" : : : "rax", "rcx", "rdx", "cc");
        },
        fault(DoubleFault));
    const u64 external = SelectorErrorCode::external.mask;
    absent(
        InvalidOpcode, "#UD, then #NP", [] { asm volatile("ud2"); },
        fault(SegmentNotPresent, SelectorErrorCode::of_vector(6) | external));
    absent(
        Breakpoint, "INT3, then #NP", [] { asm volatile("int3"); },
        fault(SegmentNotPresent, SelectorErrorCode::of_vector(3)));
    set_gate_present(50, false);
    expect_trap(group, "INT 50, then #NP", run_in_supervisor([] { asm volatile("int $50"); }),
                fault(SegmentNotPresent, SelectorErrorCode::of_vector(50)));
    set_gate_present(50, true);
}
}  // namespace

void run_tests() {
    write_cr4(read_cr4() | Cr4::osfxsr.mask);
    test_instructions();
    test_stack_faults();
    test_segments();
    test_model_specific_registers();
    test_floating_point_gates();
    test_user_mode();
    test_alignment_check();
    test_what_is_saved();
    test_single_step();
    test_mov_ss_shadow();
    test_gate_types();
    test_interrupt_stacks();
    test_nested_delivery();
}

}  // namespace ringfence::system_test

// SPDX-License-Identifier: MIT
// SYSCALL, SYSRET and IRET: what they load and save, and which frames they refuse.
// [intel/vol2]: SYSCALL, SYSRET, IRET; [intel/vol3]: 5.8.8, 6.14
#include "arch/x86/cpu_identity.h"
#include "arch/x86/efer.h"
#include "arch/x86/selector_error_code.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::Efer;
using arch::x86::Msr;
using arch::x86::Rflags;
using arch::x86::SelectorErrorCode;
using enum arch::x86::ExceptionVector;
using Vector = arch::x86::ExceptionVector;

constexpr u64 non_canonical = u64{1} << 60;
constexpr u64 plain = Rflags::fixed_one.mask;

void expect_fault(Group& group, const char* what, const Trap& got, Vector vector, u64 error_code) {
    group.expect(got.is(vector) && got.error_code == error_code, [&] {
        out << what << ": vector " << Hex{got.vector} << " code " << Hex{got.error_code}
            << ", expected " << Hex{static_cast<u64>(vector)} << " code " << Hex{error_code};
    });
}

void test_syscall() {
    Group group("SYSCALL");
    const u64 flags = plain | Rflags::cf.mask | Rflags::df.mask | Rflags::ac.mask;
    write_msr(Msr::IA32_FMASK,
              Rflags::interrupt.mask | Rflags::tf.mask | Rflags::df.mask | Rflags::ac.mask);
    syscall_count = 0;
    const Trap trap = run_in_user(user_address(user_syscall), 0, flags);
    group.expect_equal("no trap", trap.vector, Trap::none);
    group.expect_equal("landed", syscall_count, 1);
    group.expect_equal("RCX is the next instruction", syscall_rcx, user_address(user_syscall) + 2);
    group.expect_equal("R11 is RFLAGS", syscall_r11, flags);
    group.expect_equal("RSP is kept", syscall_rsp, user_stack_top());
    group.expect_equal("RFLAGS masked", syscall_rflags & (flags | Rflags::interrupt.mask),
                       plain | Rflags::cf.mask);
    group.expect_equal("CS", syscall_cs, kernel_code);
    group.expect_equal("SS", syscall_ss, kernel_data);
    write_msr(Msr::IA32_FMASK, Rflags::interrupt.mask | Rflags::tf.mask);
}

/// TF counts as it is when the instruction is over, so FMASK can keep a step out of the kernel.
/// [amd/vol2]: 6.1.1; [intel/vol3]: 18.3.1.4
void test_single_step() {
    Group group("SYSCALL and SYSRET with TF");
    const u64 stepping = plain | Rflags::tf.mask;
    write_msr(Msr::IA32_FMASK, Rflags::interrupt.mask | Rflags::tf.mask);
    const Trap masked = run_in_user(user_address(user_syscall), 0, stepping);
    group.expect_equal("FMASK clears it", masked.vector, Trap::none);
    group.expect_equal("R11 has it", syscall_r11 & Rflags::tf.mask, Rflags::tf.mask);
    write_msr(Msr::IA32_FMASK, Rflags::interrupt.mask);
    const Trap stepped = run_in_user(user_address(user_syscall), 0, stepping);
    expect_fault(group, "FMASK leaves it", stepped, Debug, 0);
    group.expect_equal("where SYSCALL lands", stepped.rip, reinterpret_cast<u64>(syscall_landing));
    group.expect_equal("CS", stepped.cs, kernel_code);
    write_msr(Msr::IA32_FMASK, Rflags::interrupt.mask | Rflags::tf.mask);
    const Trap back = run_by_sysret(user_address(user_stop), stepping, user_stack_top());
    expect_fault(group, "SYSRET sets it", back, Debug, 0);
    group.expect_equal("where SYSRET lands", back.rip, user_address(user_stop));
    group.expect_equal("CS of user mode", back.cs, user_code64);
}

void test_syscall_disabled() {
    Group group("SYSCALL and SYSRET without EFER.SCE");
    const u64 efer = read_msr(Msr::IA32_EFER);
    write_msr(Msr::IA32_EFER, efer & ~Efer::sce.mask);
    expect_fault(group, "SYSCALL", run_in_user(user_address(user_syscall)), InvalidOpcode, 0);
    expect_fault(group, "SYSRET", run_by_sysret(user_address(user_stop), plain, user_stack_top()),
                 InvalidOpcode, 0);
    write_msr(Msr::IA32_EFER, efer);
}

void test_sysret() {
    Group group("SYSRET");
    const u64 flags = plain | Rflags::cf.mask | Rflags::id.mask;
    const Trap trap =
        run_by_sysret(user_address(user_stop), flags | Rflags::rf.mask, user_stack_top());
    group.expect_equal("reached user mode", trap.vector, Trap::none);
    group.expect_equal("CS", trap.cs, user_code64);
    group.expect_equal("SS", trap.ss, user_data);
    group.expect_equal("RSP is kept", trap.rsp, user_stack_top());
    group.expect_equal("RFLAGS from R11 without RF", trap.rflags, flags);
    expect_fault(group, "from user mode", run_in_user(user_address(user_sysret)), GeneralProtection,
                 0);
}

/// Intel checks RCX before it leaves CPL 0, on the stack that user mode chose; AMD after.
void test_sysret_to_a_non_canonical_address() {
    Group group("SYSRET to a non-canonical address");
    const bool intel = arch::x86::identify(ThisCpu{}).vendor == arch::x86::Vendor::Intel;
    set_gate(static_cast<u64>(GeneralProtection), 1, 0);
    const Trap trap = run_by_sysret(non_canonical, plain, user_stack_top());
    set_gate(static_cast<u64>(GeneralProtection), 0, 0);
    expect_fault(group, "what", trap, GeneralProtection, 0);
    group.expect_equal("CS", trap.cs, intel ? kernel_code : user_code64);
    group.expect_equal("RIP", trap.rip,
                       intel ? reinterpret_cast<u64>(run_sysret_instruction) : non_canonical);
}

Trap iret(u64 rip, u64 cs, u64 rflags, u64 rsp, u64 ss) {
    const u64 frame[5] = {rip, cs, rflags, rsp, ss};
    return run_by_iret(0, frame);
}

void test_iret() {
    Group group("IRET to user mode");
    const u64 flags = plain | Rflags::cf.mask | Rflags::id.mask | Rflags::ac.mask;
    const Trap trap = iret(user_address(user_stop), user_code64, flags | bit(40),
                           user_stack_top() - 8, user_data);
    group.expect_equal("reached user mode", trap.vector, Trap::none);
    group.expect_equal("CS", trap.cs, user_code64);
    group.expect_equal("SS", trap.ss, user_data);
    group.expect_equal("RSP", trap.rsp, user_stack_top() - 8);
    group.expect_equal("RFLAGS", trap.rflags, flags);
}

void test_iret_refusals() {
    Group group("IRET: refused frames");
    const u64 rip = user_address(user_stop);
    const u64 rsp = user_stack_top();
    const auto refused = [&](const char* what, const Trap& trap, Vector vector, u64 selector) {
        expect_fault(group, what, trap, vector,
                     SelectorErrorCode::of_selector(static_cast<u16>(selector)));
        group.expect_equal("CS", trap.cs, kernel_code);
        group.expect_equal("RIP", trap.rip, reinterpret_cast<u64>(run_iret_instruction));
    };
    refused("CS null", iret(rip, 0, plain, rsp, user_data), GeneralProtection, 0);
    refused("CS null, RPL 3", iret(rip, 3, plain, rsp, user_data), GeneralProtection, 0);
    refused("CS of data", iret(rip, user_data, plain, rsp, user_data), GeneralProtection,
            user_data);
    refused("CS of CPL 0 with RPL 3", iret(rip, kernel_code | 3, plain, rsp, user_data),
            GeneralProtection, kernel_code);
    refused("CS of CPL 3 with RPL 0", iret(rip, user_code64 & ~3, plain, rsp, kernel_data),
            GeneralProtection, user_code64);
    refused("CS beyond the GDT", iret(rip, beyond_gdt | 3, plain, rsp, user_data),
            GeneralProtection, beyond_gdt);
    refused("SS null", iret(rip, user_code64, plain, rsp, 0), GeneralProtection, 0);
    refused("SS of code", iret(rip, user_code64, plain, rsp, user_code64), GeneralProtection,
            user_code64);
    refused("SS of CPL 0", iret(rip, user_code64, plain, rsp, kernel_data | 3), GeneralProtection,
            kernel_data);
    refused("SS with RPL 0", iret(rip, user_code64, plain, rsp, user_data & ~3), GeneralProtection,
            user_data);
    refused("SS absent", iret(rip, user_code64, plain, rsp, not_present_data | 3),
            GeneralProtection, not_present_data);
}

void test_iret_nested_task() {
    Group group("IRET with NT in 64-bit mode");
    const Trap trap = run_in_supervisor([] {
        asm volatile(
            "pushfq; orq $0x4000, (%%rsp); popfq\n"
            "pushq $0x10; pushq $0; pushq $2; pushq $8; pushq $0; iretq"
            :
            :
            : "memory", "cc");
    });
    expect_fault(group, "what", trap, GeneralProtection, 0);
}

void test_iret_to_a_non_canonical_address() {
    Group group("IRET to a non-canonical address");
    const Trap trap = iret(non_canonical, user_code64, plain, user_stack_top(), user_data);
    expect_fault(group, "what", trap, GeneralProtection, 0);
    group.expect_equal("CS", trap.cs, kernel_code);
    group.expect_equal("RIP", trap.rip, reinterpret_cast<u64>(run_iret_instruction));
}
}  // namespace

void run_tests() {
    test_syscall();
    test_single_step();
    test_syscall_disabled();
    test_sysret();
    test_sysret_to_a_non_canonical_address();
    test_iret();
    test_iret_refusals();
    test_iret_nested_task();
    test_iret_to_a_non_canonical_address();
}

}  // namespace ringfence::system_test

// SPDX-License-Identifier: MIT
// Single steps from branch to branch, by IA32_DEBUGCTL.BTF. [intel/vol3]: 18.4.1, 18.4.3
#include "arch/x86/debug_registers.h"
#include "arch/x86/msr.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

// Each is called as a function, and steps from behind its POPF to the second one.
asm(R"(
        .text
        // A jump, one that is not taken, one that is, a call and a return
        .globl step_branches, first_target, behind_xor, second_target, call_target, return_target
step_branches:
        pushfq
        orq     $0x100, (%rsp)
        popfq
        nop
        jmp     first_target
        nop
first_target:
        xorl    %eax, %eax
behind_xor:
        jnz     second_target
        jz      second_target
        nop
second_target:
        call    call_target
return_target:
        pushfq
        andq    $~0x100, (%rsp)
        popfq
        ret
call_target:
        ret

        .globl step_straight
step_straight:
        pushfq
        orq     $0x100, (%rsp)
        popfq
        xorl    %eax, %eax
        jnz     1f
        movl    $3, %ecx
        rep stosb
1:      pushfq
        andq    $~0x100, (%rsp)
        popfq
        ret
)");

extern "C" {
extern ringfence::u8 step_branches[], first_target[], behind_xor[], second_target[], call_target[],
    return_target[], step_straight[];
}

namespace ringfence::system_test {

namespace {
using arch::x86::DebugControl;
using arch::x86::Dr6;
using arch::x86::Msr;
using arch::x86::Rflags;

constexpr u64 by_branches = DebugControl::branch_trap.mask;
constexpr unsigned most_hits = 8;

/// What the handler of #DB saw, and does.
u64 hits[most_hits];
unsigned hit_count = 0;
u64 first_dr6 = 0;
u64 debug_control = 0;
bool asks_again = false;
u8 bytes[4];

u64 at(const u8* symbol) {
    return reinterpret_cast<u64>(symbol);
}

void note_hit(TrapFrame& frame) {
    u64 dr6;
    asm volatile("mov %%dr6, %0" : "=r"(dr6));
    asm volatile("mov %0, %%dr6" : : "r"(u64{0}));
    if (hit_count < most_hits) {
        hits[hit_count] = frame.rip;
    }
    first_dr6 = hit_count == 0 ? dr6 : first_dr6;
    ++hit_count;
    debug_control = read_msr(Msr::IA32_DEBUGCTL);
    if (asks_again) {
        write_msr(Msr::IA32_DEBUGCTL, by_branches);
    }
    if (hit_count > most_hits) {
        frame.rflags &= ~Rflags::tf.mask;
    }
}

void run(const u8* code, bool again) {
    hit_count = 0;
    asks_again = again;
    write_msr(Msr::IA32_DEBUGCTL, by_branches);
    u8* to = bytes;
    asm volatile("call *%[code]"
                 : "+D"(to)
                 : [code] "r"(code)
                 : "rax", "rcx", "rdx", "rsi", "memory", "cc");
    write_msr(Msr::IA32_DEBUGCTL, 0);
}

void test_first_branch() {
    Group group("a step by branches ends behind a branch");
    run(step_branches, false);
    group.expect_equal("the jump's target", hits[0], at(first_target));
    group.expect_equal("it is a step", first_dr6, Dr6::reset | Dr6::bs.mask);
    group.expect_equal("BTF is cleared", debug_control, 0);
    group.expect_equal("the next step is an instruction", hits[1], at(behind_xor));
}

void test_all_branches() {
    Group group("each branch that is taken is a step");
    run(step_branches, true);
    const u8* const targets[] = {first_target, second_target, call_target, return_target};
    group.expect_equal("steps", hit_count, 4);
    for (unsigned i = 0; i < 4; ++i) {
        group.expect_equal("each target", hits[i], at(targets[i]));
    }
}

void test_straight_code() {
    Group group("nothing else is a step");
    run(step_straight, true);
    group.expect_equal("no trap", hit_count, 0);
}
}  // namespace

void run_tests() {
    set_handler(static_cast<u64>(arch::x86::ExceptionVector::Debug), note_hit);
    test_first_branch();
    test_all_branches();
    test_straight_code();
}

}  // namespace ringfence::system_test

// SPDX-License-Identifier: MIT
// Delivery of interrupts by the local APIC: when they come, in which order, on which stack, and
// what holds them back. [intel/vol3]: 6.8, 6.7.1, 11.5 to 11.8
#include <initializer_list>

#include "tests/system/guest/apic_access.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::ApicLvt;
using arch::x86::ApicSpuriousVector;
using arch::x86::Rflags;

/// What the handlers saw, in order.
struct Seen {
    u64 vector, rip, cs, rsp, frame, flags;
};
constexpr unsigned most_seen = 8;
Seen seen[most_seen];
volatile unsigned seen_count = 0;
bool acknowledge = true;

void note(TrapFrame& frame) {
    if (seen_count < most_seen) {
        seen[seen_count] = {
            frame.vector, frame.rip, frame.cs, frame.rsp, reinterpret_cast<u64>(&frame),
            frame.rflags};
        seen_count = seen_count + 1;
    }
    if (acknowledge) {
        apic(ApicRegister::EndOfInterrupt) = 0;
    }
}

constexpr u64 low = 0x41;
constexpr u64 high = 0x91;
constexpr u64 timer = 0x60;

void forget() {
    seen_count = 0;
    acknowledge = true;
}

/// Time for an interrupt that is on its way.
void wait_a_little() {
    for (unsigned i = 0; i < 2000 && seen_count == 0; ++i) {
        asm volatile("pause");
    }
}

extern "C" {
extern const u8 after_sti_nop[], after_sti_hlt[];
}

void test_interrupt_flag() {
    Group group("IF holds interrupts back");
    forget();
    send_to_self(low);
    wait_a_little();
    group.expect_equal("while IF = 0", seen_count, 0);
    asm volatile("sti; nop; nop; cli" : : : "memory");
    group.expect_equal("after STI", seen_count, 1);
    group.expect_equal("vector", seen[0].vector, low);
}

void test_sti_shadow() {
    Group group("STI holds interrupts back for one instruction");
    forget();
    send_to_self(low);
    wait_a_little();
    asm volatile("sti; nop\n.globl after_sti_nop\nafter_sti_nop: nop; nop; cli" : : : "memory");
    group.expect_equal("delivered", seen_count, 1);
    group.expect_equal("RIP", seen[0].rip, reinterpret_cast<u64>(after_sti_nop));
    forget();
    send_to_self(low);
    wait_a_little();
    asm volatile("sti; cli; nop; nop" : : : "memory");
    group.expect_equal("STI, CLI", seen_count, 0);
    asm volatile("sti; nop; nop; cli" : : : "memory");
    group.expect_equal("later", seen_count, 1);
}

void test_hlt() {
    Group group("HLT ends with an interrupt");
    forget();
    send_to_self(low);
    wait_a_little();
    asm volatile("sti; hlt\n.globl after_sti_hlt\nafter_sti_hlt: nop; cli" : : : "memory");
    group.expect_equal("delivered", seen_count, 1);
    group.expect_equal("RIP", seen[0].rip, reinterpret_cast<u64>(after_sti_hlt));
}

void test_priority() {
    Group group("the highest vector comes first");
    forget();
    send_to_self(low);
    send_to_self(high);
    wait_a_little();
    asm volatile("sti; nop; nop; nop; cli" : : : "memory");
    group.expect_equal("delivered", seen_count, 2);
    group.expect_equal("first", seen[0].vector, high);
    group.expect_equal("second", seen[1].vector, low);
}

void test_in_service() {
    Group group("an interrupt in service holds back its own class and lower ones");
    forget();
    acknowledge = false;
    send_to_self(high);
    asm volatile("sti; nop; nop; cli" : : : "memory");
    group.expect_equal("first", seen_count, 1);
    send_to_self(low);
    asm volatile("sti; nop; nop; nop; cli" : : : "memory");
    group.expect_equal("without EOI", seen_count, 1);
    acknowledge = true;
    apic(ApicRegister::EndOfInterrupt) = 0;
    asm volatile("sti; nop; nop; nop; cli" : : : "memory");
    group.expect_equal("after EOI", seen_count, 2);
    group.expect_equal("which", seen[1].vector, low);
}

void test_task_priority() {
    Group group("CR8 holds back lower classes");
    forget();
    write_cr8(low >> 4);
    group.expect_equal("TPR", apic(ApicRegister::TaskPriority), low >> 4 << 4);
    send_to_self(low);
    asm volatile("sti; nop; nop; nop; cli" : : : "memory");
    group.expect_equal("same class", seen_count, 0);
    send_to_self(high);
    asm volatile("sti; nop; nop; nop; cli" : : : "memory");
    group.expect_equal("higher class", seen_count, 1);
    write_cr8(0);
    asm volatile("sti; nop; nop; nop; cli" : : : "memory");
    group.expect_equal("CR8 = 0", seen_count, 2);
}

void test_timer() {
    Group group("the APIC timer fires once, or again and again");
    forget();
    apic(ApicRegister::TimerDivide) = 0b1011;
    apic(ApicRegister::LvtTimer) = ApicLvt::vector.make(timer);
    apic(ApicRegister::TimerInitialCount) = 20'000;
    asm volatile("sti" : : : "memory");
    while (seen_count == 0) {
        asm volatile("pause");
    }
    asm volatile("cli" : : : "memory");
    group.expect_equal("vector", seen[0].vector, timer);
    group.expect_equal("count stays 0", apic(ApicRegister::TimerCurrentCount), 0);
    forget();
    apic(ApicRegister::LvtTimer) = ApicLvt::vector.make(timer) | ApicLvt::timer_mode.make(1);
    apic(ApicRegister::TimerInitialCount) = 20'000;
    asm volatile("sti" : : : "memory");
    while (seen_count < 3) {
        asm volatile("pause");
    }
    asm volatile("cli" : : : "memory");
    group.expect(seen_count >= 3, [] { out << "not three times"; });
    apic(ApicRegister::TimerInitialCount) = 0;
    apic(ApicRegister::LvtTimer) = ApicLvt::masked.mask;
    asm volatile("sti; nop; nop; cli" : : : "memory");
}

void leave_user_mode(TrapFrame& frame) {
    note(frame);
    frame.rip = user_address(user_stop);
}

void test_from_user_mode() {
    Group group("interrupts from user mode come on RSP0 and cannot be held back");
    forget();
    set_handler(low, leave_user_mode);
    send_to_self(low);
    wait_a_little();
    const Trap trap =
        run_in_user(user_address(user_loop), 0, Rflags::fixed_one.mask | Rflags::interrupt.mask);
    set_handler(low, note);
    group.expect_equal("ended", trap.vector, Trap::none);
    group.expect_equal("delivered", seen_count, 1);
    group.expect_equal("CS", seen[0].cs, user_code64);
    group.expect_equal("RSP", seen[0].rsp, user_stack_top());
    group.expect_equal("frame", seen[0].frame, trap_stack_top() - sizeof(TrapFrame));
    group.expect(Rflags::interrupt.test(seen[0].flags), [] { out << "IF not saved"; });
}

unsigned nmi_depth = 0;
unsigned nmi_deepest = 0;
unsigned nmi_count = 0;
bool nmi_sends_another = false;

void handle_nmi(TrapFrame&) {
    ++nmi_depth;
    ++nmi_count;
    nmi_deepest = nmi_depth > nmi_deepest ? nmi_depth : nmi_deepest;
    if (nmi_sends_another) {
        nmi_sends_another = false;
        send_nmi_to_self();
        for (unsigned i = 0; i < 2000; ++i) {
            asm volatile("pause");
        }
    }
    --nmi_depth;
}

void test_nmi() {
    Group group("NMIs ignore IF, and wait for IRET");
    set_handler(2, handle_nmi);
    nmi_count = 0;
    send_nmi_to_self();
    for (unsigned i = 0; i < 2000 && nmi_count == 0; ++i) {
        asm volatile("pause");
    }
    group.expect_equal("while IF = 0", nmi_count, 1);
    nmi_count = 0;
    nmi_deepest = 0;
    nmi_sends_another = true;
    send_nmi_to_self();
    for (unsigned i = 0; i < 4000 && nmi_count < 2; ++i) {
        asm volatile("pause");
    }
    group.expect_equal("a second one sent by the handler comes", nmi_count, 2);
    group.expect_equal("after the first returned", nmi_deepest, 1);
    set_handler(2, nullptr);
}

void test_no_interrupt_is_lost_or_doubled() {
    Group group("equal requests merge while pending");
    forget();
    send_to_self(low);
    send_to_self(low);
    wait_a_little();
    asm volatile("sti; nop; nop; nop; cli" : : : "memory");
    group.expect_equal("delivered", seen_count, 1);
}
}  // namespace

void run_tests() {
    apic(ApicRegister::SpuriousVector) =
        ApicSpuriousVector::vector.make(0xff) | ApicSpuriousVector::enabled.mask;
    for (const u64 vector : {low, high, timer}) {
        set_handler(vector, note);
    }
    test_interrupt_flag();
    test_sti_shadow();
    test_hlt();
    test_priority();
    test_in_service();
    test_task_priority();
    test_no_interrupt_is_lost_or_doubled();
    test_timer();
    test_from_user_mode();
    test_nmi();
}

}  // namespace ringfence::system_test

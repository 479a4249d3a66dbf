// SPDX-License-Identifier: MIT
// Exceptions while another one is delivered: which follow each other, and which become a double
// fault. [intel/vol3]: 6.15, tables 6-4 and 6-5
//
// The third row's end, a double fault that cannot be delivered, is the machine's end too: unit
// tests have it.
#include "arch/x86/selector_error_code.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

extern "C" {
extern const ringfence::u8 double_faulting[];
}

namespace ringfence::system_test {

namespace {
using arch::x86::SelectorErrorCode;
using enum arch::x86::ExceptionVector;
using Vector = arch::x86::ExceptionVector;

constexpr u64 non_canonical = u64{1} << 60;
constexpr u64 unmapped = u64{3} << 39;
/// Where a stack is missing. Its pages are other ones than `unmapped`, so that CR2 tells them
/// apart.
constexpr u64 unmapped_stack = unmapped + 0x10'0000;
constexpr unsigned spoiled_stack = 7;
constexpr u64 write_of_nothing = 2;  ///< a page fault's error code

/// What raises the first exception.
struct First {
    const char* what;
    Vector vector;
    void (*act)();
    bool external = true;  ///< whether a second exception's code has EXT: not for INT n
};

constexpr First benign[] = {
    {"#UD", InvalidOpcode, [] { asm volatile("ud2"); }},
    {"INT3", Breakpoint, [] { asm volatile("int3"); }, false},
    {"INT 40", static_cast<Vector>(40), [] { asm volatile("int $40"); }, false},
};
constexpr First contributory[] = {
    {"#DE", DivideError,
     [] {
         asm volatile("xorl %%ecx, %%ecx; divl %%ecx" : : : "rax", "rcx", "rdx", "cc");
     }},
    {"#NP", SegmentNotPresent, [] { asm volatile("mov %0, %%ds"
                                                 :
                                                 : "r"(u32{not_present_data})); }},
    {"#SS", StackFault, [] { asm volatile("mov %0, %%ss"
                                          :
                                          : "r"(u32{not_present_data})); }},
    {"#GP", GeneralProtection, [] { (void)*reinterpret_cast<volatile u8*>(non_canonical); }},
};
constexpr First page_fault[] = {
    {"#PF", PageFault, [] { (void)*reinterpret_cast<volatile u8*>(unmapped); }},
};

/// What is wrong with the first one's way to its handler, and the exception that it raises.
struct Second {
    const char* what;
    Vector vector;
    void (*spoil)(u64 first);
    bool is_of_gate = false;  ///< its error code names the gate
    u64 selector = 0;         ///< it names this one
};

constexpr Second contributory_seconds[] = {
    {"an absent gate", SegmentNotPresent, [](u64 first) { set_gate_present(first, false); }, true},
    {"a gate to no segment", GeneralProtection,
     [](u64 first) { set_gate_selector(first, beyond_gdt); }, false, beyond_gdt},
    {"a gate to data", GeneralProtection, [](u64 first) { set_gate_selector(first, kernel_data); },
     false, kernel_data},
};
/// Apart, because QEMU gets the error code wrong in another way.
constexpr Second stack_seconds[] = {
    {"a stack that is no address", StackFault,
     [](u64 first) {
         set_ist_top(spoiled_stack, non_canonical);
         set_gate(first, spoiled_stack, 0);
     }},
};
constexpr Second page_fault_seconds[] = {
    {"a stack that is not there", PageFault,
     [](u64 first) {
         set_ist_top(spoiled_stack, unmapped_stack);
         set_gate(first, spoiled_stack, 0);
     }},
};

Trap spoiled_run(const First& first, const Second& second) {
    const u64 vector = static_cast<u64>(first.vector);
    const u64 stack = ist_top(spoiled_stack);
    second.spoil(vector);
    const Trap trap = run_in_supervisor(first.act);
    set_gate(vector, 0, 0);
    set_ist_top(spoiled_stack, stack);
    return trap;
}

void expect(Group& group, const First& first, const Second& second, const Trap& got, Vector vector,
            u64 error_code) {
    const bool same = got.is(vector) && got.error_code == error_code;
    group.expect(same, [&] {
        out << first.what << ", then " << second.what << ": vector " << Hex{got.vector} << " code "
            << Hex{got.error_code} << ", expected " << Hex{static_cast<u64>(vector)} << " code "
            << Hex{error_code};
    });
}

/// The second one's own error code.
u64 code_of(const First& first, const Second& second) {
    if (second.vector == PageFault) {
        return write_of_nothing;
    }
    const u64 external = first.external ? SelectorErrorCode::external.mask : 0;
    const u64 index = second.is_of_gate
                          ? SelectorErrorCode::of_vector(static_cast<u8>(first.vector))
                          : SelectorErrorCode::of_selector(static_cast<u16>(second.selector));
    return index | external;
}

/// The second is delivered, as if it came alone.
template <typename Firsts, typename Seconds>
void expect_serial(const char* name, const Firsts& firsts, const Seconds& seconds) {
    Group group(name);
    for (const First& first : firsts) {
        for (const Second& second : seconds) {
            const Trap trap = spoiled_run(first, second);
            expect(group, first, second, trap, second.vector, code_of(first, second));
            if (second.vector == PageFault) {
                // In the frame: which word of it the processor writes first is its own affair.
                constexpr u64 largest_frame = 6 * sizeof(u64);
                group.expect(trap.cr2 - (unmapped_stack - largest_frame) < largest_frame,
                             [&] { out << "CR2 " << Hex{trap.cr2}; });
            }
        }
    }
}

template <typename Firsts, typename Seconds>
void expect_double_fault(const char* name, const Firsts& firsts, const Seconds& seconds) {
    Group group(name);
    for (const First& first : firsts) {
        for (const Second& second : seconds) {
            const Trap trap = spoiled_run(first, second);
            expect(group, first, second, trap, DoubleFault, 0);
        }
    }
}

/// A second exception that follows the first one is the first of the next pair.
void test_chains() {
    Group group("of three exceptions each pair counts");
    const First& first = benign[0];
    const Second& second = contributory_seconds[0];
    set_gate_present(static_cast<u64>(SegmentNotPresent), false);
    const Trap absent = spoiled_run(first, second);
    expect(group, first, {"an absent gate, and again", DoubleFault, nullptr}, absent, DoubleFault,
           0);
    set_gate_present(static_cast<u64>(SegmentNotPresent), true);

    set_gate_present(static_cast<u64>(PageFault), false);
    const Trap page = spoiled_run(contributory[3], page_fault_seconds[0]);
    expect(group, contributory[3], {"no stack, then an absent gate", DoubleFault, nullptr}, page,
           DoubleFault, 0);
    set_gate_present(static_cast<u64>(PageFault), true);
}

/// What a double fault saves is the first exception's instruction.
void test_what_is_saved() {
    Group group("a double fault saves the first instruction");
    set_gate_present(static_cast<u64>(PageFault), false);
    const Trap trap = run_in_supervisor([] {
        asm volatile(
            ".globl double_faulting\n"
            "double_faulting: movb (%0), %%al"
            :
            : "r"(unmapped)
            : "rax");
    });
    set_gate_present(static_cast<u64>(PageFault), true);
    group.expect(trap.is(DoubleFault), [&] { out << "vector " << Hex{trap.vector}; });
    group.expect_equal("RIP", trap.rip, reinterpret_cast<u64>(double_faulting));
    group.expect_equal("CR2", trap.cr2, unmapped);
    group.expect_equal("the error code", trap.error_code, 0);
}
}  // namespace

void run_tests() {
    expect_serial("benign, then contributory", benign, contributory_seconds);
    expect_serial("benign, then a stack fault", benign, stack_seconds);
    expect_serial("benign, then a page fault", benign, page_fault_seconds);
    expect_double_fault("contributory twice", contributory, contributory_seconds);
    expect_double_fault("contributory, then a stack fault", contributory, stack_seconds);
    expect_serial("contributory, then a page fault", contributory, page_fault_seconds);
    expect_double_fault("a page fault, then contributory", page_fault, contributory_seconds);
    expect_double_fault("a page fault, then a stack fault", page_fault, stack_seconds);
    expect_double_fault("two page faults", page_fault, page_fault_seconds);
    test_chains();
    test_what_is_saved();
}

}  // namespace ringfence::system_test

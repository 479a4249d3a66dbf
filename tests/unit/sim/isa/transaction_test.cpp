// SPDX-License-Identifier: MIT
// Transactions: what commits, what aborts, and that an abort leaves nothing but its status.
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/rflags.h"
#include "tests/unit/sim/isa/transactional_guest.h"

namespace ringfence::sim {
namespace {

using arch::x86::Msr;
using arch::x86::Rflags;
using cpu::AbortStatus;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::StopReason;

constexpr u64 data = Guest::data;
constexpr u64 page = 4096;

TEST(Commit, keeps_what_was_done) {
    TransactionalGuest guest;
    guest.make_writable_at_once(data);
    guest.reg(Gpr::Rdi) = data;
    guest.reg(Gpr::Rcx) = 7;
    guest.reg(Gpr::Rax) = 0x55;
    // mov [rdi], rcx; inc rcx
    EXPECT_EQ(guest.outcome({0x48, 0x89, 0x0f, 0x48, 0xff, 0xc1}), committed);
    EXPECT_EQ(guest.read<u64>(data), 7U);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 8U);
    EXPECT_EQ(guest.reg(Gpr::Rax), 0x55U) << "a status is written by aborts only";
    EXPECT_FALSE(guest.cpu.transaction().active());
    EXPECT_EQ(guest.cpu.mmu.written(), nullptr);
}

TEST(Commit, later_stores_are_not_taken_back_by_a_later_abort) {
    TransactionalGuest guest;
    guest.make_writable_at_once(data);
    guest.reg(Gpr::Rdi) = data;
    EXPECT_EQ(guest.outcome({0x48, 0xff, 0x07}), committed);       // inc qword [rdi]
    EXPECT_EQ(guest.outcome({0x48, 0xff, 0x07, 0x0f, 0x0b}), 0U);  // inc qword [rdi]; ud2
    EXPECT_EQ(guest.read<u64>(data), 1U);
}

TEST(Abort, gives_back_registers_and_memory) {
    TransactionalGuest guest;
    guest.make_writable_at_once(data);
    guest.write<u64>(data, 0x1111);
    guest.reg(Gpr::Rdi) = data;
    guest.reg(Gpr::Rcx) = 7;
    guest.cpu.fpu.xmm[3] = {.low = 1, .high = 2};
    guest.cpu.set_rflags(Rflags::cf.mask | Rflags::sf.mask);
    // mov [rdi], rcx; inc rcx; pxor xmm3, xmm3; std; test cl, 1; xabort 0x5a
    const std::vector<u8> body{0x48, 0x89, 0x0f, 0x48, 0xff, 0xc1, 0x66, 0x0f, 0xef,
                               0xdb, 0xfd, 0xf6, 0xc1, 0x01, 0xc6, 0xf8, 0x5a};
    EXPECT_EQ(guest.outcome(body), 0x5a00'0001U);
    EXPECT_EQ(guest.read<u64>(data), 0x1111U);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 7U);
    EXPECT_EQ(guest.reg(Gpr::Rdi), data);
    EXPECT_EQ(guest.cpu.fpu.xmm[3], (cpu::Xmm{.low = 1, .high = 2}));
    EXPECT_EQ(guest.cpu.rflags() & (Rflags::status | Rflags::df.mask),
              Rflags::cf.mask | Rflags::sf.mask);
}

TEST(Abort, puts_back_an_access_to_two_pages) {
    TransactionalGuest guest;
    constexpr u64 boundary = data + page;
    guest.make_writable_at_once(data);
    guest.make_writable_at_once(boundary);
    guest.write<u32>(boundary - 4, 0x0123'4567);
    guest.write<u32>(boundary, 0x89ab'cdef);
    guest.reg(Gpr::Rdi) = boundary - 4;
    // mov qword [rdi], -1; xabort 0
    EXPECT_EQ(guest.outcome({0x48, 0xc7, 0x07, 0xff, 0xff, 0xff, 0xff, 0xc6, 0xf8, 0x00}),
              AbortStatus::explicit_abort.mask);
    EXPECT_EQ(guest.read<u32>(boundary - 4), 0x0123'4567U);
    EXPECT_EQ(guest.read<u32>(boundary), 0x89ab'cdefU);
}

TEST(Abort, gives_back_code_that_it_changed) {
    TransactionalGuest guest;
    constexpr u64 routine = Guest::code + page;
    guest.make_writable_at_once(routine);
    guest.load(std::vector<u8>{0xb9, 1, 0, 0, 0, 0xc3}, routine);  // mov ecx, 1; ret
    guest.reg(Gpr::Rsi) = routine;
    guest.reg(Gpr::Rdi) = routine + 1;
    guest.make_writable_at_once(Guest::kernel_stack - 8);
    // call rsi; mov byte [rdi], 2; call rsi; mov edx, ecx
    const std::vector<u8> change{0xff, 0xd6, 0xc6, 0x07, 0x02, 0xff, 0xd6, 0x89, 0xca};
    std::vector<u8> and_abort = change;
    and_abort.insert(and_abort.end(), {0xc6, 0xf8, 0x00});
    EXPECT_EQ(guest.outcome(and_abort), AbortStatus::explicit_abort.mask);
    EXPECT_EQ(guest.outcome({0xff, 0xd6}), committed);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 1U);
    EXPECT_EQ(guest.outcome(change), committed);
    EXPECT_EQ(guest.reg(Gpr::Rdx), 2U);
}

TEST(Abort, by_a_fault_is_not_delivered) {
    TransactionalGuest guest;
    guest.unmap(data);
    guest.reg(Gpr::Rdi) = data;
    EXPECT_EQ(guest.outcome({0x8b, 0x07}), 0U);  // mov eax, [rdi]
    EXPECT_EQ(guest.cpu.cr2, 0U);
    EXPECT_EQ(guest.outcome({0x0f, 0x0b}), 0U);              // ud2
    EXPECT_EQ(guest.outcome({0x31, 0xc9, 0xf7, 0xf1}), 0U);  // xor ecx, ecx; div ecx
    guest.reg(Gpr::Rdi) = non_canonical;
    EXPECT_EQ(guest.outcome({0x8b, 0x07}), 0U);
}

TEST(Abort, by_a_fault_of_the_fetch_is_not_delivered) {
    TransactionalGuest guest;
    guest.unmap(data);
    guest.reg(Gpr::Rdi) = data;
    EXPECT_EQ(guest.outcome({0xff, 0xe7}), 0U);  // jmp rdi
    // The first byte of an instruction is there, the rest is not.
    guest.make_accessed(data - page);
    guest.write<u8>(data - 1, 0xb8);
    guest.reg(Gpr::Rdi) = data - 1;
    EXPECT_EQ(guest.outcome({0xff, 0xe7}), 0U);
}

TEST(Abort, of_a_repeated_instruction_takes_back_all_of_it) {
    TransactionalGuest guest;
    guest.make_writable_at_once(data);
    guest.unmap(data + page);
    guest.reg(Gpr::Rdi) = data + page - 100;
    guest.reg(Gpr::Rcx) = 200;
    EXPECT_EQ(guest.outcome({0xf3, 0xaa}), 0U);  // rep stosb
    EXPECT_EQ(guest.reg(Gpr::Rcx), 200U);
    EXPECT_EQ(guest.reg(Gpr::Rdi), data + page - 100);
    EXPECT_EQ(guest.read<u64>(data + page - 100), 0U);
}

TEST(Abort, by_a_breakpoint_or_a_single_step_says_so) {
    TransactionalGuest guest;
    EXPECT_EQ(guest.outcome({0xcc}), AbortStatus::debug.mask);
    EXPECT_EQ(guest.outcome({0xf1}), AbortStatus::debug.mask);
    guest.cpu.set_rflags(Rflags::tf.mask);
    guest.begin({0x90});
    EXPECT_EQ(guest.run(1), StopReason::InstructionLimit);
    EXPECT_TRUE(guest.cpu.transaction().active());
    EXPECT_EQ(guest.run(), StopReason::Halted);
    const auto trap = guest.trap();
    ASSERT_TRUE(trap.has_value()) << "the fallback's first instruction is stepped over again";
    EXPECT_EQ(trap->vector, vector_of(ExceptionVector::Debug));
    EXPECT_EQ(trap->rip, guest.fallback() + 5) << "behind it, not inside the transaction";
    EXPECT_EQ(guest.reg(Gpr::Rax), AbortStatus::debug.mask);
}

TEST(Abort, by_a_debug_register_leaves_dr6_alone) {
    TransactionalGuest guest;
    guest.make_writable_at_once(data);
    guest.reg(Gpr::Rdi) = data;
    const u64 dr6 = guest.cpu.dr6;
    const std::vector<u8> store{0xff, 0x07, 0x90};  // inc dword [rdi]; nop
    constexpr u64 on = 1;
    constexpr u64 writes = on | u64{1} << 16;
    guest.cpu.set_breakpoint_address(0, data);
    guest.cpu.set_dr7(writes);
    EXPECT_EQ(guest.outcome(store), AbortStatus::debug.mask);
    EXPECT_EQ(guest.read<u32>(data), 0U);
    guest.cpu.set_breakpoint_address(0, Guest::code + 6);  // behind XBEGIN
    guest.cpu.set_dr7(on);
    EXPECT_EQ(guest.outcome(store), AbortStatus::debug.mask);
    guest.cpu.set_dr7(0);
    EXPECT_EQ(guest.outcome(store), committed);
    EXPECT_EQ(guest.cpu.dr6, dr6);
}

TEST(Abort, is_seen_by_observers_and_counted) {
    TransactionalGuest guest;
    EXPECT_EQ(guest.outcome({0x90}), committed);
    EXPECT_EQ(guest.outcome({0x90, 0xc6, 0xf8, 0x02}), 0x0200'0001U);  // nop; xabort 2
    ASSERT_EQ(guest.aborts.size(), 1U);
    EXPECT_EQ(guest.aborts[0].rip.value(), Guest::code + 6 + 1);
    EXPECT_EQ(guest.aborts[0].fallback.value(), guest.fallback());
    EXPECT_EQ(guest.aborts[0].status, 0x0200'0001U);
    EXPECT_EQ(guest.counters().transactions, 2U);
    EXPECT_EQ(guest.counters().transaction_aborts, 1U);
}

TEST(Abort, comes_before_an_interrupt) {
    TransactionalGuest guest;
    guest.make_writable_at_once(data);
    guest.reg(Gpr::Rdi) = data;
    guest.cpu.set_rflags(Rflags::interrupt.mask);
    guest.begin({0x48, 0xff, 0x07, 0x90, 0x90});  // inc qword [rdi]; nop; nop
    EXPECT_EQ(guest.run(2), StopReason::InstructionLimit);
    EXPECT_EQ(guest.read<u64>(data), 1U);
    guest.pins.interrupt = true;
    EXPECT_EQ(guest.run(), StopReason::Halted);
    const auto trap = guest.trap();
    ASSERT_TRUE(trap.has_value());
    EXPECT_EQ(trap->vector, Guest::device_vector);
    EXPECT_EQ(trap->rip, guest.fallback());
    EXPECT_EQ(guest.reg(Gpr::Rax), 0U);
    EXPECT_EQ(guest.read<u64>(data), 0U);
}

TEST(Abort, comes_before_an_nmi) {
    TransactionalGuest guest;
    guest.begin({0x90});
    EXPECT_EQ(guest.run(1), StopReason::InstructionLimit);
    guest.pins.non_maskable_interrupt = true;
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.trap()->vector, vector_of(ExceptionVector::NonMaskableInterrupt));
    EXPECT_EQ(guest.trap()->rip, guest.fallback());
}

// Nesting -----------------------------------------------------------------------------------------

const std::vector<u8> nested_begin{0xc7, 0xf8, 0, 0, 0, 0};  // xbegin to what follows
const std::vector<u8> end{0x0f, 0x01, 0xd5};
const std::vector<u8> test{0x0f, 0x01, 0xd6};

std::vector<u8> joined(std::initializer_list<std::vector<u8>> parts) {
    std::vector<u8> all;
    for (const auto& part : parts) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

std::vector<u8> repeated(const std::vector<u8>& part, unsigned times) {
    std::vector<u8> all;
    for (unsigned i = 0; i < times; ++i) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

TEST(Nesting, commits_with_the_outermost) {
    TransactionalGuest guest;
    guest.make_writable_at_once(data);
    guest.reg(Gpr::Rdi) = data;
    const std::vector<u8> store{0x48, 0xff, 0x07};
    const std::vector<u8> abort{0xc6, 0xf8, 0x01};
    EXPECT_EQ(guest.outcome(joined({nested_begin, store, end, abort})), 0x0100'0001U)
        << "the outer one takes the inner one back";
    EXPECT_EQ(guest.read<u64>(data), 0U);
    EXPECT_EQ(guest.outcome(joined({nested_begin, store, end})), committed);
    EXPECT_EQ(guest.read<u64>(data), 1U);
}

TEST(Nesting, an_abort_inside_goes_to_the_outermost_fallback_and_says_so) {
    TransactionalGuest guest;
    EXPECT_EQ(guest.outcome(joined({nested_begin, {0xc6, 0xf8, 0x02}})),
              0x0200'0001U | AbortStatus::nested.mask);
}

TEST(Nesting, is_at_most_seven_deep) {
    TransactionalGuest guest;
    EXPECT_EQ(guest.outcome(joined({repeated(nested_begin, 6), repeated(end, 6)})), committed);
    EXPECT_EQ(guest.outcome(joined({repeated(nested_begin, 7), repeated(end, 7)})),
              AbortStatus::nested.mask);
}

// The instructions outside of transactions --------------------------------------------------------

TEST(Outside, there_is_nothing_to_end_and_nothing_to_abort) {
    TransactionalGuest guest;
    EXPECT_EQ(vector_after(guest, joined({end, {0xf4}})), general_protection);
    EXPECT_EQ(vector_after(guest, {0xc6, 0xf8, 0x01, 0xf4}), std::nullopt);
}

TEST(Outside, xtest_sets_zero) {
    TransactionalGuest guest;
    guest.cpu.set_rflags(Rflags::cf.mask);
    EXPECT_EQ(vector_after(guest, joined({test, {0xf4}})), std::nullopt);
    EXPECT_EQ(guest.cpu.rflags() & Rflags::status, Rflags::zf.mask);
    EXPECT_EQ(guest.outcome(joined({{0x31, 0xc9}, test, {0x0f, 0x94, 0xc1}})), committed);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 0U) << "sete cl, inside";
}

TEST(Outside, a_fallback_must_be_an_address) {
    TransactionalGuest guest;
    constexpr u64 far_end = 0x7fff'ffff'f000;
    guest.map_alias(far_end, Guest::code);
    guest.load(joined({{0xc7, 0xf8, 0xff, 0xff, 0xff, 0x7f}, {0xf4}}));
    guest.start(far_end, 0);
    EXPECT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.trap()->vector, general_protection);
    EXPECT_EQ(guest.trap()->rip, far_end);
}

TEST(Outside, a_cpu_without_transactions_does_not_know_them) {
    Guest guest;
    EXPECT_EQ(vector_after(guest, joined({nested_begin, {0xf4}})), invalid_opcode);
    EXPECT_EQ(vector_after(guest, joined({end, {0xf4}})), invalid_opcode);
    EXPECT_EQ(vector_after(guest, joined({test, {0xf4}})), invalid_opcode);
    EXPECT_EQ(vector_after(guest, {0xc6, 0xf8, 0x00, 0xf4}), invalid_opcode);
    EXPECT_TRUE(guest.unimplemented.empty());
}

TEST(Outside, a_lock_prefix_is_undefined) {
    TransactionalGuest guest;
    EXPECT_EQ(vector_after(guest, joined({{0xf0}, test, {0xf4}})), invalid_opcode);
}

TEST(Elision, prefixes_are_ignored) {
    TransactionalGuest guest;
    guest.reg(Gpr::Rdi) = data;
    // xacquire lock inc dword [rdi]; xtest; sete cl; xrelease mov dword [rdi], 5; hlt
    EXPECT_EQ(vector_after(guest, {0xf2, 0xf0, 0xff, 0x07, 0x0f, 0x01, 0xd6, 0x0f, 0x94, 0xc1, 0xf3,
                                   0xc7, 0x07, 5, 0, 0, 0, 0xf4}),
              std::nullopt);
    EXPECT_EQ(guest.reg(Gpr::Rcx) & 0xff, 1U) << "no transaction began";
    EXPECT_EQ(guest.read<u32>(data), 5U);
}

// What a transaction can hold ---------------------------------------------------------------------

TEST(Capacity, is_that_of_the_sets_of_the_cache) {
    TransactionalGuest guest;  // 64 sets of 8 ways: lines 4096 bytes apart meet
    for (u64 i = 0; i < 9; ++i) {
        guest.make_writable_at_once(data + i * page);
    }
    guest.reg(Gpr::Rdi) = data;
    guest.reg(Gpr::Rcx) = 8;
    // inc dword [rdi]; add rdi, 4096; dec ecx; jnz
    const std::vector<u8> loop{0xff, 0x07, 0x48, 0x81, 0xc7, 0x00, 0x10,
                               0x00, 0x00, 0xff, 0xc9, 0x75, 0xf3};
    EXPECT_EQ(guest.outcome(loop), committed);
    guest.reg(Gpr::Rdi) = data;
    guest.reg(Gpr::Rcx) = 9;
    EXPECT_EQ(guest.outcome(loop), AbortStatus::overflow.mask);
    for (u64 i = 0; i < 9; ++i) {
        EXPECT_EQ(guest.read<u32>(data + i * page), i < 8 ? 1U : 0U);
    }
}

TEST(Capacity, counts_lines_that_one_instruction_writes) {
    TransactionalGuest guest;
    for (u64 i = 0; i < 9; ++i) {
        guest.make_writable_at_once(data + i * page);
    }
    const auto fill = [&](u64 bytes) {
        guest.reg(Gpr::Rdi) = data;
        guest.reg(Gpr::Rcx) = bytes;
        guest.reg(Gpr::Rax) = 0xee;
        return guest.outcome({0xf3, 0xaa});  // rep stosb
    };
    EXPECT_EQ(fill(32 * kib + 1), AbortStatus::overflow.mask);
    EXPECT_EQ(guest.read<u8>(data), 0U);
    EXPECT_EQ(fill(32 * kib), committed);
    EXPECT_EQ(guest.read<u8>(data + 32 * kib - 1), 0xeeU);
}

TEST(Capacity, an_overflow_in_a_read_modify_write_changes_nothing) {
    TransactionalGuest guest;
    for (u64 i = 0; i < 9; ++i) {
        guest.make_writable_at_once(data + i * page);
    }
    guest.reg(Gpr::Rdi) = data;
    std::vector<u8> body;
    for (u8 i = 0; i < 9; ++i) {  // xadd [rdi + i * 4096], rcx
        const std::vector<u8> add{0x48, 0x0f, 0xc1, 0x8f, 0, static_cast<u8>(i << 4), 0, 0};
        body.insert(body.end(), add.begin(), add.end());
    }
    guest.reg(Gpr::Rcx) = 1;
    EXPECT_EQ(guest.outcome(body), AbortStatus::overflow.mask);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 1U);
    EXPECT_EQ(guest.read<u64>(data), 0U);
}

TEST(PageTables, a_flag_that_would_have_to_be_set_aborts_and_is_not_set) {
    TransactionalGuest guest;
    guest.reg(Gpr::Rdi) = data;
    EXPECT_EQ(guest.outcome({0xff, 0x07}), 0U) << "not dirty yet";  // inc dword [rdi]
    EXPECT_FALSE(guest.is_dirty(data));
    guest.make_unaccessed(data);
    EXPECT_EQ(guest.outcome({0x8b, 0x0f}), 0U);  // mov ecx, [rdi]
    EXPECT_FALSE(guest.is_accessed(data));
    guest.make_accessed(data);
    EXPECT_EQ(guest.outcome({0x8b, 0x0f}), committed);
}

TEST(Memory, that_is_none_cannot_be_taken_back) {
    TransactionalGuest guest;
    constexpr u64 hole = 0xa'0000;
    guest.make_writable_at_once(hole);
    guest.reg(Gpr::Rdi) = hole;
    EXPECT_EQ(guest.outcome({0x8b, 0x0f}), 0U);
    EXPECT_EQ(guest.outcome({0x89, 0x0f}), 0U);
}

// IA32_TSX_CTRL -----------------------------------------------------------------------------------

class TsxControl : public testing::Test {
protected:
    std::optional<u8> write(u64 value) {
        guest.reg(Gpr::Rcx) = static_cast<u64>(Msr::IA32_TSX_CTRL);
        guest.reg(Gpr::Rax) = value;
        guest.reg(Gpr::Rdx) = 0;
        return vector_after(guest, {0x0f, 0x30, 0xf4});  // wrmsr; hlt
    }
    bool shown() {
        guest.reg(Gpr::Rax) = 7;
        guest.reg(Gpr::Rcx) = 0;
        EXPECT_EQ(vector_after(guest, {0x0f, 0xa2, 0xf4}), std::nullopt);
        return (guest.reg(Gpr::Rbx) & bit(arch::x86::cpuid_feature::rtm.index)) != 0;
    }
    TransactionalGuest guest{arch::x86::ArchCapabilities::tsx_ctrl.mask};
};

TEST_F(TsxControl, makes_every_transaction_abort_at_once) {
    EXPECT_EQ(guest.outcome({0x90}), committed);
    EXPECT_EQ(write(1), std::nullopt);
    EXPECT_EQ(guest.outcome({0x90}), 0U);
    EXPECT_TRUE(shown());
    EXPECT_EQ(write(0), std::nullopt);
    EXPECT_EQ(guest.outcome({0x90}), committed);
}

TEST_F(TsxControl, hides_them_from_cpuid) {
    EXPECT_TRUE(shown());
    EXPECT_EQ(write(2), std::nullopt);
    EXPECT_FALSE(shown());
    EXPECT_EQ(guest.outcome({0x90}), committed) << "hidden, and still there";
    EXPECT_EQ(write(4), general_protection);
}

TEST(TsxControlRegister, is_not_there_unless_the_cpu_says_so) {
    TransactionalGuest guest;
    guest.reg(Gpr::Rcx) = static_cast<u64>(Msr::IA32_TSX_CTRL);
    EXPECT_EQ(vector_after(guest, {0x0f, 0x32, 0xf4}), general_protection);
    EXPECT_EQ(vector_after(guest, {0x0f, 0x30, 0xf4}), general_protection);
}

}  // namespace
}  // namespace ringfence::sim

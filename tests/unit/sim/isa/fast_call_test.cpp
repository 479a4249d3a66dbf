// SPDX-License-Identifier: MIT
// SYSCALL, SYSRET, SYSENTER and SYSEXIT where CPUs differ and kernels have been bitten.
#include "arch/x86/rflags.h"
#include "tests/unit/sim/isa/program.h"

namespace ringfence::sim {
namespace {

using arch::x86::Efer;
using arch::x86::Rflags;
using arch::x86::SegmentDescriptor;
using cpu::Gpr;
using cpu::SegmentRegister;

const std::vector<u8> syscall{0x0f, 0x05};
const std::vector<u8> sysretq{0x48, 0x0f, 0x07};
const std::vector<u8> sysretl{0x0f, 0x07};
const std::vector<u8> sysenter{0x0f, 0x34};
constexpr u64 entry = Guest::code + 0x1000;

/// Kernel CS 8 and SS 10h; user 32-bit CS 10h, SS 18h and 64-bit CS 20h.
void set_star(Guest& guest) {
    guest.cpu.msr.star = arch::x86::Star::syscall_selector.make(Guest::kernel_cs) |
                         arch::x86::Star::sysret_selector.make(Guest::kernel_ss);
    guest.cpu.msr.lstar = entry;
    guest.write<u8>(entry, 0xf4);  // hlt
}

TEST(Syscall, saves_rip_and_flags_and_masks_them) {
    Guest guest;
    set_star(guest);
    guest.make_supervisor(entry);
    guest.cpu.msr.fmask = Rflags::interrupt.mask | Rflags::df.mask;
    guest.cpu.set_rflags(Rflags::interrupt.mask | Rflags::df.mask | Rflags::cf.mask);
    execute(guest, syscall, 3);
    EXPECT_FALSE(guest.trap());
    EXPECT_EQ(guest.cpu.cpl(), 0U);
    EXPECT_EQ(guest.reg(Gpr::Rcx), Guest::code + syscall.size());
    EXPECT_EQ(guest.reg(Gpr::R11),
              Rflags::interrupt.mask | Rflags::df.mask | Rflags::cf.mask | Rflags::fixed_one.mask);
    EXPECT_EQ(guest.cpu.rflags(), Rflags::cf.mask | Rflags::fixed_one.mask);
    EXPECT_EQ(guest.cpu.segment(SegmentRegister::Cs).selector, Guest::kernel_cs);
    EXPECT_EQ(guest.cpu.segment(SegmentRegister::Ss).selector, Guest::kernel_ss);
    EXPECT_EQ(guest.reg(Gpr::Rsp), Guest::user_stack) << "the stack is the kernel's to switch";
}

TEST(Syscall, is_undefined_until_enabled) {
    Guest guest;
    set_star(guest);
    guest.cpu.set_efer(Efer::sce.set(guest.cpu.efer(), 0));
    EXPECT_EQ(vector_after(guest, syscall, 3), invalid_opcode);
}

TEST(Sysret, to_a_non_canonical_address_faults_in_the_kernel_on_intel) {
    Guest guest;
    set_star(guest);
    guest.reg(Gpr::Rcx) = non_canonical;
    guest.reg(Gpr::R11) = Rflags::fixed_one.mask;
    EXPECT_EQ(vector_after(guest, sysretq), general_protection);
    EXPECT_EQ(guest.trap()->cs, Guest::kernel_cs);
    EXPECT_EQ(guest.trap()->rip, Guest::code);
}

TEST(Sysret, to_a_non_canonical_address_faults_in_user_mode_on_amd) {
    Guest guest{Guest::Extras{.features = {}, .vendor = arch::x86::Vendor::Amd}};
    set_star(guest);
    guest.reg(Gpr::Rcx) = non_canonical;
    guest.reg(Gpr::R11) = Rflags::fixed_one.mask;
    EXPECT_EQ(vector_after(guest, sysretq), general_protection);
    EXPECT_EQ(guest.trap()->cs, Guest::user_cs);
    EXPECT_EQ(guest.trap()->rip, non_canonical);
}

TEST(Sysret, to_32_bit_code_takes_half_the_address) {
    Guest guest;
    set_star(guest);
    guest.write(entry, 0x80cd'4190'9090'9090U);  // 32-bit: nop x5; inc ecx; int 0x80
    guest.reg(Gpr::Rcx) = 0xdead'0000'0000'0000 | (entry + 4);
    guest.reg(Gpr::R11) = Rflags::fixed_one.mask;
    EXPECT_EQ(vector_after(guest, sysretl), 0x80);
    EXPECT_EQ(guest.trap()->cs, Guest::kernel_ss | 3) << "the selector as it is, with RPL 3";
    EXPECT_EQ(guest.trap()->rip, entry + 8);
    EXPECT_EQ(guest.reg(Gpr::Rcx), entry + 5) << "41H is INC, not a prefix";
}

TEST(Sysret, needs_the_highest_privilege) {
    Guest guest;
    set_star(guest);
    EXPECT_EQ(vector_after(guest, sysretq, 3), general_protection);
}

TEST(Sysret, does_not_load_the_resume_flag) {
    Guest guest;
    set_star(guest);
    guest.write<u8>(entry, 0xcc);  // int3
    guest.reg(Gpr::Rcx) = entry;
    guest.reg(Gpr::R11) = Rflags::rf.mask | Rflags::vm.mask | Rflags::id.mask;
    execute(guest, sysretq);
    ASSERT_TRUE(guest.trap());
    EXPECT_EQ(guest.trap()->rflags, Rflags::id.mask | Rflags::fixed_one.mask);
}

TEST(Sysenter, goes_to_the_entry_with_interrupts_off) {
    Guest guest{Guest::Extras{.features = {arch::x86::cpuid_feature::sysenter}}};
    guest.cpu.msr.sysenter_cs = Guest::kernel_cs;
    guest.cpu.msr.sysenter_eip = entry;
    guest.cpu.msr.sysenter_esp = Guest::kernel_stack;
    guest.write<u8>(entry, 0xf4);  // hlt
    guest.cpu.set_rflags(Rflags::interrupt.mask);
    execute(guest, sysenter, 3);
    EXPECT_FALSE(guest.trap());
    EXPECT_EQ(guest.cpu.cpl(), 0U);
    EXPECT_EQ(guest.cpu.rip, entry + 1);
    EXPECT_EQ(guest.reg(Gpr::Rsp), Guest::kernel_stack);
    EXPECT_FALSE(guest.cpu.interrupts_enabled());
}

TEST(Sysenter, without_a_target_segment_is_a_protection_fault) {
    Guest guest;
    guest.cpu.msr.sysenter_cs = 3;
    EXPECT_EQ(vector_after(guest, sysenter, 3), general_protection);
}

TEST(Sysexit, checks_both_addresses) {
    const std::vector<u8> sysexitq{0x48, 0x0f, 0x35};
    Guest guest;
    guest.cpu.msr.sysenter_cs = Guest::kernel_cs;
    guest.reg(Gpr::Rdx) = entry;
    guest.reg(Gpr::Rcx) = non_canonical;
    EXPECT_EQ(vector_after(guest, sysexitq), general_protection);
    guest.reg(Gpr::Rdx) = non_canonical;
    guest.reg(Gpr::Rcx) = Guest::user_stack;
    EXPECT_EQ(vector_after(guest, sysexitq), general_protection);
}

}  // namespace
}  // namespace ringfence::sim

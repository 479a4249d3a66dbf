// SPDX-License-Identifier: MIT
// Control, debug and model-specific registers: what must not be written, and what a write does.
#include <utility>

#include "arch/x86/cr3.h"
#include "arch/x86/debug_registers.h"
#include "arch/x86/msr.h"
#include "tests/unit/sim/isa/program.h"

namespace ringfence::sim {
namespace {

namespace feature = arch::x86::cpuid_feature;
using arch::x86::Cr0;
using arch::x86::Cr3;
using arch::x86::Cr4;
using arch::x86::Dr6;
using arch::x86::Dr7;
using arch::x86::Efer;
using arch::x86::Msr;
using cpu::Gpr;

const std::vector<u8> mov_cr0{0x0f, 0x22, 0xc0, 0xf4};  // mov cr0, rax; hlt
const std::vector<u8> mov_cr3{0x0f, 0x22, 0xd8, 0xf4};
const std::vector<u8> mov_cr4{0x0f, 0x22, 0xe0, 0xf4};
const std::vector<u8> wrmsr{0x0f, 0x30, 0xf4};
const std::vector<u8> rdmsr{0x0f, 0x32, 0xf4};

constexpr u64 one_bit(unsigned index) {
    return u64{1} << index;
}

/// Runs `code` with `value` in RAX. True: no fault.
bool accepts(Guest& guest, const std::vector<u8>& code, u64 value, unsigned cpl = 0) {
    guest.reg(Gpr::Rax) = value;
    const auto vector = vector_after(guest, code, cpl);
    if (vector) {
        EXPECT_EQ(*vector, general_protection);
        EXPECT_EQ(guest.trap()->error_code, 0U);
        EXPECT_EQ(guest.trap()->rip, Guest::code);
    }
    return !vector;
}

bool accepts_msr(Guest& guest, Msr msr, u64 value) {
    guest.reg(Gpr::Rcx) = static_cast<u32>(msr);
    guest.reg(Gpr::Rdx) = value >> 32;
    return accepts(guest, wrmsr, static_cast<u32>(value));
}

/// What RDMSR gives; nothing if it faults.
std::optional<u64> read_msr(Guest& guest, Msr msr) {
    guest.reg(Gpr::Rcx) = static_cast<u32>(msr);
    if (!accepts(guest, rdmsr, 0)) {
        return std::nullopt;
    }
    return guest.reg(Gpr::Rax) | guest.reg(Gpr::Rdx) << 32;
}

TEST(ControlRegisters, cr0_refuses_combinations_that_must_not_be) {
    Guest guest;
    const u64 now = guest.cpu.cr0();
    EXPECT_TRUE(accepts(guest, mov_cr0, now));
    EXPECT_FALSE(accepts(guest, mov_cr0, now | one_bit(32)));
    EXPECT_FALSE(accepts(guest, mov_cr0, now & ~Cr0::pe.mask)) << "paging needs protection";
    EXPECT_FALSE(accepts(guest, mov_cr0, now | Cr0::nw.mask)) << "NW needs CD";
    EXPECT_FALSE(accepts(guest, mov_cr0, now & ~Cr0::pg.mask)) << "64-bit mode needs paging";
    EXPECT_EQ(guest.cpu.cr0(), now);
}

TEST(ControlRegisters, cr0_ignores_reserved_bits_below_32_and_keeps_et) {
    Guest guest;
    const u64 now = guest.cpu.cr0();
    EXPECT_TRUE(accepts(guest, mov_cr0, (now & ~Cr0::et.mask) | one_bit(10)));
    EXPECT_EQ(guest.cpu.cr0(), now);
}

TEST(ControlRegisters, cr3_refuses_bits_beyond_physical_addresses) {
    Guest guest{Guest::Extras{.features = {feature::pcid}}};
    const u64 root = guest.cpu.cr3();
    const unsigned width = guest.cpu.model.physical_address_bits();
    EXPECT_FALSE(accepts(guest, mov_cr3, root | one_bit(width)));
    EXPECT_FALSE(accepts(guest, mov_cr3, root | Cr3::no_flush.mask)) << "PCIDs are off";
    EXPECT_TRUE(accepts(guest, mov_cr3, root));
}

TEST(ControlRegisters, bit_63_of_cr3_is_a_request_while_pcids_are_on) {
    Guest guest{Guest::Extras{.features = {feature::pcid}}};
    const u64 root = guest.cpu.cr3();
    ASSERT_TRUE(accepts(guest, mov_cr4, guest.cpu.cr4() | Cr4::pcide.mask));
    EXPECT_TRUE(accepts(guest, mov_cr3, root | 5 | Cr3::no_flush.mask));
    EXPECT_EQ(guest.cpu.cr3(), root | 5) << "it is not stored";
    ASSERT_EQ(guest.roots.size(), 1U);
    EXPECT_TRUE(guest.roots[0].no_flush);
    EXPECT_FALSE(accepts(guest, mov_cr3, root | one_bit(62)));
}

TEST(ControlRegisters, pcids_begin_with_pcid_zero) {
    Guest guest{Guest::Extras{.features = {feature::pcid}}};
    ASSERT_TRUE(accepts(guest, mov_cr3, guest.cpu.cr3() | Cr3::pcd.mask));
    EXPECT_FALSE(accepts(guest, mov_cr4, guest.cpu.cr4() | Cr4::pcide.mask));
    ASSERT_TRUE(accepts(guest, mov_cr3, guest.cpu.cr3() & ~Cr3::pcd.mask));
    EXPECT_TRUE(accepts(guest, mov_cr4, guest.cpu.cr4() | Cr4::pcide.mask));
}

TEST(ControlRegisters, cr4_has_the_bits_of_the_cpus_features_only) {
    Guest without;
    EXPECT_FALSE(accepts(without, mov_cr4, without.cpu.cr4() | Cr4::umip.mask));
    Guest with{Guest::Extras{.features = {feature::umip}}};
    EXPECT_TRUE(accepts(with, mov_cr4, with.cpu.cr4() | Cr4::umip.mask));
}

TEST(ControlRegisters, long_mode_needs_physical_address_extension) {
    Guest guest{Guest::Extras{.features = {feature::la57}}};
    EXPECT_FALSE(accepts(guest, mov_cr4, guest.cpu.cr4() & ~Cr4::pae.mask));
    EXPECT_FALSE(accepts(guest, mov_cr4, guest.cpu.cr4() | Cr4::la57.mask))
        << "the depth of the tables cannot change under long mode";
}

TEST(ControlRegisters, cr8_is_the_interrupt_controllers) {
    const std::vector<u8> mov_cr8{0x44, 0x0f, 0x22, 0xc0, 0xf4};       // mov cr8, rax; hlt
    const std::vector<u8> mov_from_cr8{0x44, 0x0f, 0x20, 0xc0, 0xf4};  // mov rax, cr8; hlt
    Guest guest;
    EXPECT_TRUE(accepts(guest, mov_cr8, 11));
    EXPECT_EQ(guest.priority_class, 11);
    EXPECT_FALSE(accepts(guest, mov_cr8, 16));
    EXPECT_EQ(guest.priority_class, 11);
    EXPECT_TRUE(accepts(guest, mov_from_cr8, 0));
    EXPECT_EQ(guest.reg(Gpr::Rax), 11U);
}

TEST(ControlRegisters, belong_to_the_kernel) {
    Guest guest;
    EXPECT_FALSE(accepts(guest, mov_cr3, guest.cpu.cr3(), 3));
    EXPECT_FALSE(accepts(guest, {0x0f, 0x20, 0xd8, 0xcc}, 0, 3));  // mov rax, cr3
    EXPECT_FALSE(accepts(guest, rdmsr, 0, 3));
}

TEST(ModelSpecificRegisters, the_interrupt_controller_has_its_own) {
    Guest guest;
    EXPECT_TRUE(accepts_msr(guest, Msr::IA32_APIC_BASE, 0xfee0'0c00));
    EXPECT_EQ(guest.apic_base, 0xfee0'0c00U);
    EXPECT_EQ(read_msr(guest, Msr::IA32_APIC_BASE), 0xfee0'0c00U);
    for (const u32 refused : {0x6e0U, 0x800U, 0xbffU}) {
        EXPECT_EQ(read_msr(guest, static_cast<Msr>(refused)), std::nullopt);
        EXPECT_FALSE(accepts_msr(guest, static_cast<Msr>(refused), 0));
    }
}

TEST(ModelSpecificRegisters, the_counter_and_its_adjustment_are_one_offset) {
    Guest guest{Guest::Extras{.features = {arch::x86::cpuid_feature::tsc_adjust}}};
    EXPECT_EQ(read_msr(guest, Msr::IA32_TSC_ADJUST), 0U);
    EXPECT_TRUE(accepts_msr(guest, Msr::IA32_TSC_ADJUST, u64{7} << 40));
    EXPECT_EQ(guest.time_stamp_moves, 1U);
    EXPECT_EQ(guest.cpu.time_stamp(), guest.cpu.cycles + (u64{7} << 40));
    const u64 before = guest.cpu.cycles;
    EXPECT_TRUE(accepts_msr(guest, Msr::IA32_TIME_STAMP_COUNTER, 1000));
    EXPECT_EQ(guest.time_stamp_moves, 2U);
    EXPECT_EQ(read_msr(guest, Msr::IA32_TSC_ADJUST), 1000 - (before + 1))
        << "the write is the first instruction";
    Guest without;
    EXPECT_EQ(read_msr(without, Msr::IA32_TSC_ADJUST), std::nullopt);
    EXPECT_FALSE(accepts_msr(without, Msr::IA32_TSC_ADJUST, 0));
}

TEST(ModelSpecificRegisters, efer_keeps_the_processors_bit_and_refuses_unknown_ones) {
    Guest guest;
    const u64 now = guest.cpu.efer();
    EXPECT_TRUE(accepts_msr(guest, Msr::IA32_EFER, now & ~Efer::lma.mask));
    EXPECT_EQ(guest.cpu.efer(), now) << "LMA is the processor's";
    EXPECT_FALSE(accepts_msr(guest, Msr::IA32_EFER, now & ~Efer::lme.mask))
        << "LME cannot change under paging";
    EXPECT_FALSE(accepts_msr(guest, Msr::IA32_EFER, now | one_bit(12)));
    EXPECT_TRUE(accepts_msr(guest, Msr::IA32_EFER, now & ~Efer::sce.mask));
}

TEST(ModelSpecificRegisters, addresses_must_be_canonical) {
    for (const Msr msr :
         {Msr::IA32_LSTAR, Msr::IA32_CSTAR, Msr::IA32_FS_BASE, Msr::IA32_GS_BASE,
          Msr::IA32_KERNEL_GS_BASE, Msr::IA32_SYSENTER_ESP, Msr::IA32_SYSENTER_EIP}) {
        Guest guest{Guest::Extras{.features = {feature::sysenter}}};
        constexpr u64 kernel_half = 0xffff'8000'0000'0000;
        EXPECT_FALSE(accepts_msr(guest, msr, non_canonical)) << std::hex << static_cast<u32>(msr);
        EXPECT_TRUE(accepts_msr(guest, msr, kernel_half));
        EXPECT_EQ(read_msr(guest, msr), kernel_half);
    }
}

TEST(ModelSpecificRegisters, memory_types_must_be_ones_that_exist) {
    Guest guest{Guest::Extras{.features = {feature::pat}}};
    EXPECT_TRUE(accepts_msr(guest, Msr::IA32_PAT, 0x0007'0105'0406'0006));
    EXPECT_FALSE(accepts_msr(guest, Msr::IA32_PAT, 0x0007'0405'0406'0002)) << "2 is reserved";
    EXPECT_FALSE(accepts_msr(guest, Msr::IA32_PAT, 0x0800'0406'0007'0406));
    EXPECT_EQ(read_msr(guest, Msr::IA32_PAT), 0x0007'0105'0406'0006U);
}

constexpr auto fixed_64k = static_cast<Msr>(0x250);
constexpr auto first_mask = static_cast<Msr>(0x201);

TEST(MemoryTypeRanges, take_types_that_exist_only) {
    Guest guest{Guest::Extras{.features = {feature::mtrr}}};
    for (const u64 type : {0, 1, 4, 5, 6}) {
        EXPECT_TRUE(accepts_msr(guest, Msr::IA32_MTRR_DEF_TYPE, 0xc00 | type)) << type;
        EXPECT_TRUE(accepts_msr(guest, Msr::IA32_MTRR_PHYSBASE0, 0x4000'0000 | type)) << type;
        EXPECT_TRUE(accepts_msr(guest, fixed_64k, type << 56)) << type;
        EXPECT_EQ(read_msr(guest, fixed_64k), type << 56);
    }
    for (const u64 type : {2, 3, 7, 8, 0xff}) {
        EXPECT_FALSE(accepts_msr(guest, Msr::IA32_MTRR_DEF_TYPE, 0xc00 | type)) << type;
        EXPECT_FALSE(accepts_msr(guest, Msr::IA32_MTRR_PHYSBASE0, type)) << type;
        EXPECT_FALSE(accepts_msr(guest, fixed_64k, type << 8)) << type;
    }
    EXPECT_EQ(read_msr(guest, Msr::IA32_MTRR_DEF_TYPE), 0xc06U);
    EXPECT_EQ(read_msr(guest, Msr::IA32_MTRR_PHYSBASE0), 0x4000'0006U);
}

TEST(MemoryTypeRanges, refuse_reserved_bits) {
    Guest guest{Guest::Extras{.features = {feature::mtrr}}};
    const unsigned beyond = guest.cpu.model.physical_address_bits();
    for (const unsigned reserved : {8U, 9U, 12U, 63U}) {
        EXPECT_FALSE(accepts_msr(guest, Msr::IA32_MTRR_DEF_TYPE, one_bit(reserved)));
    }
    for (const unsigned reserved : {8U, 11U, beyond, 63U}) {
        EXPECT_FALSE(accepts_msr(guest, Msr::IA32_MTRR_PHYSBASE0, one_bit(reserved)));
    }
    for (const unsigned reserved : {0U, 10U, beyond, 63U}) {
        EXPECT_FALSE(accepts_msr(guest, first_mask, one_bit(reserved)));
    }
    EXPECT_TRUE(accepts_msr(guest, first_mask, one_bit(beyond - 1) | one_bit(11)));
    EXPECT_EQ(read_msr(guest, first_mask), one_bit(beyond - 1) | one_bit(11));
}

TEST(MemoryTypeRanges, are_as_many_as_the_capabilities_say) {
    for (const auto& [vendor, count] :
         {std::pair{arch::x86::Vendor::Intel, 10U}, {arch::x86::Vendor::Amd, 8U}}) {
        Guest guest{Guest::Extras{.features = {feature::mtrr}, .vendor = vendor}};
        EXPECT_EQ(read_msr(guest, Msr::IA32_MTRRCAP), 0x500U | count) << "fixed ones, and WC";
        EXPECT_FALSE(accepts_msr(guest, Msr::IA32_MTRRCAP, 0x500U | count)) << "it only tells";
        EXPECT_TRUE(read_msr(guest, static_cast<Msr>(0x200 + 2 * count - 1)));
        EXPECT_FALSE(read_msr(guest, static_cast<Msr>(0x200 + 2 * count)));
        EXPECT_FALSE(accepts_msr(guest, static_cast<Msr>(0x200 + 2 * count), 0));
    }
}

TEST(MemoryTypeRanges, are_there_if_the_processor_says_so) {
    Guest guest;
    for (const Msr msr : {Msr::IA32_MTRRCAP, Msr::IA32_MTRR_DEF_TYPE, Msr::IA32_MTRR_PHYSBASE0,
                          first_mask, fixed_64k}) {
        EXPECT_FALSE(read_msr(guest, msr));
        EXPECT_FALSE(accepts_msr(guest, msr, 0));
    }
}

TEST(ModelSpecificRegisters, debug_control_takes_what_the_machine_does) {
    Guest guest;
    EXPECT_EQ(read_msr(guest, Msr::IA32_DEBUGCTL), 0U);
    EXPECT_TRUE(accepts_msr(guest, Msr::IA32_DEBUGCTL, 2));
    EXPECT_EQ(read_msr(guest, Msr::IA32_DEBUGCTL), 2U);
    for (const unsigned refused : {0U, 6U, 7U, 14U, 16U, 63U}) {
        EXPECT_FALSE(accepts_msr(guest, Msr::IA32_DEBUGCTL, one_bit(refused))) << refused;
    }
}

TEST(ModelSpecificRegisters, some_are_amds) {
    Guest intel;
    Guest amd{Guest::Extras{.features = {}, .vendor = arch::x86::Vendor::Amd}};
    constexpr u64 tsc_is_constant = 1 << 24;
    EXPECT_FALSE(read_msr(intel, Msr::HWCR));
    EXPECT_FALSE(read_msr(intel, Msr::SYSCFG));
    EXPECT_EQ(read_msr(amd, Msr::HWCR), tsc_is_constant);
    EXPECT_TRUE(accepts_msr(amd, Msr::HWCR, tsc_is_constant));
    EXPECT_FALSE(accepts_msr(amd, Msr::HWCR, one_bit(25)));
    const auto configuration = read_msr(amd, Msr::SYSCFG);
    ASSERT_TRUE(configuration);
    EXPECT_TRUE(accepts_msr(amd, Msr::SYSCFG, *configuration & ~one_bit(20)));
    EXPECT_EQ(read_msr(amd, Msr::SYSCFG), *configuration & ~one_bit(20));
    EXPECT_FALSE(accepts_msr(amd, Msr::SYSCFG, *configuration | one_bit(19)));
}

TEST(ModelSpecificRegisters, those_of_hidden_features_do_not_exist) {
    Guest guest;
    EXPECT_FALSE(accepts_msr(guest, Msr::IA32_SPEC_CTRL, 0));
    EXPECT_FALSE(read_msr(guest, Msr::IA32_SPEC_CTRL));
    EXPECT_FALSE(read_msr(guest, Msr::IA32_TSC_AUX));
    EXPECT_FALSE(accepts_msr(guest, Msr::IA32_PRED_CMD, 1));
    EXPECT_FALSE(read_msr(guest, static_cast<Msr>(0x1234'5678)));
}

TEST(ModelSpecificRegisters, commands_are_write_only) {
    Guest guest{Guest::Extras{.features = {feature::ibrs}}};
    EXPECT_TRUE(accepts_msr(guest, Msr::IA32_PRED_CMD, 1));
    EXPECT_FALSE(accepts_msr(guest, Msr::IA32_PRED_CMD, 2));
    EXPECT_FALSE(read_msr(guest, Msr::IA32_PRED_CMD));
}

TEST(ModelSpecificRegisters, the_time_stamp_counter_counts_on_from_what_is_written) {
    Guest guest;
    constexpr u64 start = u64{1} << 40;
    EXPECT_TRUE(accepts_msr(guest, Msr::IA32_TIME_STAMP_COUNTER, start));
    const u64 written_at = guest.cpu.cycles;
    const auto read = read_msr(guest, Msr::IA32_TIME_STAMP_COUNTER);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read - start, guest.cpu.cycles - written_at) << "one cycle for each instruction";
}

TEST(DebugRegisters, four_and_five_are_other_names_until_debug_extensions_are_on) {
    const std::vector<u8> mov_dr5{0x0f, 0x23, 0xe8, 0xf4};
    Guest guest{Guest::Extras{.features = {feature::de}}};
    guest.reg(Gpr::Rax) = 1;
    EXPECT_EQ(vector_after(guest, mov_dr5), std::nullopt);
    EXPECT_EQ(guest.cpu.dr7(), Dr7::reset | 1);
    ASSERT_TRUE(accepts(guest, mov_cr4, guest.cpu.cr4() | Cr4::de.mask));
    EXPECT_EQ(vector_after(guest, mov_dr5), invalid_opcode);
}

TEST(DebugRegisters, general_detection_traps_the_next_access_and_lifts_itself) {
    constexpr u8 debug = vector_of(cpu::ExceptionVector::Debug);
    const std::vector<u8> mov_from_dr0{0x0f, 0x21, 0xc3, 0xf4};  // mov rbx, dr0; hlt
    Guest guest;
    guest.cpu.set_dr7(Dr7::reset | Dr7::gd.mask);
    EXPECT_EQ(vector_after(guest, mov_from_dr0), debug);
    EXPECT_EQ(guest.trap()->rip, Guest::code);
    EXPECT_TRUE(Dr6::bd.test(guest.cpu.dr6));
    EXPECT_EQ(vector_after(guest, mov_from_dr0), std::nullopt);
}

/// DR6 and DR7 after 0 and DR7.RTM were written to them.
std::pair<u64, u64> transaction_bits(Guest& guest) {
    guest.reg(Gpr::Rbx) = Dr7::rtm.mask;
    EXPECT_TRUE(accepts(guest, {0x0f, 0x23, 0xf0, 0x0f, 0x23, 0xfb, 0xf4}, 0))
        << "mov dr6, rax; mov dr7, rbx; hlt";
    return {guest.cpu.dr6, guest.cpu.dr7()};
}

TEST(DebugRegisters, bits_for_transactions_are_fixed_where_there_are_none) {
    Guest without;
    EXPECT_EQ(transaction_bits(without), std::pair(Dr6::reset, Dr7::reset));
    Guest with{Guest::Extras{.features = {feature::rtm}}};
    EXPECT_EQ(transaction_bits(with),
              std::pair(Dr6::reset & ~Dr6::rtm.mask, Dr7::reset | Dr7::rtm.mask));
    EXPECT_EQ(vector_after(with, {0xf1}), vector_of(cpu::ExceptionVector::Debug)) << "INT1";
    EXPECT_EQ(with.cpu.dr6, Dr6::reset) << "it came outside a transaction";
}

TEST(DebugRegisters, control_has_32_bits_of_which_some_are_fixed) {
    const std::vector<u8> mov_dr7{0x0f, 0x23, 0xf8, 0xf4};
    Guest guest;
    EXPECT_FALSE(accepts(guest, mov_dr7, one_bit(32)));
    EXPECT_TRUE(accepts(guest, mov_dr7, 0xffff'dfff));
    EXPECT_EQ(guest.cpu.dr7(), 0xffff'07ffU);
}

}  // namespace
}  // namespace ringfence::sim

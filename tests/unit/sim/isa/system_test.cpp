// SPDX-License-Identifier: MIT
// Descriptor-table registers, INVPCID, the bases of FS and GS, time and identification.
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "sim/isa/x86/timed_execution.h"
#include "sim/presets/preset_file.h"
#include "sim/presets/timing_parameters.h"
#include "tests/unit/sim/isa/program.h"

namespace ringfence::sim {
namespace {

namespace feature = arch::x86::cpuid_feature;
using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using cpu::Gpr;
using cpu::SegmentRegister;

constexpr u8 breakpoint = vector_of(cpu::ExceptionVector::Breakpoint);

void set_cr4_bit(Guest& guest, u64 mask) {
    ASSERT_TRUE(guest.cpu.set_cr4(guest.cpu.cr4() | mask));
}

TEST(DescriptorTables, storing_is_free_unless_user_mode_is_to_learn_nothing) {
    const std::vector<u8> sgdt{0x0f, 0x01, 0x00, 0xcc};  // sgdt [rax]; int3
    Guest guest{Guest::Extras{.features = {feature::umip}}};
    guest.reg(Gpr::Rax) = Guest::data;
    EXPECT_EQ(vector_after(guest, sgdt, 3), breakpoint);
    EXPECT_EQ(guest.read<u16>(Guest::data), guest.cpu.gdtr.limit);
    EXPECT_EQ(guest.read<u64>(Guest::data + 2), Guest::gdt);
    set_cr4_bit(guest, Cr4::umip.mask);
    EXPECT_EQ(vector_after(guest, sgdt, 3), general_protection);
    EXPECT_EQ(vector_after(guest, sgdt, 0), breakpoint);
}

TEST(DescriptorTables, a_store_across_pages_is_whole_or_not_at_all) {
    Guest guest;
    constexpr u64 boundary = Guest::data + 4096;
    guest.write<u32>(boundary - 4, 0x1111'1111);
    guest.make_read_only(boundary);
    guest.reg(Gpr::Rax) = boundary - 4;
    EXPECT_EQ(vector_after(guest, {0x0f, 0x01, 0x00, 0xf4}), page_fault);  // sgdt [rax]; hlt
    EXPECT_EQ(guest.cpu.cr2, boundary);
    EXPECT_EQ(guest.read<u32>(boundary - 4), 0x1111'1111U);
}

TEST(DescriptorTables, a_base_must_be_canonical) {
    const std::vector<u8> lgdt{0x0f, 0x01, 0x10, 0xf4};  // lgdt [rax]; hlt
    Guest guest;
    guest.write<u16>(Guest::data, 0x37);
    guest.write<u64>(Guest::data + 2, non_canonical);
    guest.reg(Gpr::Rax) = Guest::data;
    EXPECT_EQ(vector_after(guest, lgdt), general_protection);
    guest.write<u64>(Guest::data + 2, Guest::gdt);
    EXPECT_EQ(vector_after(guest, lgdt), std::nullopt);
    EXPECT_EQ(guest.cpu.gdtr.limit, 0x37);
}

TEST(TaskRegister, a_task_that_runs_cannot_be_loaded_again) {
    const std::vector<u8> ltr{0x0f, 0x00, 0xd8, 0xf4};  // ltr ax; hlt
    Guest guest;
    guest.cpu.task = {};
    guest.reg(Gpr::Rax) = Guest::tss_selector;
    EXPECT_EQ(vector_after(guest, ltr), std::nullopt);
    EXPECT_EQ(guest.cpu.task.base, Guest::tss);
    EXPECT_EQ(SegmentDescriptor::type.get(guest.read<u64>(Guest::gdt + Guest::tss_selector)),
              static_cast<u64>(SystemSegmentType::TssBusy));
    EXPECT_EQ(vector_after(guest, ltr), general_protection);
    EXPECT_EQ(guest.trap()->error_code, Guest::tss_selector);
}

TEST(TaskRegister, null_is_no_task_but_no_local_table_either) {
    Guest guest;
    guest.reg(Gpr::Rax) = 0;
    EXPECT_EQ(vector_after(guest, {0x0f, 0x00, 0xd8, 0xf4}), general_protection);  // ltr
    EXPECT_EQ(vector_after(guest, {0x0f, 0x00, 0xd0, 0xf4}), std::nullopt);        // lldt
    EXPECT_FALSE(guest.cpu.ldtr.usable);
}

class Invpcid : public testing::Test {
protected:
    bool accepts(u64 type, u64 low, u64 address) {
        guest.write(Guest::data, low);
        guest.write(Guest::data + 8, address);
        guest.reg(Gpr::Rcx) = type;
        guest.reg(Gpr::Rax) = Guest::data;
        const auto vector = vector_after(guest, {0x66, 0x0f, 0x38, 0x82, 0x08, 0xf4});
        EXPECT_TRUE(!vector || *vector == general_protection);
        return !vector;
    }
    Guest guest{Guest::Extras{.features = {feature::pcid, feature::invpcid}}};
};

TEST_F(Invpcid, knows_four_types) {
    for (u64 type = 0; type < 4; ++type) {
        EXPECT_TRUE(accepts(type, 0, Guest::data));
    }
    EXPECT_FALSE(accepts(4, 0, 0));
    EXPECT_FALSE(accepts(u64{1} << 32, 0, 0)) << "all 64 bits of the register count";
}

TEST_F(Invpcid, refuses_reserved_bits_and_bad_addresses) {
    EXPECT_FALSE(accepts(1, u64{1} << 12, 0));
    EXPECT_FALSE(accepts(0, 0, non_canonical));
    EXPECT_TRUE(accepts(1, 0, non_canonical)) << "only type 0 has an address";
}

TEST_F(Invpcid, names_other_contexts_only_while_there_are_any) {
    EXPECT_FALSE(accepts(0, 5, Guest::data));
    EXPECT_FALSE(accepts(1, 5, 0));
    EXPECT_TRUE(accepts(2, 5, 0));
    set_cr4_bit(guest, Cr4::pcide.mask);
    EXPECT_TRUE(accepts(1, 5, 0));
}

TEST(SegmentBases, swapgs_exchanges_the_two) {
    Guest guest;
    guest.cpu.gpr.set_base(SegmentRegister::Gs, 0x1000);
    guest.cpu.msr.kernel_gs_base = 0x2000;
    EXPECT_EQ(vector_after(guest, {0x0f, 0x01, 0xf8, 0xf4}), std::nullopt);
    EXPECT_EQ(guest.cpu.gpr.base(SegmentRegister::Gs), 0x2000U);
    EXPECT_EQ(guest.cpu.msr.kernel_gs_base, 0x1000U);
    EXPECT_EQ(vector_after(guest, {0x0f, 0x01, 0xf8, 0xf4}, 3), general_protection);
}

TEST(SegmentBases, user_mode_writes_its_own_where_the_kernel_allows_it) {
    const std::vector<u8> wrfsbase{0xf3, 0x48, 0x0f, 0xae, 0xd0, 0xcc};
    Guest guest{Guest::Extras{.features = {feature::fsgsbase}}};
    guest.reg(Gpr::Rax) = 0x1234;
    EXPECT_EQ(vector_after(guest, wrfsbase, 3), invalid_opcode);
    set_cr4_bit(guest, Cr4::fsgsbase.mask);
    EXPECT_EQ(vector_after(guest, wrfsbase, 3), breakpoint);
    EXPECT_EQ(guest.cpu.gpr.base(SegmentRegister::Fs), 0x1234U);
    guest.reg(Gpr::Rax) = non_canonical;
    EXPECT_EQ(vector_after(guest, wrfsbase, 3), general_protection);
}

TEST(Time, the_counter_is_exact_in_the_middle_of_a_program) {
    Guest guest;
    guest.clock.time_stamp_offset = u64{5} << 32;
    // nop; nop; rdtsc; hlt
    EXPECT_EQ(vector_after(guest, {0x90, 0x90, 0x0f, 0x31, 0xf4}), std::nullopt);
    EXPECT_EQ(guest.reg(Gpr::Rax), 3U);
    EXPECT_EQ(guest.reg(Gpr::Rdx), 5U);
}

TEST(Time, may_be_kept_from_user_mode) {
    const std::vector<u8> rdtsc{0x0f, 0x31, 0xcc};
    Guest guest;
    EXPECT_EQ(vector_after(guest, rdtsc, 3), breakpoint);
    set_cr4_bit(guest, Cr4::tsd.mask);
    EXPECT_EQ(vector_after(guest, rdtsc, 3), general_protection);
    EXPECT_EQ(vector_after(guest, rdtsc, 0), breakpoint);
}

class TimedGuest final : public Guest {
public:
    TimedGuest() : timed_(cpu, memory_, parameters()) {}

private:
    static timing::Parameters parameters() {
        static const auto model = presets::find_preset("skylake-sp");
        return presets::timing_parameters(model.value());
    }

    isa::x86::TimedExecution timed_;
};

TEST(Time, no_two_reads_give_the_same_even_in_one_cycle) {
    TimedGuest guest;
    const std::vector<u8> reads{0x0f, 0x31, 0x89, 0xc3,  // rdtsc; mov ebx, eax
                                0x0f, 0x31, 0x89, 0xc1,  // rdtsc; mov ecx, eax
                                0x0f, 0x31, 0x89, 0xc6,  // rdtsc; mov esi, eax
                                0x0f, 0x31, 0x89, 0xc7,  // rdtsc; mov edi, eax
                                0x0f, 0x31, 0xf4};       // rdtsc; hlt
    for (unsigned run = 0; run < 3; ++run) {
        const u64 before = guest.reg(Gpr::Rax);
        EXPECT_EQ(vector_after(guest, reads), std::nullopt);
        EXPECT_GT(guest.reg(Gpr::Rbx), before);
        EXPECT_GT(guest.reg(Gpr::Rcx), guest.reg(Gpr::Rbx));
        EXPECT_GT(guest.reg(Gpr::Rsi), guest.reg(Gpr::Rcx));
        EXPECT_GT(guest.reg(Gpr::Rdi), guest.reg(Gpr::Rsi));
        EXPECT_GT(guest.reg(Gpr::Rax), guest.reg(Gpr::Rdi));
    }
}

TEST(Identification, shows_the_local_apic_while_it_is_enabled) {
    const std::vector<u8> cpuid{0x0f, 0xa2, 0xf4};
    Guest guest{Guest::Extras{.features = {feature::apic}}};
    const auto shows_apic = [&] {
        guest.reg(Gpr::Rax) = 1;
        EXPECT_EQ(vector_after(guest, cpuid), std::nullopt);
        return (guest.reg(Gpr::Rdx) & bit(feature::apic.index)) != 0;
    };
    EXPECT_TRUE(shows_apic());
    guest.apic_base = arch::x86::ApicBase::enabled.set(guest.apic_base, 0);
    EXPECT_FALSE(shows_apic());
}

TEST(MachineStatusWord, protection_cannot_be_switched_off) {
    Guest guest;
    guest.reg(Gpr::Rax) = Cr0::ts.mask;
    EXPECT_EQ(vector_after(guest, {0x0f, 0x01, 0xf0, 0xf4}), std::nullopt);  // lmsw ax; hlt
    EXPECT_TRUE(Cr0::pe.test(guest.cpu.cr0()));
    EXPECT_TRUE(Cr0::ts.test(guest.cpu.cr0()));
    EXPECT_EQ(vector_after(guest, {0x0f, 0x06, 0xf4}), std::nullopt);  // clts; hlt
    EXPECT_FALSE(Cr0::ts.test(guest.cpu.cr0()));
}

TEST(Halt, belongs_to_the_kernel) {
    Guest guest;
    EXPECT_EQ(vector_after(guest, {0xf4}, 3), general_protection);
}

}  // namespace
}  // namespace ringfence::sim

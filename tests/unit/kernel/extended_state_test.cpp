// SPDX-License-Identifier: MIT
// Which extended state the kernel turns on, and which images it takes from programs.
#include <gtest/gtest.h>

#include <string>

#include "arch/testing/fake_x86_cpu.h"
#include "kernel/arch/x86_64/extended_state_image.h"
#include "kernel/arch/x86_64/extended_state_support.h"

namespace ringfence::kernel::arch {
namespace {

using ringfence::arch::testing::FakeX86Cpu;
namespace feature = x86::cpuid_feature;
using Image = ExtendedStateImage;

/// A CPU with leaf 0DH that has `components`.
FakeX86Cpu cpu_with(u32 components) {
    FakeX86Cpu cpu("GenuineIntel", 6, 0x55);
    x86::CpuidResult basic = cpu.cpuid(x86::cpuid_basic, 0);
    basic.eax = x86::cpuid_extended_state;
    cpu.set_cpuid(x86::cpuid_basic, 0, basic);
    cpu.set_cpuid(x86::cpuid_extended_state, 0, {.eax = components});
    return cpu.with(feature::xsave);
}

TEST(ExtendedStateSupport, IsFxsaveAloneWithoutXsave) {
    EXPECT_FALSE(extended_state_support(FakeX86Cpu("GenuineIntel", 6, 0x1a)).xsave());
    // The bit without the leaf, as a hypervisor that hides too much might show it.
    const FakeX86Cpu no_leaf = FakeX86Cpu("GenuineIntel", 6, 0x55).with(feature::xsave);
    EXPECT_FALSE(extended_state_support(no_leaf).xsave());
}

struct Offer {
    const char* name;
    u32 offered;
    u64 enabled;
};

class ExtendedStateOffer : public testing::TestWithParam<Offer> {};

TEST_P(ExtendedStateOffer, IsTakenAsFarAsProgramsGetIt) {
    EXPECT_EQ(extended_state_support(cpu_with(GetParam().offered)).components, GetParam().enabled);
}

constexpr Offer offers[] = {
    {"Sse", 0x3, 0x3},  {"Avx", 0x7, 0x7},      {"Pkru", 0x203, 0x3},  {"AvxAndPkru", 0x207, 0x7},
    {"Mpx", 0x1f, 0x7}, {"Avx512", 0x2e7, 0x7}, {"Amx", 0x602e7, 0x7}, {"AvxWithoutSse", 0x5, 0},
};
INSTANTIATE_TEST_SUITE_P(Components, ExtendedStateOffer, testing::ValuesIn(offers),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ExtendedStateSupport, KnowsXsaveopt) {
    EXPECT_FALSE(extended_state_support(cpu_with(7)).xsaveopt);
    EXPECT_TRUE(extended_state_support(cpu_with(7).with(feature::xsaveopt)).xsaveopt);
}

constexpr u32 all_of_mxcsr = 0xffff;
constexpr ExtendedStateSupport without_xsave{};
constexpr ExtendedStateSupport with_sse{.components = 3};
constexpr ExtendedStateSupport with_avx{.components = 7};

bool takes(const ExtendedStateSupport& support, const x86::XsaveHeader& header) {
    ExtendedState image = make_initial_extended_state();
    Image::xsave_header.put(image, header);
    return is_loadable(image, support, all_of_mxcsr);
}

TEST(ExtendedStateImages, InitialOnesAreTakenByEveryCpu) {
    for (const auto& support : {without_xsave, with_sse, with_avx}) {
        EXPECT_TRUE(is_loadable(make_initial_extended_state(), support, Image::oldest_mxcsr_mask));
    }
}

TEST(ExtendedStateImages, HoldNoComponentThatIsOff) {
    EXPECT_TRUE(takes(with_avx, {.state = 7, .compaction = 0, .reserved = {}}));
    EXPECT_FALSE(takes(with_sse, {.state = 7, .compaction = 0, .reserved = {}}));
    for (unsigned component = 3; component < 64; ++component) {
        EXPECT_FALSE(
            takes(with_avx, {.state = u64{1} << component, .compaction = 0, .reserved = {}}))
            << component;
    }
}

TEST(ExtendedStateImages, AreInTheStandardFormat) {
    for (unsigned i = 0; i < 64; ++i) {
        EXPECT_FALSE(takes(with_avx, {.state = 0, .compaction = u64{1} << i, .reserved = {}})) << i;
    }
    EXPECT_FALSE(takes(with_avx, {.state = 0, .compaction = u64{1} << 63 | 7, .reserved = {}}));
}

TEST(ExtendedStateImages, HaveZeroWhereXrstorLooks) {
    EXPECT_FALSE(takes(with_avx, {.state = 0, .compaction = 0, .reserved = {1}}));
    EXPECT_TRUE(takes(with_avx, {.state = 0, .compaction = 0, .reserved = {0, 1, 1, 1, 1, 1}}));
}

TEST(ExtendedStateImages, SetNoBitOfMxcsrThatTheCpuLacks) {
    for (const auto& support : {without_xsave, with_avx}) {
        for (unsigned i = 0; i < 32; ++i) {
            ExtendedState image = make_initial_extended_state();
            Image::mxcsr.put(image, u32{1} << i);
            EXPECT_EQ(is_loadable(image, support, all_of_mxcsr), i < 16) << i;
        }
    }
    ExtendedState image = make_initial_extended_state();
    constexpr u32 denormals_are_zero = 0x40;
    Image::mxcsr.put(image, denormals_are_zero);
    EXPECT_FALSE(is_loadable(image, with_avx, Image::oldest_mxcsr_mask));
}

/// FXRSTOR has no header: what programs have behind its part is not looked at.
TEST(ExtendedStateImages, NeedNoHeaderWithoutXsave) {
    EXPECT_TRUE(takes(without_xsave, {.state = ~u64{0}, .compaction = 1, .reserved = {1}}));
}

}  // namespace
}  // namespace ringfence::kernel::arch

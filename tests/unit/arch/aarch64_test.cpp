// SPDX-License-Identifier: MIT
// AArch64 layouts and the decision to unmap the kernel, against known CPUs.
#include <gtest/gtest.h>

#include "arch/aarch64/exception_syndrome.h"
#include "arch/aarch64/mair.h"
#include "arch/aarch64/pte_4k.h"
#include "arch/aarch64/translation_control.h"
#include "arch/aarch64/vulnerability.h"
#include "arch/testing/fake_aarch64_cpu.h"

namespace ringfence::arch::aarch64 {
namespace {

using arch::testing::FakeAarch64Cpu;

struct Row {
    const char* name;
    u64 midr;
    u64 pfr0;
    bool meltdown;
};

// MIDR as the boards report it.
constexpr u64 csv3 = IdAa64Pfr0::csv3.make(1);
constexpr Row rows[] = {
    {"Cortex-A53 r0p4", 0x410f'd034, 0, false},  {"Cortex-A72 r0p3", 0x410f'd083, 0, false},
    {"Cortex-A75 r2p1", 0x412f'd0a1, 0, true},   {"Cortex-A76 r4p0", 0x414f'd0b0, csv3, false},
    {"Neoverse N1", 0x413f'd0c1, csv3, false},   {"ThunderX2", 0x431f'0af1, 0, false},
    {"Carmel", 0x4e0f'0040, 0, false},           {"unknown, silent", 0x610f'0220, 0, true},
    {"unknown, CSV3", 0x610f'0220, csv3, false},
};

FakeAarch64Cpu fake(const Row& row) {
    return FakeAarch64Cpu(row.midr).set(IdRegister::ID_AA64PFR0_EL1, row.pfr0);
}

TEST(Aarch64Vulnerability, DecidesAsLinuxForEveryModel) {
    for (const Row& row : rows) {
        EXPECT_EQ(meltdown_affected(fake(row)), row.meltdown) << row.name;
    }
}

TEST(Aarch64Kpti, FollowsTheCpuUnlessAsked) {
    EXPECT_TRUE(kpti_enabled(fake(rows[2]), KptiRequest::Auto, false));
    EXPECT_FALSE(kpti_enabled(fake(rows[2]), KptiRequest::Off, false));
    EXPECT_FALSE(kpti_enabled(fake(rows[0]), KptiRequest::Auto, false));
    EXPECT_TRUE(kpti_enabled(fake(rows[0]), KptiRequest::On, false));
}

TEST(Aarch64Kpti, ARandomisedKernelWantsItUnlessE0pdHidesIt) {
    EXPECT_TRUE(kpti_enabled(fake(rows[0]), KptiRequest::Auto, true));
    auto modern = fake(rows[4]);
    modern.set(IdRegister::ID_AA64MMFR2_EL1, IdAa64Mmfr2::e0pd.make(1));
    EXPECT_FALSE(kpti_enabled(modern, KptiRequest::Auto, true));
}

TEST(Aarch64Kpti, TheCaviumErratumForbidsIt) {
    const FakeAarch64Cpu broken(0x430f'0a10);
    EXPECT_FALSE(kpti_enabled(broken, KptiRequest::On, true));
    const FakeAarch64Cpu fixed(0x431f'0a12);
    EXPECT_TRUE(kpti_enabled(fixed, KptiRequest::On, false));
}

TEST(Aarch64Registers, Fields) {
    // Data abort from EL0, translation fault at level 3, write: ESR 0x92000047.
    constexpr u64 esr = 0x9200'0047;
    EXPECT_EQ(Esr::exception_class(esr), ExceptionClass::DataAbortLower);
    EXPECT_EQ(Esr::fault_status.get(esr), FaultStatus::make(FaultKind::Translation, 3));
    EXPECT_TRUE(Esr::write.test(esr));
    EXPECT_EQ(Tcr::address_bits_1(0x19'0000), 39U) << "T1SZ = 25";
    EXPECT_EQ(physical_address_bits(5), 48U);
    EXPECT_EQ(Ttbr::root(0x0001'0000'41a2'b001), PhysicalAddress{0x41a2'b000});
    EXPECT_EQ(Mair::attribute(Mair::standard, 3), Mair::device_ngnrne);
}

}  // namespace
}  // namespace ringfence::arch::aarch64

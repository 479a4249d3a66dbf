// SPDX-License-Identifier: MIT
// IA32_APIC_BASE, x2APIC and what both modes share.
#include <gtest/gtest.h>

#include "tests/unit/sim/devices/apic_fixture.h"

namespace ringfence::sim::devices {
namespace {

using Vectors = std::vector<u8>;

constexpr u64 bootstrap = 0x100;
constexpr u64 extended = 0x400;
constexpr u64 enabled = 0x800;

class LocalApicModesTest : public ApicFixture {
protected:
    bool set_base(u64 value) { return apic_.write_msr(apic_base, value); }
    void enter_x2apic() { ASSERT_TRUE(set_base(page | bootstrap | extended | enabled)); }
    std::optional<u64> get(u32 msr) { return apic_.read_msr(msr); }
    bool put(u32 msr, u64 value) { return apic_.write_msr(msr, value); }
};

TEST_F(LocalApicModesTest, TheBaseRegisterRefusesReservedBits) {
    EXPECT_EQ(get(apic_base), page | bootstrap | enabled);
    for (const u64 bad : {u64{1}, u64{0x80}, u64{0x200}, u64{1} << 46, u64{1} << 63}) {
        EXPECT_FALSE(set_base(page | bootstrap | enabled | bad)) << std::hex << bad;
    }
    EXPECT_EQ(get(apic_base), page | bootstrap | enabled);
    EXPECT_TRUE(set_base(u64{1} << 45 | enabled));
    EXPECT_EQ(place_, PhysicalAddress{u64{1} << 45});
}

/// [intel/vol3]: 11.12.5, every pair of states.
TEST_F(LocalApicModesTest, ModesChangeAlongTheirPathsOnly) {
    const u64 off = page;
    const u64 xapic = page | enabled;
    const u64 x2apic = page | enabled | extended;
    const u64 invalid = page | extended;
    const auto go_to = [&](u64 state) {
        EXPECT_TRUE(set_base(off));
        EXPECT_TRUE(state == off || set_base(xapic));
        EXPECT_TRUE(state != x2apic || set_base(x2apic));
    };
    struct Row {
        u64 from, to;
        bool allowed;
    };
    for (const Row& row : {Row{off, off, true},
                           {off, xapic, true},
                           {off, x2apic, false},
                           {off, invalid, false},
                           {xapic, off, true},
                           {xapic, xapic, true},
                           {xapic, x2apic, true},
                           {xapic, invalid, false},
                           {x2apic, off, true},
                           {x2apic, xapic, false},
                           {x2apic, x2apic, true},
                           {x2apic, invalid, false}}) {
        go_to(row.from);
        EXPECT_EQ(set_base(row.to), row.allowed) << std::hex << row.from << " " << row.to;
        EXPECT_EQ(get(apic_base), row.allowed ? row.to : row.from);
        const u64 now = row.allowed ? row.to : row.from;
        EXPECT_EQ(place_.has_value(), now == xapic);
    }
}

TEST_F(LocalApicModesTest, WithoutTheFeatureThereIsNoSuchMode) {
    EventQueue events{clock_};
    LocalApic old{events, *this, ApicFeatures{.timer_hz = timer_hz}, core_hz};
    EXPECT_FALSE(old.write_msr(apic_base, page | enabled | extended));
    EXPECT_EQ(old.read_msr(0x802), std::nullopt);
    EXPECT_EQ(old.read_msr(tsc_deadline), std::nullopt);
    EXPECT_FALSE(old.write_msr(tsc_deadline, 0));
    EXPECT_EQ(old.mmio_read(0x30, 4), 0x0005'0015U);
    old.mmio_write(0xf0, 4, 0x11ff);
    EXPECT_EQ(old.mmio_read(0xf0, 4), 0x1ffU) << "no directed end of interrupt";
    old.mmio_write(0x320, 4, 0x40041);
    EXPECT_EQ(old.mmio_read(0x320, 4), 0x41U) << "no TSC deadline";
}

TEST_F(LocalApicModesTest, DisablingForgetsAllButTheTaskPriority) {
    write(0x20, 0x0500'0000);
    write(0x80, 0x30);
    write(0x320, 0x20041);
    write(0x380, 1000);
    send_self(0x61);
    ASSERT_TRUE(set_base(page));
    EXPECT_FALSE(apic_.has_interrupt());
    EXPECT_TRUE(apic_.passes_external()) << "as if there were no APIC";
    apic_.set_pin(LocalApic::Pin::Lint1, true);
    EXPECT_EQ(nmis_, 1U);
    EXPECT_TRUE(events_.empty());
    EXPECT_FALSE(apic_.accept({.vector = 0x61}));
    apic_.set_task_priority_class(7);
    EXPECT_EQ(apic_.task_priority_class(), 7);
    ASSERT_TRUE(set_base(page | enabled));
    EXPECT_EQ(read(0x20), 0U);
    EXPECT_EQ(read(0xf0), 0xffU);
    EXPECT_EQ(read(0x350), 0x10000U);
    EXPECT_EQ(read(0x230), 0U);
    EXPECT_EQ(read(0x80), 0x70U);
    EXPECT_FALSE(apic_.passes_external());
}

TEST_F(LocalApicModesTest, RegistersAreMsrsInX2apicModeOnly) {
    EXPECT_EQ(get(0x803), std::nullopt);
    EXPECT_FALSE(put(0x80b, 0));
    write(0x20, 0x0500'0000);
    enter_x2apic();
    EXPECT_EQ(get(0x802), 0U) << "not the xAPIC's ID";
    EXPECT_EQ(get(0x803), 0x0105'0015U);
    EXPECT_EQ(get(0x80d), 1U) << "cluster 0, first";
    EXPECT_EQ(get(0x80f), 0x1ffU) << "kept";
    EXPECT_EQ(get(0x835), 0x700U);
}

/// Every MSR of the range: whether it can be read, and the bits that it takes.
/// [intel/vol3]: table 11-6
TEST_F(LocalApicModesTest, EveryX2apicRegisterTakesItsBitsAndNoOthers) {
    enter_x2apic();
    const auto readable = [](u32 msr) {
        return msr == 0x802 || msr == 0x803 || msr == 0x808 || msr == 0x80a || msr == 0x80d ||
               (msr >= 0x80f && msr <= 0x828) || msr == 0x830 || (msr >= 0x832 && msr <= 0x839) ||
               msr == 0x83e;
    };
    const auto writable = [](u32 msr) -> std::optional<u64> {
        switch (msr) {
            case 0x808:
            case 0x83f:
                return 0xff;
            case 0x80b:
            case 0x828:
                return 0;
            case 0x80f:
                return 0x11ff;
            case 0x830:
                return 0xffff'ffff'000c'dfff;
            case 0x832:
                return 0x7'50ff;
            case 0x833:
            case 0x834:
                return 0x1'57ff;
            case 0x835:
            case 0x836:
                return 0x1'f7ff;
            case 0x837:
                return 0x1'50ff;
            case 0x838:
                return 0xffff'ffff;
            case 0x83e:
                return 0xb;
            default:
                return std::nullopt;
        }
    };
    for (u32 msr = 0x800; msr < 0xc00; ++msr) {
        EXPECT_EQ(get(msr).has_value(), readable(msr)) << std::hex << msr;
        EXPECT_EQ(put(msr, 0), writable(msr).has_value()) << std::hex << msr;
        for (unsigned i = 0; i < 64; ++i) {
            const bool takes = (writable(msr).value_or(0) >> i & 1) != 0;
            ASSERT_EQ(put(msr, u64{1} << i), takes) << std::hex << msr << " bit " << i;
        }
    }
    EXPECT_EQ(get(0x7ff), std::nullopt);
    EXPECT_EQ(get(0xc00), std::nullopt);
}

TEST_F(LocalApicModesTest, X2apicCommandsHaveWideDestinations) {
    enter_x2apic();
    const auto arrives = [&](u32 destination, u32 low) {
        EXPECT_TRUE(put(0x830, u64{destination} << 32 | low));
        EXPECT_EQ(get(0x830), u64{destination} << 32 | low);
        const bool came = apic_.has_interrupt();
        while (apic_.has_interrupt()) {
            apic_.acknowledge();
            EXPECT_TRUE(put(0x80b, 0));
        }
        return came;
    };
    EXPECT_TRUE(arrives(0, 0x41));
    EXPECT_TRUE(arrives(0xffff'ffff, 0x41));
    EXPECT_FALSE(arrives(0xff, 0x41)) << "no broadcast";
    EXPECT_TRUE(arrives(1, 0x841)) << "logical: cluster 0, name 1";
    EXPECT_TRUE(arrives(3, 0x841));
    EXPECT_FALSE(arrives(2, 0x841));
    EXPECT_FALSE(arrives(0x1'0001, 0x841)) << "another cluster";
    EXPECT_TRUE(arrives(7, 0x4'0041)) << "shorthand";
}

TEST_F(LocalApicModesTest, SelfInterruptsHaveARegister) {
    enter_x2apic();
    EXPECT_TRUE(put(0x83f, 0x41));
    EXPECT_EQ(apic_.acknowledge(), 0x41);
    EXPECT_TRUE(put(0x83f, 0x0f));
    EXPECT_TRUE(put(0x828, 0));
    EXPECT_EQ(get(0x828), 0x60U);
}

TEST_F(LocalApicModesTest, WhatWaitsSurvivesTheChangeToX2apic) {
    send_self(0x41);
    write(0x310, 0x0700'0000);
    enter_x2apic();
    EXPECT_EQ(apic_.acknowledge(), 0x41);
    EXPECT_EQ(get(0x830), 0x4'0041U) << "the destination does not";
}

}  // namespace
}  // namespace ringfence::sim::devices

// SPDX-License-Identifier: MIT
#include "sim/devices/local_apic.h"

#include <gtest/gtest.h>

#include "tests/unit/sim/devices/apic_fixture.h"

namespace ringfence::sim::devices {
namespace {

using Vectors = std::vector<u8>;
using Mode = arch::x86::ApicDeliveryMode;
using Pin = LocalApic::Pin;

class LocalApicTest : public ApicFixture {};

TEST_F(LocalApicTest, IsHandedOverAsFirmwareLeavesIt) {
    EXPECT_EQ(read(0x20), 0U);
    EXPECT_EQ(read(0x30), 0x0105'0015U);
    EXPECT_EQ(read(0xe0), ~u32{0});
    EXPECT_EQ(read(0xf0), 0x1ffU);
    EXPECT_EQ(read(0x320), 0x10000U);
    EXPECT_EQ(read(0x350), 0x700U);
    EXPECT_EQ(read(0x360), 0x400U);
    EXPECT_EQ(read(0x370), 0x10000U);
    EXPECT_EQ(apic_.mmio_read(0x31, 1), 0U) << "byte 1 of the version";
    EXPECT_EQ(apic_.mmio_read(0x34, 4), 0U) << "between the registers";
}

TEST_F(LocalApicTest, KeepsOnlyDefinedBits) {
    struct Row {
        u64 offset;
        u32 kept;
    };
    for (const Row& row : {Row{0x20, 0xff00'0000},
                           {0x80, 0xff},
                           {0xd0, 0xff00'0000},
                           {0xe0, ~u32{0}},
                           {0xf0, 0x11ff},
                           {0x310, 0xff00'0000},
                           {0x320, 0x700ff},
                           {0x330, 0x107ff},
                           {0x340, 0x107ff},
                           {0x350, 0x1a7ff},
                           {0x360, 0x1a7ff},
                           {0x370, 0x100ff},
                           {0x380, 0},
                           {0x3e0, 0xb}}) {
        write(row.offset, ~u32{0});
        EXPECT_EQ(read(row.offset), row.kept) << std::hex << row.offset;
    }
    for (const u64 offset : {0x30, 0x90, 0xa0, 0xb0, 0xc0, 0x100, 0x180, 0x200, 0x390}) {
        const u32 before = read(offset);
        write(offset, ~u32{0});
        EXPECT_EQ(read(offset), before) << std::hex << offset;
    }
}

TEST_F(LocalApicTest, ADestinationFormatHasFourBits) {
    write(0xe0, 0);
    EXPECT_EQ(read(0xe0), 0x0fff'ffffU);
}

// Priorities --------------------------------------------------------------------------------------

TEST_F(LocalApicTest, SelfInterruptsNestByPriorityClass) {
    send_self(0x41);
    ASSERT_TRUE(apic_.has_interrupt());
    EXPECT_EQ(read(0x220), 1U << 1) << "vector 0x41 in the third request word";
    EXPECT_EQ(apic_.acknowledge(), 0x41);
    EXPECT_EQ(read(0x220), 0U);
    EXPECT_EQ(read(0x120), 1U << 1);
    EXPECT_EQ(read(0xa0), 0x40U);
    send_self(0x4f);
    EXPECT_FALSE(apic_.has_interrupt()) << "same class";
    send_self(0x50);
    EXPECT_EQ(apic_.acknowledge(), 0x50);
    write(0xb0, 0);
    EXPECT_FALSE(apic_.has_interrupt());
    write(0xb0, 0);
    EXPECT_EQ(apic_.acknowledge(), 0x4f);
    write(0xb0, 0);
    EXPECT_FALSE(apic_.has_interrupt());
}

TEST_F(LocalApicTest, ARequestInServiceWaitsOnceMore) {
    send_self(0x41);
    EXPECT_EQ(apic_.acknowledge(), 0x41);
    send_self(0x41);
    send_self(0x41);
    write(0xb0, 0);
    EXPECT_EQ(take_all(), (Vectors{0x41}));
}

TEST_F(LocalApicTest, TaskPriorityHoldsLowerClassesBack) {
    write(0x80, 0x5a);
    EXPECT_EQ(apic_.task_priority_class(), 5);
    EXPECT_EQ(read(0xa0), 0x5aU);
    send_self(0x5f);
    EXPECT_FALSE(apic_.has_interrupt());
    apic_.set_task_priority_class(4);
    EXPECT_EQ(read(0x80), 0x40U);
    EXPECT_TRUE(apic_.has_interrupt());
    EXPECT_EQ(apic_.acknowledge(), 0x5f);
    write(0x80, 0x37);
    EXPECT_EQ(read(0xa0), 0x50U) << "what is in service counts more";
}

TEST_F(LocalApicTest, AnInterruptThatHasGoneIsSpurious) {
    write(0xf0, 0x1ed);
    send_self(0x41);
    apic_.set_task_priority_class(15);
    EXPECT_EQ(apic_.acknowledge(), 0xed);
    EXPECT_EQ(read(0x120), 0U) << "nothing is in service";
    apic_.set_task_priority_class(0);
    EXPECT_EQ(take_all(), (Vectors{0x41}));
}

TEST_F(LocalApicTest, DisabledBySoftwareItKeepsWhatWaitsAndTakesNoMore) {
    send_self(0x41);
    write(0x320, 0x40);
    write(0xf0, 0xff);
    EXPECT_EQ(read(0x320), 0x10040U);
    write(0x320, 0x42);
    EXPECT_EQ(read(0x320), 0x10042U) << "cannot be unmasked";
    send_self(0x51);
    write(0x300, 0x40400);
    EXPECT_EQ(nmis_, 1U) << "an NMI passes";
    EXPECT_EQ(take_all(), (Vectors{0x41}));
}

// Messages ----------------------------------------------------------------------------------------

TEST_F(LocalApicTest, CommandsReachItByIdBroadcastAndShorthand) {
    write(0x20, 0x0300'0000);
    struct Row {
        u32 high, low;
        bool arrives;
    };
    for (const Row& row : {Row{0x0300'0000, 0x31, true},
                           {0x0000'0000, 0x31, false},
                           {0xff00'0000, 0x31, true},
                           {0x0700'0000, 0x4'0031, true},   // self
                           {0x0700'0000, 0x8'0031, true},   // all
                           {0x0300'0000, 0xc'0031, false},  // all but self
                           {0x0300'0000, 0x131, true}}) {   // lowest priority
        write(0x310, row.high);
        write(0x300, row.low);
        EXPECT_EQ(take_all(), row.arrives ? Vectors{0x31} : Vectors{})
            << std::hex << row.high << " " << row.low;
        EXPECT_EQ(read(0x300), row.low) << "delivery is done at once";
    }
}

TEST_F(LocalApicTest, FlatLogicalNamesAreSetsOfBits) {
    for (unsigned name = 1; name < 0x100; name <<= 1) {
        write(0xd0, name << 24);
        for (unsigned destination = 0; destination < 0x100; ++destination) {
            write(0x310, destination << 24);
            write(0x300, 0x4831);
            const bool meets = (name & destination) != 0;
            ASSERT_EQ(take_all().size(), meets ? 1U : 0U) << name << " " << destination;
        }
    }
}

TEST_F(LocalApicTest, ClusterNamesAreANumberAndABit) {
    write(0xe0, 0);
    for (unsigned name = 0; name < 0x100; ++name) {
        write(0xd0, name << 24);
        for (unsigned destination = 0; destination < 0x100; ++destination) {
            write(0x310, destination << 24);
            write(0x300, 0x4831);
            const bool meets = destination == 0xff ||
                               (name >> 4 == destination >> 4 && (name & destination & 0xf) != 0);
            ASSERT_EQ(take_all().size(), meets ? 1U : 0U) << name << " " << destination;
        }
    }
}

TEST_F(LocalApicTest, CommandsOfOtherKinds) {
    write(0x300, 0x40400);
    EXPECT_EQ(nmis_, 1U);
    write(0x300, 0x40200);  // SMI
    write(0x300, 0x44600);  // start-up
    write(0x300, 0x48500);  // INIT, level de-assert
    EXPECT_EQ(resets_, 0U);
    write(0x300, 0xc4500);  // INIT to all others
    EXPECT_EQ(resets_, 0U);
    write(0x300, 0x4500);  // INIT to ID 0
    EXPECT_EQ(resets_, 1U);
    EXPECT_FALSE(apic_.has_interrupt());
}

TEST_F(LocalApicTest, MessagesAreTakenOrNot) {
    const InterruptMessage message{.destination = 0, .vector = 0x61, .level = true};
    EXPECT_TRUE(apic_.accept(message));
    EXPECT_EQ(read(0x1b0), 1U << 1) << "level-triggered";
    EXPECT_FALSE(apic_.accept({.destination = 1, .vector = 0x61}));
    write(0xf0, 0xff);
    EXPECT_FALSE(apic_.accept(message)) << "disabled by software";
    EXPECT_TRUE(apic_.accept({.mode = Mode::Nmi}));
    EXPECT_EQ(nmis_, 1U);
}

TEST_F(LocalApicTest, EndsOfLevelInterruptsAreToldUnlessSuppressed) {
    const auto level = [&](u8 vector) {
        EXPECT_TRUE(apic_.accept({.vector = vector, .level = true}));
        EXPECT_EQ(take_all(), Vectors{vector});
    };
    level(0x61);
    EXPECT_EQ(ended_, (Vectors{0x61}));
    send_self(0x61);
    take_all();
    EXPECT_EQ(ended_.size(), 1U) << "this one was edge-triggered";
    write(0xf0, 0x11ff);
    level(0x62);
    EXPECT_EQ(ended_.size(), 1U);
}

// Errors ------------------------------------------------------------------------------------------

TEST_F(LocalApicTest, IllegalVectorsAreErrors) {
    write(0x370, 0x33);
    send_self(0x05);
    EXPECT_EQ(take_all(), (Vectors{0x33}));
    EXPECT_EQ(read(0x280), 0U) << "not yet";
    write(0x280, 0x1234);
    EXPECT_EQ(read(0x280), 0x60U) << "sent, and received";
    write(0x280, 0);
    EXPECT_EQ(read(0x280), 0U);
    EXPECT_TRUE(apic_.accept({.vector = 0x0f})) << "nobody else wants it";
    write(0x280, 0);
    EXPECT_EQ(read(0x280), 0x40U);
}

TEST_F(LocalApicTest, OneErrorInterruptUntilTheStatusIsWritten) {
    write(0x370, 0x33);
    send_self(0x05);
    EXPECT_EQ(take_all(), (Vectors{0x33}));
    send_self(0x05);
    EXPECT_EQ(take_all(), Vectors{});
    write(0x280, 0);
    send_self(0x05);
    EXPECT_EQ(take_all(), (Vectors{0x33}));
}

TEST_F(LocalApicTest, ReservedRegistersAreErrors) {
    for (const u64 offset :
         {0x00, 0x10, 0x40, 0x70, 0x290, 0x2f0, 0x3a0, 0x3d0, 0x3f0, 0x400, 0xff0}) {
        EXPECT_EQ(read(offset), 0U);
        write(0x280, 0);
        EXPECT_EQ(read(0x280), 0x80U) << "read " << std::hex << offset;
        write(offset, 1);
        write(0x280, 0);
        EXPECT_EQ(read(0x280), 0x80U) << "write " << std::hex << offset;
        write(0x280, 0);
    }
}

// Local inputs ------------------------------------------------------------------------------------

TEST_F(LocalApicTest, PassesThePicUntilLint0IsMasked) {
    EXPECT_TRUE(apic_.passes_external());
    write(0x350, 0x10700);
    EXPECT_FALSE(apic_.passes_external());
    write(0x350, 0x700);
    EXPECT_TRUE(apic_.passes_external());
    write(0x350, 0x41);
    EXPECT_FALSE(apic_.passes_external()) << "an interrupt of its own";
}

TEST_F(LocalApicTest, AnEdgeAtAnInputIsAnInterrupt) {
    write(0x350, 0x41);
    apic_.set_pin(Pin::Lint0, true);
    apic_.set_pin(Pin::Lint0, true);
    EXPECT_EQ(take_all(), (Vectors{0x41}));
    apic_.set_pin(Pin::Lint0, false);
    EXPECT_EQ(take_all(), Vectors{});
    write(0x350, 0x2041);  // active low
    apic_.set_pin(Pin::Lint0, true);
    EXPECT_EQ(take_all(), Vectors{});
    apic_.set_pin(Pin::Lint0, false);
    EXPECT_EQ(take_all(), (Vectors{0x41}));
    write(0x350, 0x10041);
    apic_.set_pin(Pin::Lint0, true);
    write(0x350, 0x41);
    EXPECT_EQ(take_all(), Vectors{}) << "the edge has passed while it was masked";
}

TEST_F(LocalApicTest, ALevelAtAnInputInterruptsAgainAfterItsEnd) {
    write(0x360, 0x8041);
    apic_.set_pin(Pin::Lint1, true);
    EXPECT_EQ(read(0x360), 0xc041U) << "remote IRR";
    EXPECT_EQ(apic_.acknowledge(), 0x41);
    EXPECT_FALSE(apic_.has_interrupt());
    write(0xb0, 0);
    EXPECT_EQ(apic_.acknowledge(), 0x41) << "still high";
    apic_.set_pin(Pin::Lint1, false);
    write(0xb0, 0);
    EXPECT_EQ(take_all(), Vectors{});
    EXPECT_EQ(read(0x360), 0x8041U);
    write(0x360, 0x18041);
    apic_.set_pin(Pin::Lint1, true);
    EXPECT_EQ(take_all(), Vectors{});
    write(0x360, 0x8041);
    EXPECT_TRUE(apic_.has_interrupt()) << "unmasked while high";
}

TEST_F(LocalApicTest, Lint1RaisesNmis) {
    apic_.set_pin(Pin::Lint1, true);
    apic_.set_pin(Pin::Lint1, false);
    EXPECT_EQ(nmis_, 1U);
    write(0x360, 0x10400);
    apic_.set_pin(Pin::Lint1, true);
    EXPECT_EQ(nmis_, 1U) << "masked";
}

}  // namespace
}  // namespace ringfence::sim::devices

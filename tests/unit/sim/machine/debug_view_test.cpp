// SPDX-License-Identifier: MIT
// Looking at a machine from outside, and what that must not change.
#include "sim/machine/debug_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "sim/machine/machine.h"
#include "sim/presets/preset_file.h"
#include "tests/unit/sim/machine/pvh_image.h"

namespace ringfence::sim::machine {
namespace {

using Reason = MachineEnd::Reason;

/// A page directory of 4 MiB pages at 300000H: 0 and 400000H are physical 0, 800000H is absent, and
/// the table of C00000H is the local APIC. Then jmp $.
constexpr u8 pages[] = {
    0xc7, 0x05, 0x00, 0x00, 0x30, 0x00, 0x83, 0x00, 0x00, 0x00,  // mov [..], 83h
    0xc7, 0x05, 0x04, 0x00, 0x30, 0x00, 0x83, 0x00, 0x00, 0x00,  //
    0xc7, 0x05, 0x0c, 0x00, 0x30, 0x00, 0x03, 0x00, 0xe0, 0xfe,  //
    0xb8, 0x00, 0x00, 0x30, 0x00, 0x0f, 0x22, 0xd8,              // CR3
    0xb8, 0x10, 0x00, 0x00, 0x00, 0x0f, 0x22, 0xe0,              // CR4.PSE
    0xb8, 0x11, 0x00, 0x00, 0x80, 0x0f, 0x22, 0xc0,              // CR0.PG
    0xeb, 0xfe};
constexpr u64 pages_instructions = 9;
constexpr u64 directory = 0x300000;

/// mov ecx, 5; l: mov [200000h], ecx; mov eax, [200000h]; loop l; mov edi, 200000h; mov cl, 8; rep
/// stosb; mov al, 0; out f4h, al
constexpr u8 stores[] = {0xb9, 0x05, 0x00, 0x00, 0x00, 0x89, 0x0d, 0x00, 0x00, 0x20, 0x00,
                         0xa1, 0x00, 0x00, 0x20, 0x00, 0xe2, 0xf3, 0xbf, 0x00, 0x00, 0x20,
                         0x00, 0xb1, 0x08, 0xf3, 0xaa, 0xb0, 0x00, 0xe6, 0xf4};

class DebugViewTest : public ::testing::TestWithParam<bool> {
protected:
    std::unique_ptr<Machine> make(std::span<const u8> program) {
        image_ = testing::make_image(program);
        auto model = presets::find_preset(presets::default_preset);
        EXPECT_TRUE(model.ok());
        auto machine = Machine::create({.ram_bytes = 16 * mib,
                                        .cpu = std::move(model).value(),
                                        .boot = {.kernel = image_},
                                        .instruction_limit = 1'000'000,
                                        .timed = GetParam()});
        EXPECT_TRUE(machine.ok());
        return std::move(machine).value();
    }
    static u32 word_at(const DebugView& view, auto address) {
        u32 word = 0;
        EXPECT_TRUE(view.read(address, {reinterpret_cast<u8*>(&word), sizeof word}));
        return word;
    }

    std::vector<u8> image_;
};

TEST_P(DebugViewTest, ReadsByTheTablesAndSetsNoFlag) {
    const auto machine = make(pages);
    machine->run_to(pages_instructions);
    DebugView view = machine->debug_view();
    const auto stamp = machine->timing_digest();
    const u64 walks = machine->counters().page_walks;
    EXPECT_EQ(view.translate(VirtualAddress{0x412345}), PhysicalAddress{0x12345});
    EXPECT_EQ(word_at(view, VirtualAddress{0x400000 + directory}), 0x83U)
        << "not accessed by the guest, nor by us";
    EXPECT_EQ(view.translate(VirtualAddress{0x800000}), std::nullopt);
    EXPECT_EQ(machine->counters().page_walks, walks);
    EXPECT_EQ(machine->timing_digest(), stamp);
}

TEST_P(DebugViewTest, ReachesNoDevice) {
    const auto machine = make(pages);
    machine->run_to(pages_instructions);
    DebugView view = machine->debug_view();
    std::array<u8, 4> bytes{1, 2, 3, 4};
    EXPECT_FALSE(view.read(PhysicalAddress{0xfee0'0020}, bytes));
    EXPECT_FALSE(view.write(PhysicalAddress{0xfee0'00f0}, bytes));
    EXPECT_EQ(view.translate(VirtualAddress{0xc0'0000}), PhysicalAddress{0xffff'f000})
        << "a table in a device reads as all ones";
    EXPECT_FALSE(view.read(VirtualAddress{0xc0'0000}, bytes));
    EXPECT_THAT(bytes, ::testing::ElementsAre(1, 2, 3, 4));
}

TEST_P(DebugViewTest, WritesAllOrNothing) {
    const auto machine = make(pages);
    machine->run_to(pages_instructions);
    DebugView view = machine->debug_view();
    const std::array<u8, 4> bytes{1, 2, 3, 4};
    EXPECT_FALSE(view.write(VirtualAddress{0x7f'fffe}, bytes)) << "runs into a page that is absent";
    EXPECT_EQ(word_at(view, PhysicalAddress{0x3f'fffc}), 0U);
    EXPECT_TRUE(view.write(VirtualAddress{0x3f'fffe}, bytes));
    EXPECT_EQ(word_at(view, PhysicalAddress{0x3f'fffc}), 0x0201'0000U);
    EXPECT_EQ(word_at(view, PhysicalAddress{0}), 0x0403U);
}

TEST_P(DebugViewTest, SetsRegistersOrSaysThatItCannot) {
    const auto machine = make(pages);
    DebugView view = machine->debug_view();
    DebugRegisters wanted = view.registers();
    wanted.general[7] = 0x1234;
    wanted.rip += 10;
    wanted.rflags |= 1;
    wanted.st[0] = {0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f};
    wanted.xmm[15].fill(0x55);
    wanted.mxcsr = 0x1f00;
    ASSERT_TRUE(view.set_registers(wanted));
    wanted.x87_tags = view.registers().x87_tags;  // follow from the contents
    EXPECT_EQ(view.registers(), wanted);
    for (const auto change : {+[](DebugRegisters& r) { r.cr3 = 0x1000; },
                              +[](DebugRegisters& r) { r.selectors[DebugRegisters::Cs] = 8; },
                              +[](DebugRegisters& r) { r.mxcsr = 0x1'0000; },
                              +[](DebugRegisters& r) { r.rflags |= 1U << 17; },
                              +[](DebugRegisters& r) { r.efer = 1; }}) {
        DebugRegisters other = wanted;
        other.general[0] = 99;
        change(other);
        EXPECT_FALSE(view.set_registers(other));
        EXPECT_EQ(view.registers(), wanted);
    }
}

TEST_P(DebugViewTest, PausesBehindAccessesToWatchedRanges) {
    const auto whole = make(stores);
    EXPECT_EQ(whole->run().reason, Reason::DebugExit);
    struct Case {
        mmu::WatchedRange range;
        unsigned pauses;
    };
    const Case cases[] = {{{.first = 0x200000, .bytes = 4}, 6},
                          {{.first = 0x200001, .bytes = 1, .reads = true, .writes = false}, 5},
                          {{.first = 0x200004, .bytes = 4, .reads = true}, 1},
                          {{.first = 0x200008, .bytes = 4, .reads = true}, 0}};
    for (const auto& [range, expected] : cases) {
        const auto machine = make(stores);
        machine->debug_view().watch({{}, range});
        unsigned pauses = 0;
        MachineEnd end = machine->run();
        for (; end.reason == Reason::Paused && pauses < 100; end = machine->run()) {
            EXPECT_EQ(machine->debug_view().take_watch_hits(), 2U);
            ++pauses;
        }
        EXPECT_LE(expected, pauses) << range.first;
        EXPECT_EQ(expected == 0, pauses == 0) << range.first;
        EXPECT_EQ(end.reason, Reason::DebugExit);
        if (!GetParam() || expected == 0) {
            EXPECT_EQ(machine->cycles(), whole->cycles());
            EXPECT_EQ(machine->timing_digest(), whole->timing_digest());
        }
        EXPECT_EQ(machine->counters().total_instructions(), whole->counters().total_instructions());
    }
}

TEST_P(DebugViewTest, PassesAStopOnceAndStopsAtTheNextOneWithoutProgress) {
    constexpr u8 faults[] = {0x0f, 0x0b};  // ud2, with no interrupt table
    const auto machine = make(faults);
    const VirtualAddress start{machine->debug_view().registers().linear_rip()};
    machine->stop_at({start});
    machine->pass_stop();
    EXPECT_NE(machine->run().reason, Reason::Paused);
    const auto other = make(pages);
    const VirtualAddress second = start + 10;
    other->stop_at({start, second});
    EXPECT_EQ(other->run().reason, Reason::Paused);
    EXPECT_EQ(other->counters().total_instructions(), 0U);
    DebugRegisters moved = other->debug_view().registers();
    moved.rip = second.value();
    ASSERT_TRUE(other->debug_view().set_registers(moved));
    EXPECT_EQ(other->run().reason, Reason::Paused) << "another place, though nothing has retired";
    EXPECT_EQ(other->counters().total_instructions(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Modes, DebugViewTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "timed" : "fast"; });

}  // namespace
}  // namespace ringfence::sim::machine

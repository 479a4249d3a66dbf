// SPDX-License-Identifier: MIT
// What counts as an instruction of a path, and whether it was reached.
#include "lab/prove/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/prove/event_kind.h"
#include "lab/prove/kernel_paths.h"
#include "tests/unit/sim/machine/pvh_image.h"

namespace ringfence::lab::prove {
namespace {

using sim::machine::testing::load_address;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<u64> addresses(const std::vector<VirtualAddress>& found) {
    std::vector<u64> numbers;
    for (const VirtualAddress address : found) {
        numbers.push_back(address.value());
    }
    return numbers;
}

std::string image_of(std::span<const u8> code) {
    const std::vector<u8> image = sim::machine::testing::make_image(code);
    return {reinterpret_cast<const char*>(image.data()), image.size()};
}

sim::observe::AddressRange range(u64 first, u64 end) {
    return {VirtualAddress{load_address + first}, VirtualAddress{load_address + end}};
}

TEST(InstructionsIn, LeavesOutWhatFillsUp) {
    // swapgs; nopw 0(%rax,%rax); int3; a word of zeroes; mov %rsp, %gs:8; iretq
    constexpr u8 code[] = {0x0f, 0x01, 0xf8, 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0xcc, 0,   0,
                           0x65, 0x48, 0x89, 0x24, 0x25, 8,    0,    0,    0,    0x48, 0xcf};
    EXPECT_THAT(addresses(instructions_in(image_of(code), range(0, sizeof code))),
                ElementsAre(load_address, load_address + 12, load_address + 21));
    EXPECT_THAT(addresses(instructions_in(image_of(code), range(12, 21))),
                ElementsAre(load_address + 12));
}

TEST(InstructionsIn, FindsNoneWhereNothingIsLoaded) {
    constexpr u8 code[] = {0x48, 0xcf};
    EXPECT_THAT(instructions_in(image_of(code), range(0, 4)), IsEmpty()) << "runs out of the file";
    EXPECT_THAT(instructions_in("no ELF file", range(0, 2)), IsEmpty());
}

TEST(Unreached, IsWhatNobodyCameTo) {
    const std::vector<VirtualAddress> all{VirtualAddress{1}, VirtualAddress{2}, VirtualAddress{3}};
    EXPECT_THAT(addresses(unreached(all, {VirtualAddress{2}, VirtualAddress{9}})),
                ElementsAre(1, 3));
}

TEST(Unreached, IsToldBySymbol) {
    sim::observe::SymbolTable symbols;
    symbols.add_names({{0x100, "first"}, {0x200, "second"}});
    const std::vector<VirtualAddress> left{VirtualAddress{0x10}, VirtualAddress{0x100},
                                           VirtualAddress{0x104}, VirtualAddress{0x200}};
    const auto told = by_symbol(left, symbols);
    ASSERT_EQ(told.size(), 3U);
    EXPECT_EQ(told[0].symbol, "(no symbol)");
    EXPECT_EQ(told[1].symbol, "first");
    EXPECT_EQ(told[1].instructions, 2U);
    EXPECT_EQ(told[2].instructions, 1U);
}

TEST(KernelPaths, HoldTheirRangesWithoutTheirEnds) {
    const KernelPaths paths{{range(0, 4), range(8, 12), range(8, 8)}};
    EXPECT_TRUE(paths.contains(VirtualAddress{load_address}));
    EXPECT_FALSE(paths.contains(VirtualAddress{load_address + 4}));
    EXPECT_TRUE(paths.contains(VirtualAddress{load_address + 11}));
}

TEST(KernelPaths, AreNotGuessedWhereTheImageDoesNotNameThem) {
    EXPECT_ANY_THROW(static_cast<void>(KernelPaths::of({})));
}

TEST(EventKinds, ComeWhereTheyCan) {
    const Place user{.user = true};
    const Place way_in{.entered_by = 1};
    const Place way_out{};
    for (const EventKind kind : all_event_kinds) {
        EXPECT_FALSE(name_of(kind).empty());
        EXPECT_EQ(reason_against(kind, user).empty(), kind != EventKind::DebugTrap);
        EXPECT_EQ(reason_against(kind, way_out).empty(), kind != EventKind::PageFault);
    }
    EXPECT_FALSE(reason_against(EventKind::DebugTrap, way_in).empty());
    EXPECT_TRUE(reason_against(EventKind::Nmi, way_in).empty());
}

TEST(EventKinds, OfTwoEventsBeginWithOneThatCanComeAlone) {
    for (const EventKind kind : all_event_kinds) {
        const auto outer = outer_of(kind);
        if (outer) {
            EXPECT_FALSE(outer_of(*outer).has_value());
            EXPECT_FALSE(may_wait(*outer));
        }
    }
}

}  // namespace
}  // namespace ringfence::lab::prove

// SPDX-License-Identifier: MIT
// Accessed and dirty bits: hardware writes them at any moment, and none may be lost.
#include <gmock/gmock.h>

#include "tests/unit/paging/fixture.h"

namespace ringfence::paging::testing {
namespace {

using Pte = arch::x86::Pte4Level;
constexpr VirtualAddress page{0x40'0000};
constexpr PhysicalAddress frame{0x80'0000};
constexpr Attributes data{.writable = true, .user = true};

/// Lets the "hardware" set A and D in each leaf entry of level 1 or 2 just before software's first
/// store to it, once per entry.
struct RacingHardware {
    explicit RacingHardware(RecordingMemory& memory) : memory_(memory) {
        memory.before_exchange = [this](PhysicalAddress entry) {
            const u64 word = memory_.read<u64>(entry);
            const bool is_page = (word & Pte::frame.mask) >= frame.value();
            if (Pte::present.test(word) && is_page && !Pte::dirty.test(word) && !done_) {
                done_ = true;
                memory_.poke(entry, word | Pte::accessed.mask | Pte::dirty.mask);
            }
        };
    }
    ~RacingHardware() { memory_.before_exchange = nullptr; }
    RacingHardware(const RacingHardware&) = delete;
    RacingHardware& operator=(const RacingHardware&) = delete;
    [[nodiscard]] bool done() const { return done_; }

private:
    RecordingMemory& memory_;
    bool done_ = false;
};

class UsageTest : public ::testing::Test {
protected:
    // Tables come from 1 MiB up, pages from 8 MiB up, so that an address tells them apart.
    Tables<X86FourLevel> tables;

    Leaf leaf(VirtualAddress address) { return tables.walker().find(address).value(); }
};

TEST_F(UsageTest, NewMappingsAreUnused) {
    ASSERT_EQ(tables.map({page, frame, page_size, data}), accepted);
    EXPECT_FALSE(leaf(page).accessed || leaf(page).dirty);
}

TEST_F(UsageTest, ProtectKeepsAnAccessThatHappensMeanwhile) {
    ASSERT_EQ(tables.map({page, frame, page_size, data}), accepted);
    const RacingHardware hardware(tables.memory);
    auto outcome = tables.mapper.protect(page, page_size, {.user = true});
    std::move(outcome).value().consume(tables.tlb);
    EXPECT_TRUE(hardware.done());
    EXPECT_TRUE(leaf(page).accessed && leaf(page).dirty);
    EXPECT_FALSE(leaf(page).attributes.writable);
}

TEST_F(UsageTest, ASplitPassesAnAccessThatHappensMeanwhileToEveryPart) {
    ASSERT_EQ(tables.map({page, frame, 2 * mib, data, 2 * mib}), accepted);
    const RacingHardware hardware(tables.memory);
    auto outcome = tables.mapper.protect(page, page_size, {.user = true});
    std::move(outcome).value().consume(tables.tlb);
    EXPECT_TRUE(hardware.done());
    EXPECT_TRUE(leaf(page).dirty && leaf(page + page_size).dirty &&
                leaf(page + 2 * mib - page_size).dirty);
}

TEST_F(UsageTest, UnmapReportsTheLastWrite) {
    ASSERT_EQ(tables.map({page, frame, page_size, data}), accepted);
    const RacingHardware hardware(tables.memory);
    bool dirty = false;
    auto outcome = tables.mapper.unmap(page, page_size, [&](const Leaf& l) { dirty = l.dirty; });
    std::move(outcome).value().consume(tables.tlb);
    EXPECT_TRUE(dirty);
}

TEST_F(UsageTest, ClearingReportsAndForgets) {
    ASSERT_EQ(tables.map({page, frame, 3 * page_size, data}), accepted);
    {
        const RacingHardware hardware(tables.memory);
        auto outcome = tables.mapper.clear_usage(page, page_size, [](const Leaf&) {});
        EXPECT_FALSE(outcome.value().empty()) << "the TLB must forget that A was set";
        std::move(outcome).value().consume(tables.tlb);
    }
    EXPECT_FALSE(leaf(page).accessed || leaf(page).dirty);
    std::vector<bool> dirty;
    auto outcome = tables.mapper.clear_usage(page, 3 * page_size,
                                             [&](const Leaf& l) { dirty.push_back(l.dirty); });
    EXPECT_TRUE(outcome.value().empty()) << "nothing was used";
    EXPECT_THAT(dirty, ::testing::ElementsAre(false, false, false));
}

}  // namespace
}  // namespace ringfence::paging::testing

// SPDX-License-Identifier: MIT
// User roots in a small memory: found in order, and found out when they are not, at the first look
// and by what was stored to since.
#include "audit/user_tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "arch/x86/pte_4level.h"
#include "tests/unit/audit/sample_manifest.h"

namespace ringfence::audit {
namespace {

using arch::x86::Pte4Level;

constexpr u64 present = Pte4Level::present.mask;
constexpr u64 user = Pte4Level::user.mask;
constexpr u64 writable = Pte4Level::writable.mask;
constexpr u64 nx = Pte4Level::nx.mask;
constexpr PhysicalAddress kernel_root{0x10'0000};
constexpr PhysicalAddress user_root{0x10'1000};
constexpr VirtualAddress program{0x40'0000};

/// Sparse memory of words that tells of stores to watched pages.
class SmallMemory final : public TableMemory {
public:
    [[nodiscard]] u64 read(PhysicalAddress address) const override {
        const auto found = words_.find(address.value());
        return found == words_.end() ? 0 : found->second;
    }
    [[nodiscard]] bool holds(PhysicalAddress address) const override {
        return address.value() < 1 * gib;
    }
    void watch(PhysicalAddress page) override { watched.insert(page.value()); }
    void unwatch(PhysicalAddress page) override { watched.erase(page.value()); }

    void store(PhysicalAddress address, u64 value, UserTables* tables) {
        words_[address.value()] = value;
        if (tables != nullptr && watched.contains(address.align_down(page_bytes).value())) {
            tables->note_store(address, sizeof value,
                               {.instruction = VirtualAddress{0x1234}, .when = 7});
        }
    }
    std::set<u64> watched;

private:
    std::map<u64, u64> words_;
};

class UserTablesTest : public testing::Test {
protected:
    UserTablesTest() {
        map(user_root, text_page, 0x30'0000, present);
        map(kernel_root, text_page, 0x30'0000, present);
        map(user_root, stack_page, 0x30'1000, present | writable | nx);
        map(kernel_root, stack_page, 0x30'1000, present | writable | nx);
        map(user_root, program, 0x50'0000, present | user);
        share_user_half();
    }

    /// The place of the entry for a page at level 1, with tables made where there are none.
    PhysicalAddress place_of(PhysicalAddress root, VirtualAddress address) {
        PhysicalAddress table = root;
        for (unsigned level = 4; level > 1; --level) {
            const PhysicalAddress entry = entry_of(table, address, level);
            if ((memory_.read(entry) & present) == 0) {
                memory_.store(entry, next_table_ | present | writable | user, tables_pointer());
                next_table_ += page_bytes;
            }
            table = Pte4Level::address(memory_.read(entry));
        }
        return entry_of(table, address, 1);
    }
    static PhysicalAddress entry_of(PhysicalAddress table, VirtualAddress address, unsigned level) {
        return table + (address.value() >> (3 + 9 * level) & 511) * 8;
    }
    void map(PhysicalAddress root, VirtualAddress address, u64 frame, u64 bits) {
        memory_.store(place_of(root, address), frame | bits, tables_pointer());
    }
    /// The kernel's root gets the user's entries, poisoned.
    void share_user_half() {
        for (unsigned i = 0; i < 256; ++i) {
            const u64 entry = memory_.read(user_root + i * 8);
            memory_.store(kernel_root + i * 8, entry == 0 ? 0 : entry | nx, tables_pointer());
        }
    }
    UserTables* tables_pointer() { return watching_ ? &tables_ : nullptr; }

    std::vector<Rule> look() {
        const UserTables::Look look = tables_.look_at(user_root);
        watching_ = true;
        changed_ = look.changed;
        kernel_half_ = look.kernel_half;
        std::vector<Rule> rules;
        for (const Finding& finding : look.findings) {
            rules.push_back(finding.rule);
            last_ = finding;
        }
        return rules;
    }
    [[nodiscard]] bool was_changed(VirtualAddress address) const {
        return std::ranges::any_of(
            changed_, [&](const Changed& range) { return address - range.start < range.bytes; });
    }

    using Rules = std::vector<Rule>;
    SmallMemory memory_;
    Manifest manifest_ = sample_manifest();
    UserTables tables_{memory_, manifest_};
    std::vector<Changed> changed_;
    bool kernel_half_ = false;
    Finding last_{.rule = Rule::ClosedManifest, .what = {}};
    u64 next_table_ = 0x11'0000;
    bool watching_ = false;
};

TEST_F(UserTablesTest, GoodTablesAreInOrder) {
    EXPECT_EQ(look(), Rules{});
    EXPECT_EQ(look(), Rules{});
    EXPECT_TRUE(memory_.watched.contains(user_root.value()));
    EXPECT_TRUE(memory_.watched.contains(kernel_root.value()));
}

TEST_F(UserTablesTest, WhatChangesInTheKernelsHalfIsTold) {
    ASSERT_EQ(look(), Rules{});
    EXPECT_TRUE(kernel_half_) << "all of it is new";
    ASSERT_EQ(look(), Rules{});
    EXPECT_FALSE(kernel_half_);
    map(user_root, program, 0x51'0000, present | user);
    ASSERT_EQ(look(), Rules{});
    EXPECT_TRUE(was_changed(program));
    EXPECT_FALSE(kernel_half_) << "only the user's half changed";
    map(user_root, stack_page, 0, 0);
    ASSERT_EQ(look(), Rules{});
    EXPECT_TRUE(kernel_half_) << "a page is gone";
}

TEST_F(UserTablesTest, AKernelPageIsFoundAtTheFirstLook) {
    map(user_root, secret_page, 0x60'0000, present | nx);
    EXPECT_EQ(look(), Rules{Rule::ClosedManifest});
    EXPECT_EQ(last_.address, secret_page);
    EXPECT_EQ(last_.frame, PhysicalAddress{0x60'0000});
    EXPECT_EQ(last_.entry, place_of(user_root, secret_page));
    EXPECT_EQ(look(), Rules{}) << "it is told once";
}

TEST_F(UserTablesTest, AKernelPageThatComesLaterIsFoundByTheStore) {
    ASSERT_EQ(look(), Rules{});
    map(user_root, secret_page, 0x60'0000, present | nx);
    // The tables were not there before, so the entry's own store was not seen: the root's was.
    EXPECT_EQ(look(), Rules{Rule::ClosedManifest});
    map(user_root, secret_page + page_bytes, 0x60'1000, present | nx);
    const auto note = tables_.last_store(place_of(user_root, secret_page + page_bytes));
    ASSERT_TRUE(note);
    EXPECT_EQ(note->instruction, VirtualAddress{0x1234});
    EXPECT_EQ(note->when, 7U);
    EXPECT_EQ(look(), Rules{Rule::ClosedManifest});
    EXPECT_EQ(last_.address, secret_page + page_bytes);
}

TEST_F(UserTablesTest, RightsAreThoseOfAllLevels) {
    map(user_root, stack_page, 0x30'1000, present | writable);  // executable
    EXPECT_EQ(look(), Rules{Rule::ClosedManifest});
}

TEST_F(UserTablesTest, LimitsOfATableAbove) {
    ASSERT_EQ(look(), Rules{});
    // The user bit at the root alone gives nothing; at all levels it gives the page away.
    const PhysicalAddress place = place_of(user_root, text_page);
    memory_.store(place, memory_.read(place) | user, tables_pointer());
    EXPECT_EQ(look(), Rules{Rule::ClosedManifest});
}

TEST_F(UserTablesTest, WhatIsUnmappedIsAChange) {
    ASSERT_EQ(look(), Rules{});
    memory_.store(place_of(user_root, program), 0, tables_pointer());
    EXPECT_EQ(look(), Rules{});
    EXPECT_TRUE(was_changed(program));
    EXPECT_FALSE(was_changed(program + page_bytes));
}

TEST_F(UserTablesTest, ATableThatGoesTakesAllItsPages) {
    ASSERT_EQ(look(), Rules{});
    memory_.store(user_root, 0, tables_pointer());
    memory_.store(kernel_root, 0, tables_pointer());
    EXPECT_EQ(look(), Rules{});
    EXPECT_TRUE(was_changed(program));
}

TEST_F(UserTablesTest, UseOfAPageIsNoChange) {
    ASSERT_EQ(look(), Rules{});
    const PhysicalAddress place = place_of(user_root, program);
    memory_.store(place, memory_.read(place) | Pte4Level::accessed.mask | Pte4Level::dirty.mask,
                  tables_pointer());
    EXPECT_EQ(look(), Rules{});
    EXPECT_TRUE(changed_.empty());
}

TEST_F(UserTablesTest, ARootEntryOnlyOneOfThePairHasIsFound) {
    ASSERT_EQ(look(), Rules{});
    memory_.store(kernel_root + 8, 0x12'0000 | present | user | nx, tables_pointer());
    EXPECT_EQ(look(), Rules{Rule::MirroredUserHalf});
    EXPECT_EQ(last_.entry, kernel_root + 8);
}

TEST_F(UserTablesTest, AnUnpoisonedUserHalfIsFound) {
    ASSERT_EQ(look(), Rules{});
    memory_.store(kernel_root, memory_.read(kernel_root) & ~nx, tables_pointer());
    EXPECT_EQ(look(), Rules{Rule::PoisonedUserHalf});
}

TEST_F(UserTablesTest, AManifestPageThatTheKernelMapsElsewhereIsFound) {
    map(kernel_root, stack_page, 0x30'9000, present | writable | nx);
    EXPECT_EQ(look(), Rules{Rule::SwitchCodeInBoth});
}

TEST_F(UserTablesTest, ATableOfBeforeThatIsNowDataIsNoTable) {
    ASSERT_EQ(look(), Rules{});
    const PhysicalAddress leaf_table = place_of(user_root, program).align_down(page_bytes);
    memory_.store(user_root, 0, tables_pointer());
    memory_.store(kernel_root, 0, tables_pointer());
    for (u64 i = 0; i < 512; ++i) {
        memory_.store(leaf_table + i * 8, 0x20'0000 | present | user, tables_pointer());
    }
    EXPECT_EQ(look(), Rules{});
    EXPECT_FALSE(memory_.watched.contains(leaf_table.value()));
}

TEST_F(UserTablesTest, AHotTableIsLookedAtWhole) {
    ASSERT_EQ(look(), Rules{});
    const PhysicalAddress place = place_of(user_root, program);
    for (u64 i = 0; i < 2000; ++i) {
        memory_.store(place, 0x50'0000 + i * page_bytes | present | user, tables_pointer());
    }
    memory_.store(place + 8, 0x20'0000 | present | user, tables_pointer());  // not seen
    EXPECT_EQ(look(), Rules{Rule::ClosedManifest});
}

TEST_F(UserTablesTest, TablesOutsideMemoryMapNothing) {
    memory_.store(user_root + 8, 0x7'0000'0000 | present | user, nullptr);
    memory_.store(kernel_root + 8, 0x7'0000'0000 | present | user | nx, nullptr);
    EXPECT_EQ(look(), Rules{});
}

}  // namespace
}  // namespace ringfence::audit

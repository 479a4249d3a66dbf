// SPDX-License-Identifier: MIT
// Changes of a single page, in every format, replayed store by store like the mapper's.
#include "paging/page_entry.h"

#include <gtest/gtest.h>

#include "tests/unit/paging/fixture.h"

namespace ringfence::paging::testing {
namespace {

template <typename F>
class PageEntryTest : public ::testing::Test {
protected:
    using Entry = PageEntry<F, RecordingMemory>;
    static constexpr PhysicalAddress frame{0x0800'0000};
    static constexpr PhysicalAddress other_frame{0x0900'0000};
    static VirtualAddress page() { return lowest<F>() + 16 * large_page<F>; }
    Attributes data = supported<F>({.writable = true, .user = true, .global = true});
    Attributes text = supported<F>({.executable = true, .user = true});
    Attributes device = supported<F>(
        {.writable = true, .user = true, .memory_type = MemoryType::Device, .software = 1});

    Tables<F> tables{{page(), page() + page_size}};

    void SetUp() override { ASSERT_EQ(tables.map({page(), frame, page_size, data}), accepted); }
    Entry entry(VirtualAddress address) {
        return Entry::find(tables.memory, tables.root, address).value();
    }
    /// Performs `change(entry)` on the page, with the checks of Tables::apply().
    template <typename Change>
    void apply(Change change) {
        ASSERT_EQ(tables.apply([&]() -> Result<typename Entry::Pending, PagingError> {
            auto found = entry(page());
            return change(found);
        }),
                  accepted);
    }
    Leaf leaf() { return tables.walker().find(page()).value(); }
};
TYPED_TEST_SUITE(PageEntryTest, AllFormats, FormatNames);

TYPED_TEST(PageEntryTest, IsFoundOnlyBelowTables) {
    using Entry = typename TestFixture::Entry;
    auto& t = this->tables;
    const VirtualAddress large = this->page() + large_page<TypeParam>;
    EXPECT_FALSE(Entry::find(t.memory, t.root, large).has_value()) << "no table";
    ASSERT_EQ(t.map({large, this->frame, large_page<TypeParam>, this->data, large_page<TypeParam>}),
              accepted);
    EXPECT_FALSE(Entry::find(t.memory, t.root, large).has_value()) << "a large page";
    EXPECT_TRUE(this->entry(this->page()).present());
    EXPECT_FALSE(this->entry(this->page() + page_size).present());
}

TYPED_TEST(PageEntryTest, FillsAnEmptyEntry) {
    this->entry(this->page() + page_size).fill(this->other_frame, this->text);
    const Leaf leaf = this->tables.walker().find(this->page() + page_size).value();
    EXPECT_EQ(leaf.frame, this->other_frame);
    EXPECT_EQ(leaf.attributes, this->text);
}

TYPED_TEST(PageEntryTest, LeadsToOthersOfItsTable) {
    const auto first = this->entry(this->page());
    for (const u64 distance : {page_size, 5 * page_size, large_page<TypeParam> - page_size}) {
        const VirtualAddress page = this->page() + distance;
        auto beside = first.beside(page);
        EXPECT_FALSE(beside.present());
        beside.fill(this->other_frame, this->text);
        EXPECT_EQ(this->tables.walker().find(page).value().frame, this->other_frame);
        EXPECT_EQ(beside.beside(this->page()).read(), first.read());
    }
}

TYPED_TEST(PageEntryTest, Clears) {
    typename TypeParam::Word old = 0;
    this->apply([&](auto& entry) { return entry.clear(old); });
    EXPECT_FALSE(this->tables.walker().find(this->page()).ok());
    EXPECT_EQ(TypeParam::leaf(old, 1), this->frame);
}

TYPED_TEST(PageEntryTest, ReplacesTheFrame) {
    this->apply([&](auto& entry) { return entry.replace(this->other_frame, this->text); });
    EXPECT_EQ(this->leaf().frame, this->other_frame);
    EXPECT_EQ(this->leaf().attributes, this->text);
}

TYPED_TEST(PageEntryTest, ProtectsAndKeepsTheFrame) {
    for (const Attributes& attributes : {this->text, this->device, this->data}) {
        this->apply([&](auto& entry) { return entry.protect(attributes); });
        EXPECT_EQ(this->leaf().frame, this->frame);
        EXPECT_EQ(this->leaf().attributes, attributes);
    }
}

TYPED_TEST(PageEntryTest, NothingIsStaleIfNothingChanged) {
    auto pending = this->entry(this->page()).protect(this->data);
    EXPECT_TRUE(pending.empty());
    pending.consume(this->tables.tlb);
}

TEST(PageEntryX86, ProtectKeepsAnAccessThatHappensMeanwhile) {
    using Pte = arch::x86::Pte4Level;
    Tables<X86FourLevel> t;
    const VirtualAddress page{0x40'0000};
    ASSERT_EQ(t.map({page, PhysicalAddress{0x80'0000}, page_size, {.writable = true}}), accepted);
    auto entry = *PageEntry<X86FourLevel, RecordingMemory>::find(t.memory, t.root, page);
    bool done = false;
    t.memory.before_exchange = [&](PhysicalAddress where) {
        if (!std::exchange(done, true)) {
            t.memory.poke(where, t.memory.read<u64>(where) | Pte::dirty.mask | Pte::accessed.mask);
        }
    };
    entry.protect({}).consume(t.tlb);
    EXPECT_TRUE(done);
    EXPECT_TRUE(t.walker().find(page).value().dirty);
    EXPECT_FALSE(t.walker().find(page).value().attributes.writable);
}

}  // namespace
}  // namespace ringfence::paging::testing

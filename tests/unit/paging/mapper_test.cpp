// SPDX-License-Identifier: MIT
// What map, unmap and protect do, in every format. Each operation is also replayed store by store.
#include "paging/mapper.h"

#include <gmock/gmock.h>

#include "tests/unit/paging/fixture.h"

namespace ringfence::paging::testing {
namespace {

using ::testing::ElementsAre;

template <typename F>
class MapperTest : public ::testing::Test {
protected:
    static constexpr u64 large = large_page<F>;
    static constexpr VirtualAddress base() { return lowest<F>() + 16 * large; }
    static constexpr PhysicalAddress frame{0x0800'0000};
    Attributes data = supported<F>({.writable = true, .user = true});
    Attributes text = supported<F>({.executable = true, .user = true});

    Tables<F> tables{{base() - page_size, base(), base() + page_size, base() + 2 * page_size,
                      base() + large - page_size, base() + large, base() + large + page_size,
                      base() + 2 * large - page_size, base() + 2 * large, lowest<F>(),
                      highest_page<F>()}};

    std::vector<std::pair<u64, u64>> sizes() const {  // offset from base(), page size
        std::vector<std::pair<u64, u64>> result;
        tables.walker().for_each_leaf(
            [&](const Leaf& leaf) { result.emplace_back(leaf.start - base(), leaf.size); });
        return result;
    }
};
TYPED_TEST_SUITE(MapperTest, AllFormats, FormatNames);

TYPED_TEST(MapperTest, FindsAMappedPage) {
    auto& t = this->tables;
    const VirtualAddress page = this->base();
    ASSERT_EQ(t.map({page, this->frame, page_size, this->data}), accepted);
    const auto leaf = t.walker().find(page + 0x123);
    ASSERT_TRUE(leaf.ok());
    EXPECT_EQ(leaf.value().translate(page + 0x123), this->frame + 0x123);
    EXPECT_EQ(leaf.value().attributes, this->data);
    EXPECT_EQ(leaf.value().size, page_size);
    EXPECT_EQ(t.walker().find(page + page_size).error(), PagingError::NotMapped);
    EXPECT_EQ(t.walker().find(page - 1).error(), PagingError::NotMapped);
}

TYPED_TEST(MapperTest, ReachesBothEndsOfTheAddressSpace) {
    auto& t = this->tables;
    ASSERT_EQ(t.map({lowest<TypeParam>(), this->frame, page_size, this->data}), accepted);
    ASSERT_EQ(t.map({highest_page<TypeParam>(), this->frame, page_size, this->text}), accepted);
    EXPECT_TRUE(t.walker().find(lowest<TypeParam>()).ok());
    EXPECT_TRUE(t.walker().find(highest_page<TypeParam>() + 0xfff).ok());
    EXPECT_EQ(this->sizes().size(), 2U);
    ASSERT_EQ(t.unmap(highest_page<TypeParam>(), page_size), accepted);
    EXPECT_FALSE(t.walker().find(highest_page<TypeParam>()).ok());
}

TYPED_TEST(MapperTest, UsesTheLargestPagesThatFit) {
    auto& t = this->tables;
    const u64 large = this->large;
    const VirtualAddress start = this->base() - page_size;
    ASSERT_EQ(t.map({.start = start,
                     .frame = this->frame - page_size,
                     .size = 2 * page_size + large,
                     .attributes = this->data,
                     .largest_page = large}),
              accepted);
    EXPECT_THAT(this->sizes(), ElementsAre(std::pair{u64{0} - page_size, page_size},
                                           std::pair{u64{0}, large}, std::pair{large, page_size}));
}

TYPED_TEST(MapperTest, UsesSmallPagesForAMisalignedFrame) {
    auto& t = this->tables;
    ASSERT_EQ(t.map({.start = this->base(),
                     .frame = this->frame + page_size,
                     .size = this->large,
                     .attributes = this->data,
                     .largest_page = this->large}),
              accepted);
    EXPECT_EQ(this->sizes().size(), this->large / page_size);
}

TYPED_TEST(MapperTest, JoinsNeighboursIntoRuns) {
    auto& t = this->tables;
    const VirtualAddress start = this->base();
    ASSERT_EQ(t.map({start, this->frame, 3 * page_size, this->data}), accepted);
    ASSERT_EQ(t.map({start + 3 * page_size, this->frame + 3 * page_size, page_size, this->data}),
              accepted);
    ASSERT_EQ(t.map({start + 4 * page_size, this->frame + 4 * page_size, page_size, this->text}),
              accepted);
    ASSERT_EQ(t.map({start + 5 * page_size, this->frame, page_size, this->text}), accepted);
    std::vector<std::pair<u64, u64>> runs;
    t.walker().for_each_run({start, start + this->large - 1}, [&](const Run& run) {
        runs.emplace_back(run.start - start, run.size);
    });
    EXPECT_THAT(runs,
                ElementsAre(std::pair{u64{0}, 4 * page_size}, std::pair{4 * page_size, page_size},
                            std::pair{5 * page_size, page_size}));
}

TYPED_TEST(MapperTest, SplitsALargePageToUnmapItsMiddle) {
    auto& t = this->tables;
    const VirtualAddress start = this->base();
    ASSERT_EQ(t.map({start, this->frame, this->large, this->data, this->large}), accepted);
    ASSERT_EQ(this->sizes().size(), 1U);
    ASSERT_EQ(t.unmap(start + page_size, page_size), accepted);
    EXPECT_EQ(this->sizes().size(), this->large / page_size - 1);
    EXPECT_EQ(t.walker().find(start).value().frame, this->frame);
    EXPECT_FALSE(t.walker().find(start + page_size).ok());
    EXPECT_EQ(t.walker().find(start + this->large - 1).value().translate(start + this->large - 1),
              this->frame + (this->large - 1));
}

TYPED_TEST(MapperTest, ProtectsPartOfALargePage) {
    auto& t = this->tables;
    const VirtualAddress start = this->base();
    ASSERT_EQ(t.map({start, this->frame, 2 * this->large, this->data, this->large}), accepted);
    const VirtualAddress middle = start + this->large - page_size;
    ASSERT_EQ(t.protect(middle, 2 * page_size, this->text), accepted);
    EXPECT_EQ(t.walker().find(middle - 1).value().attributes, this->data);
    EXPECT_EQ(t.walker().find(middle).value().attributes, this->text);
    EXPECT_EQ(t.walker().find(middle + 2 * page_size - 1).value().attributes, this->text);
    EXPECT_EQ(t.walker().find(middle + 2 * page_size).value().attributes, this->data);
}

TYPED_TEST(MapperTest, ProtectsWholeLargePagesInPlace) {
    auto& t = this->tables;
    ASSERT_EQ(t.map({this->base(), this->frame, this->large, this->data, this->large}), accepted);
    const usize before = t.memory.tables();
    ASSERT_EQ(t.protect(this->base(), this->large, this->text), accepted);
    EXPECT_EQ(t.memory.tables(), before);
    EXPECT_EQ(t.walker().find(this->base()).value().attributes, this->text);
}

TYPED_TEST(MapperTest, ProtectLeavesHolesAlone) {
    auto& t = this->tables;
    ASSERT_EQ(t.map({this->base(), this->frame, page_size, this->data}), accepted);
    ASSERT_EQ(t.protect(this->base() - page_size, 3 * page_size, this->text), accepted);
    EXPECT_EQ(this->sizes().size(), 1U);
}

TYPED_TEST(MapperTest, ProtectChangesKindAsWellAsRights) {
    auto& t = this->tables;
    ASSERT_EQ(t.map({this->base(), this->frame, this->large, this->data, this->large}), accepted);
    Attributes device = this->data;
    device.memory_type = MemoryType::Device;
    device.global = true;
    device.software = 3;
    ASSERT_EQ(t.protect(this->base(), this->large, device), accepted);
    EXPECT_EQ(t.walker().find(this->base()).value().attributes, device);
}

TYPED_TEST(MapperTest, FreesTablesThatTheRangeContains) {
    auto& t = this->tables;
    ASSERT_EQ(t.map({this->base(), this->frame, page_size, this->data}), accepted);
    ASSERT_GT(t.memory.tables(), 0U);
    std::vector<PhysicalAddress> removed;
    const u64 whole_root = Geometry<TypeParam>::entry_span(TypeParam::levels);
    ASSERT_EQ(t.apply([&] {
        return t.mapper.unmap(this->base().align_down(whole_root), whole_root,
                              [&](const Leaf& leaf) { removed.push_back(leaf.frame); });
    }),
              accepted);
    EXPECT_EQ(t.memory.tables(), 0U);
    EXPECT_THAT(removed, ElementsAre(this->frame));
}

TYPED_TEST(MapperTest, NewTablesHoldNothingElse) {
    auto& t = this->tables;
    using Word = typename TypeParam::Word;
    const VirtualAddress last = this->base() + this->large - page_size;
    ASSERT_EQ(t.map({last, this->frame, page_size, this->data}), accepted);
    PhysicalAddress table = t.root;
    for (unsigned level = TypeParam::levels; level > 1; --level) {
        const unsigned index = Geometry<TypeParam>::index(last, level);
        table = TypeParam::table(t.memory.template read<Word>(table + index * sizeof(Word)));
    }
    EXPECT_EQ(t.memory.template read<Word>(table), Word{0});
}

TYPED_TEST(MapperTest, KeepsTablesThatTheRangeOnlyCuts) {
    auto& t = this->tables;
    ASSERT_EQ(t.map({this->base(), this->frame, page_size, this->data}), accepted);
    const usize before = t.memory.tables();
    ASSERT_EQ(t.unmap(this->base(), page_size), accepted);
    EXPECT_EQ(t.memory.tables(), before);
    ASSERT_EQ(t.map({this->base(), this->frame, page_size, this->data}), accepted);
    EXPECT_EQ(t.memory.tables(), before);
}

TYPED_TEST(MapperTest, RefusesBadRanges) {
    auto& t = this->tables;
    const VirtualAddress ok = this->base();
    EXPECT_EQ(t.map({ok, this->frame, 0, this->data}), PagingError::Empty);
    EXPECT_EQ(t.map({ok + 1, this->frame, page_size, this->data}), PagingError::Unaligned);
    EXPECT_EQ(t.map({ok, this->frame + 0x800, page_size, this->data}), PagingError::Unaligned);
    EXPECT_EQ(t.map({ok, this->frame, page_size + 1, this->data}), PagingError::Unaligned);
    EXPECT_EQ(t.map({highest_page<TypeParam>(), this->frame, 2 * page_size, this->data}),
              PagingError::NotCanonical);
    EXPECT_EQ(t.map({ok, PhysicalAddress{low_mask(TypeParam::physical_bits) - 0xfff}, 2 * page_size,
                     this->data}),
              PagingError::PhysicalTooWide);
    EXPECT_EQ(t.map({ok, PhysicalAddress{~u64{0xfff}}, 2 * page_size, this->data}),
              PagingError::PhysicalTooWide);
    EXPECT_EQ(t.map({ok, this->frame, page_size, {.software = 8}}), PagingError::UnsupportedRights);
    EXPECT_EQ(t.unmap(ok, 0), PagingError::Empty);
    EXPECT_EQ(t.unmap(highest_page<TypeParam>(), 2 * page_size), PagingError::NotCanonical);
    EXPECT_EQ(t.protect(ok + 1, page_size, this->data), PagingError::Unaligned);
    EXPECT_EQ(t.memory.tables(), 0U);
}

TYPED_TEST(MapperTest, RefusesAnOverlapWithAnything) {
    auto& t = this->tables;
    const VirtualAddress start = this->base();
    ASSERT_EQ(t.map({start + page_size, this->frame, page_size, this->data}), accepted);
    ASSERT_EQ(t.map({start + this->large, this->frame, this->large, this->data, this->large}),
              accepted);
    EXPECT_EQ(t.map({start, this->frame, 2 * page_size, this->text}), PagingError::Overlap);
    EXPECT_EQ(t.map({start, this->frame, this->large, this->text, this->large}),
              PagingError::Overlap);
    EXPECT_EQ(t.map({start + this->large + page_size, this->frame, page_size, this->text}),
              PagingError::Overlap);
    EXPECT_EQ(t.walker().find(start + page_size).value().attributes, this->data);
}

TYPED_TEST(MapperTest, EveryLackOfTablesLeavesNoTrace) {
    auto& t = this->tables;
    const VirtualAddress start = this->base();
    const auto map = [&] {
        return t.map({start - page_size, this->frame, 2 * page_size + this->large, this->data});
    };
    unsigned refusals = 0;
    for (t.memory.table_limit = 0; map() == PagingError::OutOfTables; ++t.memory.table_limit) {
        EXPECT_EQ(t.memory.tables(), 0U);
        ++refusals;
    }
    EXPECT_EQ(t.memory.tables(), t.memory.table_limit);
    EXPECT_EQ(refusals, t.memory.table_limit);
    EXPECT_GE(refusals, TypeParam::levels - 1);
}

TYPED_TEST(MapperTest, ASplitWithoutMemoryLeavesNoTrace) {
    auto& t = this->tables;
    ASSERT_EQ(t.map({this->base(), this->frame, 2 * this->large, this->data, this->large}),
              accepted);
    t.memory.table_limit = t.memory.tables() + 1;
    const VirtualAddress cut = this->base() + page_size;
    EXPECT_EQ(t.protect(cut, 2 * this->large - 2 * page_size, this->text),
              PagingError::OutOfTables);
    EXPECT_EQ(t.unmap(cut, 2 * this->large - 2 * page_size), PagingError::OutOfTables);
    EXPECT_EQ(this->sizes().size(), 2U);
    ++t.memory.table_limit;
    EXPECT_EQ(t.protect(cut, 2 * this->large - 2 * page_size, this->text), accepted);
}

TEST(MapperX86, SplitsAGiganticPageOnlyAlongTheCut) {
    Tables<X86FourLevel> t({VirtualAddress{gib}, VirtualAddress{gib + page_size},
                            VirtualAddress{gib + 2 * mib}, VirtualAddress{2 * gib - page_size}});
    const Attributes data{.writable = true};
    ASSERT_EQ(t.map({VirtualAddress{gib}, PhysicalAddress{gib}, gib, data, gib}), accepted);
    ASSERT_EQ(t.protect(VirtualAddress{gib + page_size}, page_size, {}), accepted);
    unsigned large = 0;
    unsigned small = 0;
    t.walker().for_each_leaf({VirtualAddress{gib}, VirtualAddress{2 * gib - 1}},
                             [&](const Leaf& leaf) { ++(leaf.level == 2 ? large : small); });
    EXPECT_EQ(large, 511U);
    EXPECT_EQ(small, 512U);
}

TEST(MapperX86, RangesDoNotCrossTheCanonicalHole) {
    Tables<X86FourLevel> t;
    EXPECT_EQ(t.unmap(VirtualAddress{0x7fff'ffff'f000}, 0xffff'0000'0000'2000),
              PagingError::NotCanonical);
    EXPECT_EQ(t.unmap(VirtualAddress{0x8000'0000'0000}, page_size), PagingError::NotCanonical);
}

TEST(MapperX86, RefusesNoExecuteWhereTheFormatHasNone) {
    Tables<X86TwoLevel> t;
    EXPECT_EQ(t.map({VirtualAddress{0}, PhysicalAddress{0}, page_size, {.writable = true}}),
              PagingError::UnsupportedRights);
}

TEST(MapperPae, AsksForTheRootToBeLoadedAgain) {
    Tables<X86Pae> t;
    const Attributes data{.writable = true};
    ASSERT_EQ(t.map({VirtualAddress{gib}, PhysicalAddress{0}, page_size, data}), accepted);
    EXPECT_EQ(t.tlb.root_loads, 1U) << "a new root entry";
    ASSERT_EQ(t.map({VirtualAddress{gib + page_size}, PhysicalAddress{0}, page_size, data}),
              accepted);
    EXPECT_EQ(t.tlb.root_loads, 1U) << "no new root entry";
    ASSERT_EQ(t.unmap(VirtualAddress{gib}, gib), accepted);
    EXPECT_EQ(t.tlb.root_loads, 2U) << "a root entry removed";
}

}  // namespace
}  // namespace ringfence::paging::testing

// SPDX-License-Identifier: MIT
// The TLBs' geometry: levels, sets, ways, page sizes, tags.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "sim/state/writer.h"
#include "tests/unit/sim/mmu/timed_bed.h"

namespace ringfence::sim::mmu {
namespace {

using namespace testing;

constexpr u64 address = 0x7123'4000'0000;
constexpr u64 page = 0x0100'0000;
constexpr u64 big = 0x20'0000;     ///< 2 MiB
constexpr u64 huge = 0x4000'0000;  ///< 1 GiB

TEST(TimedTlb, AFirstLevelHitCostsNothingAndASecondLevelHitItsParameter) {
    for (const Cycle extra : {Cycle{0}, Cycle{7}, Cycle{9}}) {
        timing::TranslationParameters parameters = bed_translation();
        parameters.stlb_hit_extra = extra;
        TimedBed bed{parameters};
        for (u64 i = 0; i < 3; ++i) {  // one more than the DTLB has ways
            bed.tables.map(address + i * 0x1000, page + i * 0x1000);
            bed.translate(address + i * 0x1000);
        }
        const TimedTranslation first = bed.translate(address + 0x2010);
        EXPECT_EQ(first.found_in, FoundIn::FirstLevel);
        EXPECT_EQ(first.cost, 0U);
        EXPECT_EQ(first.physical.value(), page + 0x2010);
        const TimedTranslation second = bed.translate(address + 0x10);
        EXPECT_EQ(second.found_in, FoundIn::SecondLevel);
        EXPECT_EQ(second.cost, extra);
        EXPECT_EQ(second.physical.value(), page + 0x10);
        EXPECT_EQ(bed.where(address), FoundIn::FirstLevel) << "it moved up";
        EXPECT_EQ(bed.translator.statistics().data.first_level_misses, 4U);
        EXPECT_EQ(bed.translator.statistics().data.second_level_hits, 1U);
    }
}

TEST(TimedTlb, OneMorePageThanWaysPushesOutTheLeastRecentlyUsed) {
    for (const u32 ways : {1U, 2U, 5U, 64U}) {
        timing::TranslationParameters parameters = bed_translation();
        parameters.dtlb_4k = {.sets = 1, .ways = ways};
        parameters.stlb_4k = {};
        TimedBed bed{parameters};
        for (u64 i = 0; i <= ways; ++i) {
            bed.tables.map(address + i * 0x1000, page);
        }
        for (u64 i = 0; i < ways; ++i) {
            EXPECT_EQ(bed.where(address + i * 0x1000), FoundIn::Walk);
        }
        for (u64 i = 0; i < ways; ++i) {
            EXPECT_EQ(bed.where(address + i * 0x1000), FoundIn::FirstLevel) << ways;
        }
        bed.translate(address + ways * 0x1000);
        EXPECT_EQ(bed.where(address + ways * 0x1000), FoundIn::FirstLevel);
        EXPECT_EQ(bed.where(address), FoundIn::Walk) << "the least recently used";
    }
}

TEST(TimedTlb, PagesCompeteWithinTheirSet) {
    timing::TranslationParameters parameters = bed_translation();
    parameters.dtlb_4k = {.sets = 4, .ways = 1};
    parameters.stlb_4k = {};
    TimedBed bed{parameters};
    for (u64 i = 0; i < 5; ++i) {
        bed.tables.map(address + i * 0x1000, page);
    }
    for (const u64 i : {0U, 1U, 2U, 3U}) {
        bed.translate(address + i * 0x1000);
    }
    EXPECT_EQ(bed.where(address), FoundIn::FirstLevel);
    bed.translate(address + 4 * 0x1000);
    EXPECT_EQ(bed.where(address + 0x1000), FoundIn::FirstLevel);
    EXPECT_EQ(bed.where(address), FoundIn::Walk);
}

TEST(TimedTlb, SecondLevelHasItsOwnSetsAndWays) {
    timing::TranslationParameters parameters = bed_translation();
    parameters.dtlb_4k = {.sets = 1, .ways = 1};
    parameters.stlb_4k = {.sets = 3, .ways = 2};
    TimedBed bed{parameters};
    for (u64 i = 0; i < 7; ++i) {
        bed.tables.map(address + i * 0x1000, page);
    }
    for (u64 i = 0; i < 6; ++i) {
        bed.translate(address + i * 0x1000);
    }
    for (u64 i = 0; i < 5; ++i) {
        EXPECT_EQ(bed.where(address + i * 0x1000), FoundIn::SecondLevel) << i;
    }
    unsigned walked = 0;
    for (u64 i = 0; i < 6; ++i) {
        // Looking must not push out what is looked for next: a copy for each look.
        TimedBed copy{parameters};
        for (u64 j = 0; j < 7; ++j) {
            copy.tables.map(address + j * 0x1000, page);
        }
        for (u64 j = 0; j < 7; ++j) {
            copy.translate(address + j * 0x1000);
        }
        walked += copy.where(address + i * 0x1000) == FoundIn::Walk ? 1 : 0;
    }
    EXPECT_EQ(walked, 1U) << "seven pages, six places";
}

TEST(TimedTlb, FetchesAndDataHaveFirstLevelsOfTheirOwnAndShareTheSecond) {
    TimedBed bed;
    bed.tables.map(address, page);
    EXPECT_EQ(bed.where(address, AccessKind::Execute), FoundIn::Walk);
    EXPECT_EQ(bed.where(address, AccessKind::Execute), FoundIn::FirstLevel);
    EXPECT_EQ(bed.where(address), FoundIn::SecondLevel);
    EXPECT_EQ(bed.translator.statistics().instruction.first_level_misses, 1U);
    EXPECT_EQ(bed.translator.statistics().data.first_level_misses, 1U);
}

// Page sizes --------------------------------------------------------------------------------------

TEST(TimedTlb, LargePagesHaveArraysOfTheirOwn) {
    TimedBed bed;
    for (u64 i = 0; i < 2; ++i) {
        bed.tables.map(address + i * 0x1000, page);
        bed.tables.map(address + (i + 1) * big, 0x0200'0000, all_rights, 2);
        bed.tables.map(address + (i + 1) * huge, 0, all_rights, 3);
    }
    const auto addresses = {address,           address + 0x1000, address + big,
                            address + 2 * big, address + huge,   address + 2 * huge};
    for (const u64 each : addresses) {
        EXPECT_EQ(bed.where(each), FoundIn::Walk);
    }
    for (const u64 each : addresses) {
        EXPECT_EQ(bed.where(each + 0x321), FoundIn::FirstLevel) << std::hex << each;
    }
    EXPECT_EQ(bed.translate(address + big + 0x1f'f123).physical.value(), 0x021f'f123U);
    EXPECT_EQ(bed.translate(address + big).page_shift, 21);
    EXPECT_EQ(bed.translate(address + huge + 0x3fff'f123).physical.value(), 0x3fff'f123U);
}

TEST(TimedTlb, IfThereIsButOneArrayItHoldsPagesOfAllSizesWhole) {
    timing::TranslationParameters parameters = bed_translation();
    parameters.dtlb_4k = {.sets = 1, .ways = 3};
    parameters.dtlb_2m = parameters.dtlb_1g = {};
    parameters.stlb_4k = parameters.stlb_1g = {};
    TimedBed bed{parameters};
    bed.tables.map(address, page);
    bed.tables.map(address + big, 0x0200'0000, all_rights, 2);
    bed.tables.map(address + huge, 0, all_rights, 3);
    bed.tables.map(address + 0x1000, page);
    bed.translate(address);
    bed.translate(address + big);
    bed.translate(address + huge);
    EXPECT_EQ(bed.where(address), FoundIn::FirstLevel);
    EXPECT_EQ(bed.where(address + big + 0x10'0000), FoundIn::FirstLevel);
    EXPECT_EQ(bed.where(address + huge + 0x3000'0000), FoundIn::FirstLevel);
    bed.translate(address + 0x1000);
    EXPECT_EQ(bed.where(address), FoundIn::Walk) << "four pages, three places";
}

TEST(TimedTlb, AOneGibibytePageGoesIntoTheInstructionTlbInPieces) {
    TimedBed bed;
    bed.tables.map(address, 0, all_rights, 3);
    EXPECT_EQ(bed.where(address, AccessKind::Execute), FoundIn::Walk);
    EXPECT_EQ(bed.where(address + 0x1000, AccessKind::Execute), FoundIn::FirstLevel);
    EXPECT_EQ(bed.where(address + 5 * big, AccessKind::Execute), FoundIn::SecondLevel);
    EXPECT_EQ(bed.where(address + 5 * big + 0x12'3000, AccessKind::Execute), FoundIn::FirstLevel);
    EXPECT_EQ(bed.translate(address + 5 * big + 0x12'3456, AccessKind::Execute).physical.value(),
              5 * big + 0x12'3456);
    // INVLPG of any address in the page takes all of its pieces. [intel/vol3]: 4.10.4.1
    bed.translator.invlpg(VirtualAddress{address + 3 * big}, 0);
    EXPECT_EQ(bed.where(address, AccessKind::Execute), FoundIn::Walk);
    EXPECT_EQ(bed.where(address + 5 * big, AccessKind::Execute), FoundIn::SecondLevel)
        << "from the walk before";
}

TEST(TimedTlb, FourMebibytePagesAreKeptAsTwoHalves) {
    TimedBed bed{bed_translation(), PagingMode::TwoLevel};
    constexpr u64 low = 0x1240'0000;
    bed.tables.map(low, 0x0140'0000, all_rights, 2);
    EXPECT_EQ(bed.translate(low + 0x1234).physical.value(), 0x0140'1234U);
    EXPECT_EQ(bed.where(low + 0x1f'0000), FoundIn::FirstLevel);
    EXPECT_EQ(bed.translate(low + big + 0x1234).physical.value(), 0x0160'1234U);
    EXPECT_EQ(bed.where(low + big), FoundIn::FirstLevel);
    bed.translator.invlpg(VirtualAddress{low}, 0);
    EXPECT_EQ(bed.where(low + big), FoundIn::Walk);
}

TEST(TimedTlb, TheSecondLevelKeepsTwoMebibytePagesIfItIsSharedOrHasAnArrayForThem) {
    struct Case {
        bool shared;
        bool own;
    };
    for (const auto& [shared, own] : {Case{false, false}, Case{true, false}, Case{false, true}}) {
        timing::TranslationParameters parameters = bed_translation();
        parameters.stlb_shared = shared;
        parameters.stlb_2m = own ? timing::TlbParameters{1, 8} : timing::TlbParameters{};
        TimedBed bed{parameters};
        for (u64 i = 0; i < 3; ++i) {
            bed.tables.map(address + i * big, 0x0200'0000, all_rights, 2);
            bed.translate(address + i * big);
        }
        EXPECT_EQ(bed.where(address), shared || own ? FoundIn::SecondLevel : FoundIn::Walk);
    }
}

/// One array, by its place among the parameters, and how to get at it.
struct ArrayCase {
    const char* name;
    timing::TlbParameters timing::TranslationParameters::* array;
    u64 page_bytes;
    AccessKind kind;
    bool second_level;
};

class TlbArrays : public ::testing::TestWithParam<ArrayCase> {
protected:
    /// Other arrays as small as can be; those of the second level absent where it is not meant.
    static timing::TranslationParameters parameters_with(timing::TlbParameters geometry) {
        const ArrayCase& array = GetParam();
        timing::TranslationParameters parameters = bed_translation();
        parameters.itlb_4k = parameters.itlb_2m = {.sets = 1, .ways = 1};
        parameters.dtlb_4k = parameters.dtlb_2m = parameters.dtlb_1g = {.sets = 1, .ways = 1};
        parameters.stlb_4k = parameters.stlb_2m = parameters.stlb_1g = {};
        parameters.stlb_shared = false;
        parameters.*array.array = geometry;
        return parameters;
    }
    /// Where page 0 is found after that and `others` have been used.
    static FoundIn first_page_after(timing::TlbParameters geometry, std::vector<u64> others) {
        const ArrayCase& array = GetParam();
        TimedBed bed{parameters_with(geometry)};
        const unsigned level = array.page_bytes == huge ? 3 : array.page_bytes == big ? 2 : 1;
        constexpr u64 start = 0x4000'0000'0000;
        others.insert(others.begin(), 0);
        for (const u64 number : others) {
            const u64 where = start + number * array.page_bytes;
            bed.tables.map(where, 0, all_rights, level);
            EXPECT_EQ(bed.where(where, array.kind), FoundIn::Walk) << number;
        }
        return bed.where(start, array.kind);
    }
};

TEST_P(TlbArrays, HaveTheirSetsAndWays) {
    constexpr timing::TlbParameters geometry{.sets = 3, .ways = 2};
    const FoundIn kept = GetParam().second_level ? FoundIn::SecondLevel : FoundIn::FirstLevel;
    EXPECT_EQ(first_page_after(geometry, {3}), kept);
    EXPECT_EQ(first_page_after(geometry, {3, 6}), FoundIn::Walk) << "three pages of one set";
    EXPECT_EQ(first_page_after(geometry, {1, 2, 3, 4, 5}), kept);
    EXPECT_EQ(first_page_after(geometry, {1, 2, 3, 4, 5, 6}), FoundIn::Walk);
}

using timing::TranslationParameters;
constexpr ArrayCase tlb_arrays[] = {
    {"itlb_4k", &TranslationParameters::itlb_4k, 0x1000, AccessKind::Execute, false},
    {"itlb_2m", &TranslationParameters::itlb_2m, big, AccessKind::Execute, false},
    {"dtlb_4k", &TranslationParameters::dtlb_4k, 0x1000, AccessKind::Read, false},
    {"dtlb_2m", &TranslationParameters::dtlb_2m, big, AccessKind::Read, false},
    {"dtlb_1g", &TranslationParameters::dtlb_1g, huge, AccessKind::Read, false},
    {"stlb_4k", &TranslationParameters::stlb_4k, 0x1000, AccessKind::Read, true},
    {"stlb_2m", &TranslationParameters::stlb_2m, big, AccessKind::Read, true},
    {"stlb_1g", &TranslationParameters::stlb_1g, huge, AccessKind::Read, true},
};
INSTANTIATE_TEST_SUITE_P(All, TlbArrays, ::testing::ValuesIn(tlb_arrays),
                         [](const auto& info) { return std::string(info.param.name); });

// Tags and tools ----------------------------------------------------------------------------------

TEST(TimedTlb, EntriesBelongToTheirPcidUnlessTheyAreGlobal) {
    TimedBed bed{with_structure_caches()};
    bed.tables.map(address, page);
    bed.tables.map(address + 0x1000, page, all_rights | global);
    PagingState state = bed.tables.state(cr4_pge | cr4_pcide);
    const auto where = [&](u64 pcid, u64 at) {
        state.cr3 = bed.tables.state().cr3 | pcid;
        return bed.translator
            .translate(state, VirtualAddress{at}, AccessKind::Read, Privilege::User,
                       bed.now += 10'000)
            .found_in;
    };
    EXPECT_EQ(where(1, address), FoundIn::Walk);
    EXPECT_EQ(where(1, address + 0x1000), FoundIn::Walk);
    EXPECT_EQ(bed.reads_of([&] { EXPECT_EQ(where(2, address), FoundIn::Walk); }), 4U)
        << "PCID 2 has no use for PCID 1's tables";
    EXPECT_EQ(where(2, address + 0x1000), FoundIn::FirstLevel);
    EXPECT_EQ(where(1, address), FoundIn::SecondLevel) << "three pages on two ways";
    // G means nothing while CR4.PGE is 0.
    TimedBed plain;
    plain.tables.map(address, page, all_rights | global);
    plain.translate(address);
    plain.translator.root_written(0, false);
    EXPECT_EQ(plain.where(address), FoundIn::Walk);
}

TEST(TimedTlb, FlushedEntriesMakeRoomBeforeLiveOnes) {
    timing::TranslationParameters parameters = bed_translation();
    parameters.stlb_4k = {};
    TimedBed bed{parameters};
    bed.extra_cr4 = cr4_pge;
    bed.tables.map(address, page, all_rights | global);
    bed.tables.map(address + 0x1000, page);
    bed.tables.map(address + 0x2000, page);
    bed.translate(address);
    bed.translate(address + 0x1000);
    bed.translator.root_written(0, false);
    bed.translate(address + 0x2000);
    EXPECT_EQ(bed.where(address), FoundIn::FirstLevel);
}

TEST(TimedTlb, ListsWhatItHolds) {
    TimedBed bed{with_structure_caches()};
    bed.extra_cr4 = cr4_pge;
    constexpr u64 kernel = 0xffff'ffff'8000'0000;
    bed.tables.map(address + 0x1000, page);
    bed.tables.map(kernel, 0x0200'0000, present | global, 2);
    bed.translate(address + 0x1234);
    bed.translate(kernel + 0x8'0000, AccessKind::Execute, Privilege::Supervisor);
    std::vector<TimedTranslator::CachedPage> pages;
    bed.translator.for_each_page([&](const auto& each) { pages.push_back(each); });
    ASSERT_EQ(pages.size(), 4U);  // each in its first level and in the second
    using enum TimedTranslator::Array;
    EXPECT_EQ(pages[0].array, Instruction);
    EXPECT_EQ(pages[0].start.value(), kernel);
    EXPECT_EQ(pages[0].physical.value(), 0x0200'0000U);
    EXPECT_EQ(pages[0].shift, 21);
    EXPECT_TRUE(pages[0].global);
    EXPECT_FALSE(pages[0].rights.user);
    EXPECT_EQ(pages[1].array, Data);
    EXPECT_EQ(pages[1].start.value(), address + 0x1000);
    EXPECT_FALSE(pages[1].global);
    std::vector<std::pair<unsigned, u64>> structures;
    bed.translator.for_each_structure([&](unsigned level, VirtualAddress start, u16 pcid) {
        EXPECT_EQ(pcid, 0);
        structures.emplace_back(level, start.value());
    });
    EXPECT_THAT(structures,
                ::testing::ElementsAre(std::pair{2U, address}, std::pair{3U, address},
                                       std::pair{3U, kernel}, std::pair{4U, 0x7100'0000'0000U},
                                       std::pair{4U, 0xffff'ff80'0000'0000U}));
    bed.translator.flush_all();
    bed.translator.for_each_page([](const auto&) { ADD_FAILURE(); });
    bed.translator.for_each_structure([](unsigned, VirtualAddress, u16) { ADD_FAILURE(); });
}

u64 digest(TimedTranslator& model) {
    state::HashWriter writer;
    model.visit_state(writer, timing::never);
    return writer.value();
}

TEST(TimedTlb, DigestsTellStatesApart) {
    TimedBed one;
    TimedBed two;
    for (TimedBed* const bed : {&one, &two}) {
        bed->tables.map(address, page);
        bed->tables.map(address + 0x1000, page);
        bed->translate(address);
    }
    EXPECT_EQ(digest(one.translator), digest(two.translator));
    one.translate(address + 0x1000);
    EXPECT_NE(digest(one.translator), digest(two.translator));
}

}  // namespace
}  // namespace ringfence::sim::mmu

// SPDX-License-Identifier: MIT
// What walks cost: entries read through the caches, paging-structure caches that shorten them, and
// the number of walkers; and what walks leave behind.
#include <gtest/gtest.h>

#include "tests/unit/sim/mmu/timed_bed.h"

namespace ringfence::sim::mmu {
namespace {

using namespace testing;

constexpr u64 address = 0x7123'4560'0000;
constexpr u64 page = 0x0100'0000;
constexpr Cycle l1d = 5;
constexpr Cycle memory_latency = 200;
constexpr Cycle lookup = 7;  ///< in the second level, before the walk

TEST(TimedWalk, ReadsEachEntryOnceTheOneAboveHasCome) {
    TimedBed bed;
    bed.tables.map(address, page);
    bed.tables.map(address + 0x1000, page);
    const TimedTranslation cold = bed.translate(address + 0x123);
    EXPECT_EQ(cold.outcome, Outcome::Ok);
    EXPECT_EQ(cold.found_in, FoundIn::Walk);
    EXPECT_EQ(cold.physical.value(), page + 0x123);
    EXPECT_EQ(cold.cost, lookup + 4 * memory_latency);
    // The next page's entries share their lines with these.
    EXPECT_EQ(bed.translate(address + 0x1000).cost, lookup + 4 * l1d);
    EXPECT_EQ(bed.translator.statistics().data.walk_cycles, 4 * memory_latency + 4 * l1d);
    EXPECT_EQ(bed.translator.statistics().instruction, TranslationCounts{});
}

struct ModeCase {
    PagingMode mode;
    u64 reads;          ///< of a walk to a 4 KiB page
    u64 reads_large;    ///< to a page of the next size
    u64 second_region;  ///< distance to the next directory entry's pages
};
class TimedWalkModes : public ::testing::TestWithParam<ModeCase> {};

TEST_P(TimedWalkModes, LengthIsTheModesAndThatOfWhatIsNotKnown) {
    constexpr u64 low = 0x1240'0000;
    const auto [mode, reads, reads_large, region] = GetParam();
    for (const bool caches : {false, true}) {
        TimedBed bed{caches ? with_structure_caches() : bed_translation(), mode};
        for (const u64 offset : {u64{0}, u64{0x1000}, region}) {
            bed.tables.map(low + offset, page + offset);
        }
        bed.tables.map(low + 2 * region, 0x0200'0000, all_rights, 2);
        const auto walk = [&](u64 offset) {
            return bed.reads_of([&] {
                const TimedTranslation answer = bed.translate(low + offset);
                EXPECT_EQ(answer.outcome, Outcome::Ok);
            });
        };
        EXPECT_EQ(walk(0), reads);
        EXPECT_EQ(walk(0x1000), caches ? 1 : reads) << "the PDE is known";
        // The table of the region above it is known, but in modes without one to know.
        const bool pdpte = reads >= 4;
        EXPECT_EQ(walk(region), caches && pdpte ? 2 : reads);
        EXPECT_EQ(walk(2 * region), caches && pdpte ? 1 : reads_large);
        EXPECT_EQ(bed.translate(low + 0x10).physical.value(), page + 0x10);
        EXPECT_EQ(bed.translate(low + 2 * region + 0x1'2345).physical.value(), 0x0201'2345U);
    }
}
INSTANTIATE_TEST_SUITE_P(All, TimedWalkModes,
                         ::testing::Values(ModeCase{PagingMode::TwoLevel, 2, 1, 0x40'0000},
                                           ModeCase{PagingMode::Pae, 2, 1, 0x20'0000},
                                           ModeCase{PagingMode::FourLevel, 4, 3, 0x20'0000},
                                           ModeCase{PagingMode::FiveLevel, 5, 4, 0x20'0000}));

TEST(TimedWalk, EachPagingStructureCacheSavesWhatLiesAboveItsEntries) {
    struct Case {
        timing::TlbParameters timing::TranslationParameters::* cache;
        u64 reads;
    };
    using Parameters = timing::TranslationParameters;
    for (const auto& [cache, reads] :
         {Case{&Parameters::pde, 1}, Case{&Parameters::pdpte, 2}, Case{&Parameters::pml4, 3}}) {
        Parameters parameters = bed_translation();
        parameters.*cache = {.sets = 1, .ways = 1};
        TimedBed bed{parameters};
        constexpr u64 far = address + 0x80'0000'0000;  // under another PML4 entry
        bed.tables.map(address, page);
        bed.tables.map(address + 0x1000, page);
        bed.tables.map(address + 0x2000, page);
        bed.tables.map(far, page);
        bed.translate(address);
        EXPECT_EQ(bed.reads_of([&] { bed.translate(address + 0x1000); }), reads);
        bed.translate(far);  // takes the only way
        EXPECT_EQ(bed.reads_of([&] { bed.translate(address + 0x2000); }), 4U);
    }
}

TEST(TimedWalk, PagingStructureCachesForgetTheLeastRecentlyUsed) {
    timing::TranslationParameters parameters = bed_translation();
    parameters.pde = {.sets = 1, .ways = 2};
    TimedBed bed{parameters};
    const auto at = [](u64 region, u64 index) {
        return address + region * 0x20'0000 + index * 0x1000;
    };
    for (u64 region = 0; region < 3; ++region) {
        for (u64 index = 0; index < 3; ++index) {
            bed.tables.map(at(region, index), page);
        }
    }
    bed.translate(at(0, 0));
    bed.translate(at(1, 0));
    bed.translate(at(0, 1));  // region 0 is used again
    bed.translate(at(2, 0));
    EXPECT_EQ(bed.reads_of([&] { bed.translate(at(0, 2)); }), 1U);
    EXPECT_EQ(bed.reads_of([&] { bed.translate(at(1, 1)); }), 4U);
}

TEST(TimedWalk, OnlySoManyRunAtOnce) {
    for (const u32 walkers : {1U, 2U, 3U}) {
        timing::TranslationParameters parameters = bed_translation();
        parameters.walkers = walkers;
        TimedBed bed{parameters};
        for (u64 i = 0; i < 7; ++i) {
            bed.tables.map(address + i * 0x1000, page);
        }
        bed.translate(address + 6 * 0x1000);  // all entries' lines are in L1D now
        const Cycle at = bed.now + 10'000;
        for (u64 i = 0; i < 6; ++i) {
            EXPECT_EQ(bed.translate_at(at, address + i * 0x1000).ready,
                      at + lookup + (i / walkers + 1) * 4 * l1d)
                << walkers << " walkers, access " << i;
        }
    }
}

TEST(TimedWalk, WhoComesDuringAWalkWaitsForItsEnd) {
    TimedBed bed;
    bed.tables.map(address, page);
    const TimedTranslation first = bed.translate_at(1000, address);
    const TimedTranslation second = bed.translate_at(1100, address + 8);
    EXPECT_EQ(second.ready, first.ready);
    EXPECT_EQ(second.found_in, FoundIn::Walk);
    EXPECT_EQ(bed.translator.statistics().data.walks, 1U);
    EXPECT_EQ(bed.translate_at(first.ready, address).cost, 0U);
}

// What is kept ------------------------------------------------------------------------------------

TEST(TimedWalk, AnAccessThatRightsForbidFillsIfTheCpuDoesSo) {
    for (const bool fills : {true, false}) {
        timing::TranslationParameters parameters = with_structure_caches();
        parameters.faulting_access_fills = fills;
        TimedBed bed{parameters};
        bed.tables.map(address, page, present | writable);
        bed.tables.map(address + 0x1000, page, present | writable);
        const TimedTranslation denied = bed.translate(address + 0x40);
        EXPECT_EQ(denied.outcome, Outcome::NotAllowed);
        EXPECT_EQ(denied.physical.value(), page + 0x40);
        EXPECT_TRUE(denied.has_physical);
        EXPECT_FALSE(denied.rights.user);
        const TimedTranslation again = bed.translate(address);
        EXPECT_EQ(again.outcome, Outcome::NotAllowed);
        EXPECT_EQ(again.found_in, fills ? FoundIn::FirstLevel : FoundIn::Walk);
        EXPECT_EQ(again.cost == 0, fills);
        EXPECT_EQ(bed.reads_of([&] { bed.translate(address + 0x1000); }), fills ? 1U : 4U);
        EXPECT_EQ(bed.translate(address, AccessKind::Read, Privilege::Supervisor).outcome,
                  Outcome::Ok);
    }
}

TEST(TimedWalk, ThatThereIsNoPageIsNeverKept) {
    TimedBed bed{with_structure_caches()};
    bed.tables.map(address, page);
    const u64 leaf = bed.tables.map(address + 0x1000, page, 0);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(bed.translate(address + 0x1000).outcome, Outcome::NotPresent);
    }
    EXPECT_EQ(bed.translator.statistics().data.walks, 3U);
    EXPECT_EQ(bed.translator.statistics().data.walk_reads, 4U + 1 + 1)
        << "but the tables on the way are";
    bed.tables.write(leaf, page | all_rights);  // no flush is needed
    EXPECT_EQ(bed.translate(address + 0x1000).outcome, Outcome::Ok);
}

TEST(TimedWalk, NothingIsWrittenToTheTables) {
    TimedBed bed;
    const u64 leaf = bed.tables.map(address, page);
    bed.translate(address, AccessKind::Write);
    for (unsigned level = 1; level <= 4; ++level) {
        const u64 entry = bed.tables.read(bed.tables.entry(address, level));
        EXPECT_EQ(entry & (accessed | dirty), 0U) << level;
    }
    EXPECT_EQ(bed.tables.read(leaf), page | all_rights);
}

TEST(TimedWalk, TheFirstWriteToACleanPageWalksToSetItsDirtyFlag) {
    TimedBed bed;
    bed.tables.map(address, page);
    bed.translate(address);
    EXPECT_EQ(bed.where(address, AccessKind::Write), FoundIn::Walk);
    EXPECT_EQ(bed.where(address, AccessKind::Write), FoundIn::FirstLevel);
    bed.tables.map(address + 0x1000, page, all_rights | dirty);
    bed.translate(address + 0x1000);
    EXPECT_EQ(bed.where(address + 0x1000, AccessKind::Write), FoundIn::FirstLevel);
}

TEST(TimedWalk, RightsThatSoftwareAddedNeedNoFlushAndThoseItTookDo) {
    TimedBed bed;
    const u64 leaf = bed.tables.map(address, page, present | user);
    EXPECT_EQ(bed.translate(address).outcome, Outcome::Ok);
    EXPECT_EQ(bed.translate(address, AccessKind::Write).outcome, Outcome::NotAllowed);
    bed.tables.write(leaf, page | all_rights | dirty);
    EXPECT_EQ(bed.translate(address, AccessKind::Write).outcome, Outcome::Ok);
    bed.tables.write(leaf, page | present | user);
    EXPECT_EQ(bed.translate(address, AccessKind::Write).outcome, Outcome::Ok)
        << "the TLB still has them";
}

// Where there is no page --------------------------------------------------------------------------

TEST(TimedWalk, ALeafThatIsNotPresentStillNamesAFrame) {
    TimedBed bed;
    constexpr u64 other = address + 0x20'0000;
    const auto expect = [&](u64 at, Outcome outcome, std::optional<u64> physical) {
        const TimedTranslation answer = bed.translate(at);
        EXPECT_EQ(answer.outcome, outcome) << std::hex << at;
        EXPECT_EQ(answer.has_physical, physical.has_value()) << std::hex << at;
        if (physical.has_value()) {
            EXPECT_EQ(answer.physical.value(), *physical);
        }
    };
    bed.tables.map(address, page, all_rights & ~present);
    expect(address + 0x321, Outcome::NotPresent, page + 0x321);
    bed.tables.map(address, page, all_rights | 1ULL << 51);  // beyond MAXPHYADDR
    expect(address + 0x321, Outcome::Reserved, page + 0x321 + (1ULL << 51));
    bed.tables.map(address, 0, 0);
    expect(address + 0x321, Outcome::NotPresent, 0x321);  // frame 0

    bed.tables.map(other, 0x0200'0000, all_rights & ~present, 2);
    expect(other + 0x1'2345, Outcome::NotPresent, 0x0201'2345);
    const u64 directory = bed.tables.entry(other, 2);
    bed.tables.write(directory, 0x0200'0000);  // would name a table
    expect(other, Outcome::NotPresent, std::nullopt);
    bed.tables.write(bed.tables.entry(address, 4), 0);
    expect(address, Outcome::NotPresent, std::nullopt);
}

TEST(TimedWalk, SaysWhatTheEntryAtWhichItEndedWouldHaveCovered) {
    constexpr unsigned page_bits = 12;
    constexpr unsigned level_bits = 9;
    for (const unsigned level : {1U, 2U, 3U, 4U}) {
        TimedBed bed;
        bed.tables.map(address, page);
        bed.tables.write(bed.tables.entry(address, level), 0);
        const TimedTranslation answer = bed.translate(address);
        EXPECT_EQ(answer.outcome, Outcome::NotPresent);
        EXPECT_EQ(answer.page_shift, page_bits + (level - 1) * level_bits);
    }
}

TEST(TimedWalk, AddressesThatNoTableCanMapCostNoWalk) {
    TimedBed bed;
    for (const u64 bad : {0x0000'8000'0000'0000ULL, 0xfff0'0000'0000'1000ULL}) {
        const TimedTranslation answer = bed.translate(bad);
        EXPECT_EQ(answer.outcome, Outcome::NonCanonical);
        EXPECT_EQ(answer.cost, 0U);
        EXPECT_FALSE(answer.has_physical);
    }
    // Not to be taken for a mapped address that ends in the same bits.
    bed.tables.map(address, page);
    bed.translate(address);
    EXPECT_EQ(bed.translate(address | 1ULL << 57).outcome, Outcome::NonCanonical);
    EXPECT_EQ(bed.translate(address | 1ULL << 63).outcome, Outcome::NonCanonical);
    EXPECT_EQ(bed.translator.statistics().data.walks, 1U);
}

TEST(TimedWalk, WithoutPagingAddressesArePhysical) {
    TimedBed bed;
    const PagingState off;
    const TimedTranslation answer = bed.translator.translate(
        off, VirtualAddress{0x12'3456}, AccessKind::Write, Privilege::Supervisor, 50);
    EXPECT_EQ(answer.physical.value(), 0x12'3456U);
    EXPECT_EQ(answer.ready, 50U);
    EXPECT_EQ(answer.outcome, Outcome::Ok);
}

/// Each entry of the guest's, and the page itself, takes a walk of the hypervisor's tables first.
TEST(TimedWalk, AHypervisorsTablesAreWalkedForEveryAddressOfTheGuests) {
    struct Case {
        u8 shift;
        u64 reads;  ///< of one walk that finds nothing known
    };
    for (const auto& [shift, reads] : {Case{12, 4}, Case{21, 3}, Case{30, 2}}) {
        timing::TranslationParameters parameters = bed_translation();
        parameters.nested_page_shift = shift;
        TimedBed bed{parameters};
        bed.tables.map(address, page);
        EXPECT_EQ(bed.translate(address).outcome, Outcome::Ok);
        const Cycle cold = bed.translator.statistics().data.walk_cycles;
        EXPECT_GE(cold, 4 * memory_latency + reads * memory_latency);
        // Now that all lines are in L1D: four entries and the page, each behind a walk.
        bed.translator.flush_all();
        EXPECT_EQ(bed.translate(address).cost, lookup + (4 + 5 * reads) * l1d);
    }
}

TEST(TimedWalk, WhatIsKnownOfAHypervisorsTablesOutlivesTheGuestsFlushes) {
    timing::TranslationParameters parameters = with_structure_caches();
    parameters.nested_page_shift = 12;
    TimedBed bed{parameters};
    bed.tables.map(address, page);
    bed.translate(address);
    bed.translator.flush_all();
    // The guest's four entries are read anew; of each nested walk only the last entry is.
    EXPECT_EQ(bed.translate(address).cost, lookup + (4 + 5) * l1d);
}

TEST(TimedWalk, APageIsKeptInPiecesOfTheHypervisorsSize) {
    timing::TranslationParameters parameters = bed_translation();
    parameters.nested_page_shift = 12;
    TimedBed bed{parameters};
    bed.tables.map(address, 0x0200'0000, all_rights, 2);
    EXPECT_EQ(bed.where(address), FoundIn::Walk);
    EXPECT_EQ(bed.where(address + 0xfff), FoundIn::FirstLevel);
    EXPECT_EQ(bed.where(address + 0x1000), FoundIn::Walk) << "another piece";
    bed.translator.invlpg(VirtualAddress{address + 0x5000}, 0);
    EXPECT_EQ(bed.where(address + 0x1000), FoundIn::Walk) << "all pieces of the page are gone";
}

}  // namespace
}  // namespace ringfence::sim::mmu

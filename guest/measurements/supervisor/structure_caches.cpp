// SPDX-License-Identifier: MIT
#include "guest/measurements/supervisor/structure_caches.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "guest/measurements/search.h"
#include "guest/measurements/supervisor/address_chain.h"

namespace ringfence::measurements {

namespace {

constexpr u64 entries_in_table = 512;
constexpr u64 table_bytes = entries_in_table * page_bytes;
constexpr u64 directory_bytes = entries_in_table * table_bytes;

// What is measured is one more read of an entry that is in the first data cache. So all entries
// that the walks read must stay there: each cache of 64 sets holds so few lines that no set may get
// more than its share. Lines of page tables go by turns into one half of the sets, those of higher
// tables into the other.
constexpr u64 entries_in_line = 8;
constexpr u64 lines_in_turn = 8;

/// The index of an entry of a page table: of so many places, the `n`-th.
constexpr u64 lower_index(u64 n, u64 apart) {
    return (lines_in_turn + n % lines_in_turn) * entries_in_line + n / lines_in_turn * apart;
}
/// The index of the `n`-th entry in use of a higher table, `n` below 256.
constexpr u64 entries_in_turn = lines_in_turn * entries_in_line;
constexpr u64 higher_index(u64 n) {
    return n / entries_in_turn * 2 * entries_in_turn + n % entries_in_turn;
}
/// The same in the half of the page tables, where each entry of the table below is on a line of its
/// own and fills the other; of one table after another elsewhere in it.
constexpr u64 highest_index(u64 table, u64 n) {
    constexpr u64 entries = entries_in_table / 2;
    return higher_index((n + table % 2 * entries / 2) % entries) + entries_in_turn;
}
/// The same where each entry is in a table of its own.
constexpr u64 lone_index(u64 n) {
    constexpr u64 lines = entries_in_table / entries_in_line / 2;
    return higher_index(n % lines * entries_in_line);
}

/// Pages that always miss the TLBs, though they are few: a few sets of the second level, each with
/// more pages than it has ways.
class MissingPages {
public:
    explicit MissingPages(SecondLevel second)
        : sets_(std::bit_floor(second.entries / second.ways)),
          places_(groups * std::max<u64>(entries_in_table / sets_, 1)),
          count_(groups * (second.ways + 1)) {}

    [[nodiscard]] u64 count() const { return count_; }
    /// An index in the page table of the `i`-th load where `tables` tables are visited in turn: one
    /// that its table has not had yet.
    [[nodiscard]] u64 index(u64 i, u64 tables) const {
        return lower_index((i + i / std::lcm(tables, places_)) % places_, sets_);
    }

private:
    static constexpr u64 groups = lines_in_turn;
    u64 sets_;
    u64 places_;  ///< in one page table
    u64 count_;
};

/// Which cache: one of entries that cover a page table's reach, a directory's, or 512 GiB.
enum class Level : u8 { Pde, Pdpte, Pml4 };

/// Where the `i`-th load is from, so that `regions` entries of the level's cache are in use in
/// turn; the caches of lower levels are missed too.
u64 place(const MissingPages& pages, Level level, u64 i, u64 regions) {
    const u64 region = i % regions;
    const u64 visit = i / regions;
    switch (level) {
        case Level::Pde:
            return region * table_bytes + pages.index(i, regions) * page_bytes;
        case Level::Pdpte:
            return region * directory_bytes + higher_index(visit) * table_bytes +
                   pages.index(i, 1) * page_bytes;
        case Level::Pml4:
            return region * AddressSpace::part_bytes +
                   highest_index(region, visit) * directory_bytes + lone_index(i) * table_bytes +
                   pages.index(i, 1) * page_bytes;
    }
    return 0;
}

Thousandths cycles_with(AddressSpace& space, Workbench& bench, const MissingPages& pages,
                        Level level, u64 regions) {
    const u64 first = space.take_part();
    for (u64 part = 1; level == Level::Pml4 && part < regions; ++part) {
        space.take_part();
    }
    const auto address = [&](u64 i) { return first + place(pages, level, i, regions); };
    const u64 count = std::max(pages.count(), regions);
    for (u64 i = 0; i < count; ++i) {
        space.tables.map(address(i), space.zeros, PageSize::Small);
    }
    return AddressChain(bench, count, address).cycles_per_load(count);
}

/// Once there are more regions than entries, each walk reads one entry more; 0 if that is not seen.
u64 entries_of(AddressSpace& space, Workbench& bench, const MissingPages& pages, Level level,
               u64 few, u64 most) {
    constexpr Thousandths noticeable = 2 * thousand / 5;
    const Thousandths known = cycles_with(space, bench, pages, level, few);
    const u64 end = largest(few, most, 1, [&](u64 regions) {
        return cycles_with(space, bench, pages, level, regions) < known + noticeable;
    });
    return end == most ? 0 : end;
}

}  // namespace

void run_structure_caches(AddressSpace& space, Workbench& bench, SecondLevel second,
                          Report& report) {
    const MissingPages pages(second);
    struct Search {
        const char* name;
        Level level;
        u64 few;
        u64 most;
    };
    constexpr Search searches[] = {
        {"paging_structure_cache.pde.entries", Level::Pde, 8, 128},
        {"paging_structure_cache.pdpte.entries", Level::Pdpte, 1, 32},
        {"paging_structure_cache.pml4.entries", Level::Pml4, 1, 8},
    };
    for (const Search& search : searches) {
        const u64 entries = entries_of(space, bench, pages, search.level, search.few, search.most);
        report.result(search.name, entries == 0 ? not_here : entries * thousand);
    }
}

}  // namespace ringfence::measurements

// SPDX-License-Identifier: MIT
#include "guest/measurements/supervisor/translation.h"

#include <algorithm>
#include <bit>

#include "guest/measurements/caches.h"
#include "guest/measurements/jumps.h"
#include "guest/measurements/search.h"
#include "guest/measurements/supervisor/address_chain.h"
#include "guest/measurements/supervisor/structure_caches.h"

namespace ringfence::measurements {

namespace {

/// Less than what it costs if one of twenty loads has to read an entry.
constexpr Thousandths noticeable = thousand / 5;

/// What is known of one page size.
struct Pages {
    PageSize size;
    u64 most;  ///< pages that are tried
    u64 step;  ///< of the search for the second level's entries
    u64 few;   ///< pages that any first level keeps
};

struct Reach {
    Thousandths hit = 0;  ///< cycles of a load that the first level translates
    u64 first_entries = 0;
    Thousandths miss = 0;    ///< more, with twice as many pages
    u64 second_entries = 0;  ///< 0: no second level for such pages, or no end of it
};

Thousandths entries_or_none(u64 entries) {
    return entries == 0 ? not_here : entries * thousand;
}

/// Loads from pages that lie `apart` pages from each other, all of them the frame of zeros.
class PagePattern {
public:
    PagePattern(AddressSpace& space, PageSize size, u64 count, u64 apart)
        : first_(space.take_part()), stride_(apart * bytes_of(size)) {
        const u64 frame = space.zeros & ~(bytes_of(size) - 1);
        for (u64 i = 0; i < count; ++i) {
            space.tables.map(first_ + i * stride_, frame, size);
        }
        offset_ = space.zeros - frame;
    }
    u64 operator()(u64 i) const { return first_ + i * stride_ + offset_; }

private:
    u64 first_;
    u64 stride_;
    u64 offset_ = 0;
};

/// `second_hit`: what a hit of the second level costs more, 0 where that is to be found out.
Reach measure_reach(AddressSpace& space, Workbench& bench, const Pages& pages,
                    Thousandths second_hit) {
    AddressChain chain(bench, pages.most, PagePattern(space, pages.size, pages.most, 1));
    Reach reach{.hit = chain.cycles_per_load(pages.few)};
    const auto end_of = [&](u64 low, u64 step, Thousandths limit) {
        return largest(low, pages.most, step,
                       [&](u64 count) { return chain.cycles_per_load(count) < limit; });
    };
    reach.first_entries = end_of(pages.few, 1, reach.hit + noticeable);
    const u64 beyond = std::min(2 * reach.first_entries, pages.most);
    reach.miss = chain.cycles_per_load(beyond) - reach.hit;
    if (second_hit == 0 || reach.miss < second_hit + noticeable) {
        const u64 end = end_of(beyond, pages.step, reach.hit + reach.miss + noticeable);
        reach.second_entries = end + pages.step > pages.most ? 0 : end;
    }
    return reach;
}

/// Pages of other sets, at odd multiples of `stride`, that see to it that the level before keeps
/// none.
struct Others {
    u64 count = 0;
    u64 stride = 1;
};

/// Pages whose numbers are multiples of the number of sets, which is taken to be a power of two,
/// share a set.
u64 measure_ways(AddressSpace& space, Workbench& bench, PageSize size, u64 entries,
                 const Others& others, Thousandths limit) {
    constexpr u64 most = 128;
    const u64 apart = std::bit_floor(entries);
    const u64 count = std::min(most, AddressSpace::part_bytes / bytes_of(size) / apart);
    const PagePattern in_set(space, size, count, apart);
    const PagePattern beside(space, size, 2 * others.count, others.stride);
    AddressChain chain(bench, others.count + count, [&](u64 i) {
        return i < count ? in_set(count - 1 - i) : beside(2 * (i - count) + 1);
    });
    const u64 ways = largest(1, count, 1, [&](u64 pages) {
        return chain.cycles_per_load(others.count + pages) < limit;
    });
    return ways == count ? 0 : ways;
}

/// Names of what is measured of one page size.
struct Names {
    const char* first_entries;
    const char* first_ways;
    const char* second_entries;
    const char* second_ways;
};

/// The second level's ways, or 0.
u64 report_reach(AddressSpace& space, Workbench& bench, const Pages& pages, const Reach& reach,
                 const Names& names, Report& report) {
    const u64 ways =
        measure_ways(space, bench, pages.size, reach.first_entries, {}, reach.hit + reach.miss / 2);
    report.result(names.first_entries, entries_or_none(reach.first_entries));
    report.result(names.first_ways, entries_or_none(ways));
    report.result(names.second_entries, entries_or_none(reach.second_entries));
    u64 second_ways = 0;
    if (reach.second_entries != 0) {
        const u64 first_sets = ways == 0 ? 1 : std::bit_floor(reach.first_entries / ways);
        const Others others{2 * reach.first_entries / first_sets, first_sets};
        second_ways = measure_ways(space, bench, pages.size, reach.second_entries, others,
                                   reach.hit + reach.miss + noticeable);
    }
    report.result(names.second_ways, entries_or_none(second_ways));
    return second_ways;
}

/// What a walk costs that reads one entry, found in the first cache; and how many go on at once,
/// where no load waits for another.
void report_walks(AddressSpace& space, Workbench& bench, const Reach& reach, u64 ways,
                  Report& report) {
    const u64 count = reach.second_entries * (ways + 2) / ways;  // more than fit into any set
    const PagePattern pattern(space, PageSize::Small, count, 1);
    report.result("translation.walk",
                  AddressChain(bench, count, pattern).cycles_per_load(count) - reach.hit);

    constexpr u64 unrolled = 8;
    bench.code.clear();
    const TimedLoop loop(bench.code, snippet("page_by_page.start"),
                         [](Code& code) { code.add(snippet("page_by_page.load")); });
    auto* const first = reinterpret_cast<void*>(pattern(0));
    const u64 rounds = count / unrolled;
    const u64 cycles = loop.run(first, rounds) - loop.run(first, 1);
    report.result("translation.walkers", l1d_latency(bench) * (rounds - 1) * unrolled / cycles);
}

/// Code in large pages: jumps from page to page.
void report_instruction_tlb(const Workbench& bench, Report& report) {
    Workbench large{.code = Code(bench.data), .fresh = bench.fresh, .data = bench.code.memory()};
    const auto jumps = [&](u64 pages, u64 apart) {
        return jump_round(large, pages - 1, [&](u64 i) {
            return (i + 1) * apart * bytes_of(PageSize::Medium) + (i + 8) * line_bytes % page_bytes;
        });
    };
    // The fewer jumps a round has, the more of it is the loop around.
    const auto pages_kept = [&](u64 apart, u64 few) {
        constexpr u64 most = 128;
        const u64 fit = bench.data.size() / bytes_of(PageSize::Medium) / apart - 1;
        const Thousandths limit = jumps(std::max<u64>(few, 2), 1) + noticeable;
        const u64 kept = largest(few, std::min(most, fit), 1,
                                 [&](u64 pages) { return jumps(pages, apart) < limit; });
        return kept == std::min(most, fit) ? 0 : kept;
    };
    constexpr u64 any_tlb_has = 4;
    const u64 entries = pages_kept(1, any_tlb_has);
    report.result("tlb.itlb.2m.entries", entries_or_none(entries));
    report.result(
        "tlb.itlb.2m.ways",
        entries == 0 ? not_here : entries_or_none(pages_kept(std::bit_floor(entries), 1)));
}

}  // namespace

void run_translation(AddressSpace& space, Workbench& bench, Report& report, bool has_large_pages) {
    constexpr Pages small{PageSize::Small, 6144, 16, 16};
    constexpr Pages medium{PageSize::Medium, 6144, 16, 16};
    constexpr Pages large{PageSize::Large, 128, 1, 4};
    const Reach of_small = measure_reach(space, bench, small, 0);
    report.result("translation.stlb_hit_extra", of_small.miss);
    const u64 ways = report_reach(
        space, bench, small, of_small,
        {"tlb.dtlb.4k.entries", "tlb.dtlb.4k.ways", "tlb.stlb.4k.entries", "tlb.stlb.4k.ways"},
        report);
    report_reach(
        space, bench, medium, measure_reach(space, bench, medium, of_small.miss),
        {"tlb.dtlb.2m.entries", "tlb.dtlb.2m.ways", "tlb.stlb.2m.entries", "tlb.stlb.2m.ways"},
        report);
    if (has_large_pages) {
        report_reach(
            space, bench, large, measure_reach(space, bench, large, of_small.miss),
            {"tlb.dtlb.1g.entries", "tlb.dtlb.1g.ways", "tlb.stlb.1g.entries", "tlb.stlb.1g.ways"},
            report);
    }
    report_instruction_tlb(bench, report);
    if (of_small.second_entries != 0 && ways != 0) {
        report_walks(space, bench, of_small, ways, report);
        run_structure_caches(space, bench, {of_small.second_entries, ways}, report);
    }
}

}  // namespace ringfence::measurements

// SPDX-License-Identifier: MIT
#include "guest/measurements/queues.h"

#include "base/compiler.h"
#include "guest/measurements/cache_lines.h"
#include "guest/measurements/search.h"
#include "guest/measurements/stopwatch.h"

namespace ringfence::measurements {

namespace {

constexpr u64 most_entries = 4096;

/// Two lists of pointers, each on lines of its own, that are flushed before they are followed.
class TwoMisses {
public:
    explicit TwoMisses(Workbench& bench) : bench_(bench) {
        // In pages of their own, where prefetchers see no pattern.
        u8* const memory = bench_.data.data();
        for (u64 i = 0; i <= misses; ++i) {
            for (u64 list = 0; list < 2; ++list) {
                place(i, list) = memory + (2 * i + list + 1) * (page_bytes + 2 * line_bytes);
            }
        }
        for (u64 i = 0; i < misses; ++i) {
            for (u64 list = 0; list < 2; ++list) {
                *reinterpret_cast<u8**>(place(i, list)) = place(i + 1, list);
            }
        }
        starts_ = reinterpret_cast<u8**>(memory);
        starts_[0] = place(0, 0);
        starts_[1] = place(0, 1);
    }

    /// Cycles for one of each with `between(code)` between them, each pair by itself.
    template <typename Write>
    u64 time(std::span<const u8> second, Write between) {
        bench_.code.clear();
        const TimedLoop run = TimedLoop::once(bench_.code, [&](Code& code) {
            code.add(snippet("misses.start"));
            for (u64 pair = 0; pair < misses; ++pair) {
                code.add(snippet("misses.first"));
                between(code);
                code.add(second);
                code.add(snippet("misses.after"));
            }
        });
        u64 fewest = ~u64{0};
        constexpr unsigned runs = 3;
        for (unsigned i = 0; i < runs; ++i) {
            flush();
            const u64 cycles = run.run_once(bench_.data.data(), 1);
            fewest = cycles < fewest ? cycles : fewest;
        }
        return fewest;
    }

    /// Whether both misses are on the way at once in spite of what is between them.
    template <typename Write>
    bool overlap(Write between) {
        if (apart_ == 0) {
            apart_ = time(snippet("misses.dependent"), [](Code&) {});
        }
        return time(snippet("misses.second"), between) < apart_;
    }

private:
    static constexpr u64 misses = 4;

    u8*& place(u64 number, u64 list) { return places_[number][list]; }
    void flush() {
        for (u64 i = 0; i < misses; ++i) {
            for (u64 list = 0; list < 2; ++list) {
                flush_line(place(i, list));
            }
        }
        wait_for_memory();
    }

    Workbench& bench_;
    u8** starts_ = nullptr;
    u8* places_[misses + 1][2] = {};
    u64 apart_ = 0;  ///< what they take one after the other
};

/// The most copies of `filler` between two misses that overlap.
u64 room_between(Workbench& bench, std::span<const u8> before, std::span<const u8> filler) {
    TwoMisses misses(bench);
    return largest(0, most_entries, 1, [&](u64 count) {
        return misses.overlap([&](Code& code) {
            code.add(before);
            code.add(filler, count);
        });
    });
}

}  // namespace

/// The two misses take an entry each.
Thousandths reorder_buffer(Workbench& bench) {
    return (room_between(bench, nothing(), snippet("filler.nop")) + 2) * thousand;
}

/// The first miss has left it; the others wait for its data.
Thousandths scheduler(Workbench& bench) {
    return (room_between(bench, nothing(), snippet("filler.waiting")) + 1) * thousand;
}

Thousandths load_queue(Workbench& bench) {
    return (room_between(bench, nothing(), snippet("filler.load")) + 2) * thousand;
}

Thousandths store_queue(Workbench& bench) {
    return room_between(bench, nothing(), snippet("filler.store")) * thousand;
}

Thousandths slots_of(Workbench& bench, std::span<const u8> code, u64 copies) {
    constexpr unsigned most_bytes = 256;
    RF_ASSERT(code.size() * copies <= most_bytes);
    u8 all[most_bytes];
    u64 used = 0;
    for (u64 copy = 0; copy < copies; ++copy) {
        for (const u8 byte : code) {
            all[used++] = byte;
        }
    }
    const u64 without = room_between(bench, nothing(), snippet("filler.nop"));
    const u64 with = room_between(bench, std::span{all, used}, snippet("filler.nop"));
    return (without - with) * thousand / copies;
}

}  // namespace ringfence::measurements

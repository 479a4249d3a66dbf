// SPDX-License-Identifier: MIT
// A timed translator on caches with round latencies and page tables that tests fill in.
#pragma once

#include "sim/mmu/timed_translator.h"
#include "tests/unit/sim/mmu/page_tables.h"

namespace ringfence::sim::mmu::testing {

using Outcome = TimedTranslation::Outcome;
using FoundIn = TimedTranslation::FoundIn;
using timing::Cycle;

/// Page tables of any mode, made as they are needed.
class Tables {
public:
    Tables(memory::PhysicalMemory& memory, PagingMode mode, u64 root = 0x20'0000)
        : memory_(memory), mode_(mode), root_(root), next_(root + 0x1000) {}

    /// Maps the page of `address` with entries of `rights`; gives the leaf's place.
    u64 map(u64 address, u64 page, u64 rights = all_rights, unsigned leaf_level = 1) {
        u64 table = root_;
        for (unsigned level = top(); level > leaf_level; --level) {
            const u64 where = place(table, address, level);
            if ((read(where) & present) == 0) {
                const bool pointer = mode_ == PagingMode::Pae && level == 3;
                write(where, next_ | (pointer ? present : all_rights));
                next_ += 0x1000;
            }
            table = read(where) & 0xf'ffff'f000;
        }
        const u64 leaf = place(table, address, leaf_level);
        write(leaf, page | rights | (leaf_level > 1 ? large : 0));
        return leaf;
    }
    /// The place of `address`'s entry at `level`; the tables above exist.
    [[nodiscard]] u64 entry(u64 address, unsigned level) const {
        u64 table = root_;
        for (unsigned above = top(); above > level; --above) {
            table = read(place(table, address, above)) & 0xf'ffff'f000;
        }
        return place(table, address, level);
    }
    [[nodiscard]] u64 read(u64 where) const {
        return bytes() == 4 ? memory_.read<u32>(PhysicalAddress{where})
                            : memory_.read<u64>(PhysicalAddress{where});
    }
    void write(u64 where, u64 value) {
        if (bytes() == 4) {
            memory_.write(PhysicalAddress{where}, static_cast<u32>(value));
        } else {
            memory_.write(PhysicalAddress{where}, value);
        }
    }
    [[nodiscard]] PagingState state(u64 extra_cr4 = 0) const {
        PagingState state = make_state(mode_, root_, extra_cr4);
        for (unsigned i = 0; mode_ == PagingMode::Pae && i < 4; ++i) {
            state.pdptes[i] = memory_.read<u64>(PhysicalAddress{root_ + 8 * i});
        }
        return state;
    }

private:
    [[nodiscard]] unsigned top() const {
        return mode_ == PagingMode::TwoLevel    ? 2
               : mode_ == PagingMode::Pae       ? 3
               : mode_ == PagingMode::FourLevel ? 4
                                                : 5;
    }
    [[nodiscard]] u64 bytes() const { return mode_ == PagingMode::TwoLevel ? 4 : 8; }
    [[nodiscard]] u64 place(u64 table, u64 address, unsigned level) const {
        const u64 bits = mode_ == PagingMode::TwoLevel ? 10 : 9;
        return table + ((address >> (12 + (level - 1) * bits)) & ((1ULL << bits) - 1)) * bytes();
    }

    memory::PhysicalMemory& memory_;
    PagingMode mode_;
    u64 root_;
    u64 next_;
};

inline timing::HierarchyParameters bed_hierarchy() {
    timing::HierarchyParameters parameters;
    parameters.l1i = {.sets = 64, .ways = 8, .latency = 4};
    parameters.l1d = {.sets = 64, .ways = 8, .latency = 5};
    parameters.l2 = {.sets = 1024, .ways = 8, .latency = 14};
    parameters.memory_latency = 200;
    parameters.fill_buffers = 16;
    parameters.l2_fill_buffers = 16;
    return parameters;
}

/// Small first levels, a second level, no paging-structure caches.
inline timing::TranslationParameters bed_translation() {
    timing::TranslationParameters parameters;
    parameters.itlb_4k = {.sets = 1, .ways = 4};
    parameters.itlb_2m = {.sets = 1, .ways = 2};
    parameters.dtlb_4k = {.sets = 1, .ways = 2};
    parameters.dtlb_2m = {.sets = 1, .ways = 2};
    parameters.dtlb_1g = {.sets = 1, .ways = 2};
    parameters.stlb_4k = {.sets = 16, .ways = 4};
    parameters.stlb_shared = true;
    parameters.stlb_1g = {.sets = 1, .ways = 4};
    parameters.stlb_hit_extra = 7;
    parameters.walkers = 2;
    return parameters;
}

inline timing::TranslationParameters with_structure_caches(
    timing::TranslationParameters parameters = bed_translation()) {
    parameters.pde = {.sets = 1, .ways = 8};
    parameters.pdpte = {.sets = 1, .ways = 4};
    parameters.pml4 = {.sets = 1, .ways = 2};
    return parameters;
}

class TimedBed {
public:
    explicit TimedBed(const timing::TranslationParameters& parameters = bed_translation(),
                      PagingMode mode = PagingMode::FourLevel)
        : parameters_(parameters),
          tables(memory, mode),
          translator(memory, features, hierarchy, parameters) {}

    TimedTranslation translate(u64 address, AccessKind kind = AccessKind::Read,
                               Privilege privilege = Privilege::User) {
        return translate_at(now += 10'000, address, kind, privilege);
    }
    TimedTranslation translate_at(Cycle at, u64 address, AccessKind kind = AccessKind::Read,
                                  Privilege privilege = Privilege::User) {
        const TimedTranslation answer = translator.translate(
            tables.state(extra_cr4), VirtualAddress{address}, kind, privilege, at);
        EXPECT_EQ(answer.ready, at + answer.cost);
        return answer;
    }
    FoundIn where(u64 address, AccessKind kind = AccessKind::Read) {
        return translate(address, kind).found_in;
    }
    /// Table entries that `access` reads.
    template <typename Access>
    u64 reads_of(Access access) {
        const auto& counts = translator.statistics();
        const u64 before = counts.data.walk_reads + counts.instruction.walk_reads;
        access();
        return counts.data.walk_reads + counts.instruction.walk_reads - before;
    }

private:
    timing::TranslationParameters parameters_;

public:
    memory::PhysicalMemory memory = make_memory();
    PagingFeatures features{};
    timing::MemoryHierarchy hierarchy{bed_hierarchy()};
    Tables tables;
    TimedTranslator translator;
    u64 extra_cr4 = 0;
    Cycle now = 0;
};

}  // namespace ringfence::sim::mmu::testing

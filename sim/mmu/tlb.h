// SPDX-License-Identifier: MIT
// What the processor may remember of page walks: entries tagged by PCID, global entries, and the
// operations that must forget them. Nothing is forgotten that the architecture lets survive, as
// far as there is room. [intel/vol3]: 4.10
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/address.h"
#include "sim/mmu/walker.h"

namespace ringfence::sim::mmu {

class Tlb {
public:
    Tlb();

    /// The entry for `address`, tagged `pcid` or global; null if there is none. Its `page` is the
    /// start of the whole page, of whatever size. Valid until the next call of anything here.
    [[nodiscard]] const Translation* find(VirtualAddress address, u16 pcid);

    /// Keeps a walk's result, in place of any entry for the same page and tag. Returns true if an
    /// entry for another large page had to make room.
    bool insert(VirtualAddress address, u16 pcid, const Translation& translation);

    enum class Dropped : u8 { Nothing, SmallPage, LargePage };
    /// INVLPG, and the faulting address of a page fault: the page of `address` under `pcid`, and
    /// global entries for it. [intel/vol3]: 4.10.4.1
    Dropped drop_page(VirtualAddress address, u16 pcid, bool with_globals);

    /// Whether a global entry was kept since the last drop_all.
    [[nodiscard]] bool holds_globals() const { return holds_globals_; }

    void drop_pcid(u16 pcid);     ///< all of one PCID but global entries
    void drop_all_but_globals();  ///< every PCID
    void drop_all();              ///< every PCID and global entries

private:
    /// One entry. Valid while `epoch` is the current one of its tag.
    struct Entry {
        u64 page_number = 0;  ///< in units of its array's page size
        u16 tag = 0;          ///< the PCID, or global_tag
        u64 epoch = 0;
        u64 last_use = 0;
        Translation translation{};
    };
    /// A set-associative array, least recently used first out.
    class Array {
    public:
        Array(unsigned sets, unsigned ways) : sets_(sets), ways_(ways), entries_(sets * ways) {}
        std::span<Entry> set_of(u64 page_number) {
            return std::span{entries_}.subspan((page_number % sets_) * ways_, ways_);
        }
        [[nodiscard]] bool ever_used() const { return ever_used_; }
        void note_use() { ever_used_ = true; }

    private:
        unsigned sets_;
        unsigned ways_;
        bool ever_used_ = false;
        std::vector<Entry> entries_;
    };

    static constexpr u16 global_tag = 4096;  ///< one past the last PCID
    static constexpr std::array<u8, 4> size_shifts{12, 21, 22, 30};

    [[nodiscard]] Entry* find_entry(unsigned size, VirtualAddress address, u16 tag);

    std::array<Array, size_shifts.size()> arrays_;
    std::vector<u64> epochs_;  ///< by tag; starts at 1
    u64 uses_ = 0;
    bool holds_globals_ = false;
};

}  // namespace ringfence::sim::mmu

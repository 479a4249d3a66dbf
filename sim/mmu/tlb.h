// SPDX-License-Identifier: MIT
// What the processor may remember of page walks: entries tagged by PCID, global entries, and the
// operations that must forget them. Nothing is forgotten that the architecture lets survive, as
// far as there is room. [intel/vol3]: 4.10
//
// Who is pushed out depends on what was put in, and when, but never on hits: the fast path and
// chained blocks take most of those without asking, and how many they take may not change a run.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/address.h"
#include "sim/mmu/walker.h"
#include "sim/state/forward.h"

namespace ringfence::sim::mmu {

class Tlb {
public:
    Tlb();

    /// The entry for `address`, tagged `pcid` or global; null if there is none. Its `page` is the
    /// start of the whole page, of whatever size. Valid until the next call of anything here.
    [[nodiscard]] const Translation* find(VirtualAddress address, u16 pcid) const;

    /// A live entry that had to make room.
    struct Evicted {
        VirtualAddress page;
        bool global = false;
        u16 pcid = 0;  ///< meaningless if it is global
        bool large = false;
    };
    /// Keeps a walk's result, in place of an entry for the same page and tag, where it was. The
    /// caller has dropped entries for the address under another tag or of another size.
    std::optional<Evicted> insert(VirtualAddress address, u16 pcid, const Translation& translation);

    enum class Dropped : u8 { Nothing, SmallPage, LargePage };
    /// INVLPG, and the faulting address of a page fault: the page of `address` under `pcid`, and
    /// global entries for it. [intel/vol3]: 4.10.4.1
    Dropped drop_page(VirtualAddress address, u16 pcid, bool with_globals);

    /// Whether a global entry was kept since the last drop_all.
    [[nodiscard]] bool holds_globals() const { return holds_globals_; }

    void drop_pcid(u16 pcid);     ///< all of one PCID but global entries
    void drop_all_but_globals();  ///< every PCID
    void drop_all();              ///< every PCID and global entries

    /// Calls `visit(VirtualAddress page, u16 pcid, const Translation&)` for each entry that can be
    /// found, in a fixed order; the PCID of global ones means nothing. For tools.
    template <typename Visitor>
    void for_each(Visitor visit) const {
        for (usize size = 0; size < arrays_.size(); ++size) {
            for (const Entry& entry : arrays_[size].entries()) {
                if (is_live(entry)) {
                    visit(VirtualAddress{entry.page_number << size_shifts[size]}, entry.tag,
                          entry.translation);
                }
            }
        }
    }

    /// Entries that nothing can find any more are not saved.
    void visit_state(state::Visitor& visitor);

private:
    /// One entry. Valid while `epoch` is the current one of its tag.
    struct Entry {
        u64 page_number = 0;  ///< in units of its array's page size
        u16 tag = 0;          ///< the PCID, or global_tag
        u64 epoch = 0;
        u64 inserted = 0;  ///< the order in which pages came
        Translation translation{};
    };
    /// A set-associative array, first in, first out.
    class Array {
    public:
        Array(unsigned sets, unsigned ways) : sets_(sets), ways_(ways), entries_(sets * ways) {}
        std::span<Entry> set_of(u64 page_number) {
            return std::span{entries_}.subspan((page_number % sets_) * ways_, ways_);
        }
        [[nodiscard]] std::span<const Entry> set_of(u64 page_number) const {
            return std::span{entries_}.subspan((page_number % sets_) * ways_, ways_);
        }
        [[nodiscard]] bool ever_used() const { return ever_used_; }
        void note_use() { ever_used_ = true; }
        [[nodiscard]] std::span<Entry> entries() { return entries_; }
        [[nodiscard]] std::span<const Entry> entries() const { return entries_; }
        [[nodiscard]] unsigned set_number(u64 page_number) const { return page_number % sets_; }
        [[nodiscard]] unsigned ways() const { return ways_; }

    private:
        unsigned sets_;
        unsigned ways_;
        bool ever_used_ = false;
        std::vector<Entry> entries_;
    };

    static constexpr u16 global_tag = 4096;  ///< one past the last PCID
    static constexpr std::array<u8, 4> size_shifts{12, 21, 22, 30};

    struct SavedEntries;
    [[nodiscard]] SavedEntries live_entries(unsigned size);
    void check_saved(state::Visitor& visitor, unsigned size, const SavedEntries& saved) const;
    void restore(unsigned size, const SavedEntries& saved);

    [[nodiscard]] const Entry* find_entry(unsigned size, VirtualAddress address, u16 tag) const;
    [[nodiscard]] Entry* find_entry(unsigned size, VirtualAddress address, u16 tag) {
        return const_cast<Entry*>(std::as_const(*this).find_entry(size, address, tag));
    }
    [[nodiscard]] bool is_live(const Entry& entry) const {
        return entry.epoch == epochs_[entry.tag];
    }

    std::array<Array, size_shifts.size()> arrays_;
    std::vector<u64> epochs_;  ///< by tag; starts at 1
    u64 insertions_ = 0;
    bool holds_globals_ = false;
};

}  // namespace ringfence::sim::mmu

// SPDX-License-Identifier: MIT
// The entry of one small page whose table exists already: the common case of a page fault, in a few
// dozen instructions. The mapper does the rest: new tables, ranges, large pages, mirrored roots.
#pragma once

#include <optional>

#include "paging/pending_invalidation.h"

namespace ringfence::paging {

/// Found once, changed at once: an entry does not outlive a change of the tables above it.
template <PageTableFormat F, TableMemory<F> M>
    requires(!F::break_before_make || BreaksBeforeMake<M>)
class PageEntry {
public:
    using Word = typename F::Word;
    using Pending = PendingInvalidation<F, M>;

    /// The level-1 entry of `page` (canonical, aligned) below `root`; nothing if a table on the way
    /// is missing or a large page lies there.
    static std::optional<PageEntry> find(M& memory, PhysicalAddress root, VirtualAddress page) {
        PhysicalAddress table = root;
        for (unsigned level = F::levels; level > 1; --level) {
            const Word word = memory.template read<Word>(slot(table, page, level));
            if (!F::present(word) || F::is_leaf(word, level)) {
                return std::nullopt;
            }
            table = F::table(word);
        }
        return PageEntry(memory, slot(table, page, 1), page);
    }

    /// The entry of another page whose entry is in the same table.
    [[nodiscard]] PageEntry beside(VirtualAddress page) const {
        RF_ASSERT(page.align_down(Geometry<F>::entry_span(2)) ==
                  page_.align_down(Geometry<F>::entry_span(2)));
        const PhysicalAddress table = entry_ - Geometry<F>::index(page_, 1) * sizeof(Word);
        return PageEntry(*memory_, slot(table, page, 1), page);
    }

    [[nodiscard]] Word read() const { return memory_->template read<Word>(entry_); }
    [[nodiscard]] bool present() const { return F::present(read()); }

    /// Fills an entry that is not present: no translation can be cached for it.
    void fill(PhysicalAddress frame, const Attributes& attributes) {
        RF_ASSERT(!present());
        store([&](Word) { return F::make_leaf(frame, attributes, 1); });
    }
    /// Empties the entry; `old` gets what it was.
    Pending clear(Word& old) {
        old = store([](Word) { return Word{0}; });
        return stale(old, F::present(old));
    }
    /// Another frame with other rights, as if never used. The entry is present.
    Pending replace(PhysicalAddress frame, const Attributes& attributes) {
        const Word wanted = F::make_leaf(frame, attributes, 1);
        const Word old = break_if_needed(wanted);
        const Word replaced = store([wanted](Word) { return wanted; });
        return stale(old, F::present(replaced));
    }
    /// Other rights for the same frame, with its record of use. The entry is present.
    Pending protect(const Attributes& attributes) {
        const Word seen = read();
        const Word wanted = F::make_leaf(F::leaf(seen, 1), attributes, 1);
        const Word old = break_if_needed(wanted);
        const Word replaced = store([&](Word current) {
            return F::with_usage(wanted, F::present(current) ? current : old);
        });
        return stale(old, F::present(replaced) && F::with_usage(wanted, replaced) != replaced);
    }

private:
    PageEntry(M& memory, PhysicalAddress entry, VirtualAddress page)
        : memory_(&memory), entry_(entry), page_(page) {}

    static PhysicalAddress slot(PhysicalAddress table, VirtualAddress page, unsigned level) {
        return table + Geometry<F>::index(page, level) * sizeof(Word);
    }
    template <typename Change>
    Word store(Change change) {
        return store_entry<F>(*memory_, entry_, change);
    }
    /// The entry's word, after the first half of break-before-make where `wanted` asks for it.
    Word break_if_needed(Word wanted) {
        const Word old = read();
        if constexpr (F::break_before_make) {
            if (F::needs_break(old, wanted, 1)) {
                const Word broken = store([](Word) { return Word{0}; });
                memory_->break_flush(page_, page_size);
                return broken;
            }
        }
        return old;
    }
    [[nodiscard]] Pending stale(Word old, bool changed) const {
        Pending pending(*memory_);
        if (changed) {
            pending.add(
                {.first = page_, .bytes = page_size, .global = F::attributes(old, 1).global});
        }
        return pending;
    }

    M* memory_;
    PhysicalAddress entry_;
    VirtualAddress page_;
};

}  // namespace ringfence::paging

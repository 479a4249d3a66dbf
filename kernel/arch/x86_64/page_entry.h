// SPDX-License-Identifier: MIT
// The entry of one 4 KiB page whose table exists already: the common case of a page fault, in a few
// dozen instructions. The mapper does the rest: new tables, ranges, large pages.
#pragma once

#include <optional>

#include "kernel/arch/x86_64/table_memory.h"

namespace ringfence::kernel::arch {

class PageEntry {
public:
    using Word = Format::Word;

    /// The level-1 entry of `page` below `root`; nothing if a table on the way is missing. There
    /// are no large pages in the user half.
    static std::optional<PageEntry> find(PhysicalAddress root, VirtualAddress page) {
        PhysicalAddress table = root;
        for (unsigned level = Format::levels; level > 1; --level) {
            const Word word = table_memory.read<Word>(slot(table, page, level));
            if (!Format::present(word)) {
                return std::nullopt;
            }
            table = Format::table(word);
        }
        return PageEntry(slot(table, page, 1), page);
    }

    [[nodiscard]] Word read() const { return table_memory.read<Word>(entry_); }
    [[nodiscard]] bool present() const { return Format::present(read()); }

    /// Fills an entry that is not present: no translation can be cached for it.
    void fill(PhysicalAddress frame, const paging::Attributes& attributes) {
        store([&](Word) { return Format::make_leaf(frame, attributes, 1); });
    }
    /// Empties the entry; `old` gets what it was.
    Pending clear(Word& old) {
        old = store([](Word) { return Word{0}; });
        return stale(true);
    }
    /// Another frame with other rights, as if never used.
    Pending replace(PhysicalAddress frame, const paging::Attributes& attributes) {
        fill(frame, attributes);
        return stale(true);
    }
    /// Other rights for the same frame, with its record of use.
    Pending protect(const paging::Attributes& attributes) {
        Word changed = 0;
        const Word old = store([&](Word current) {
            changed = Format::with_usage(Format::make_leaf(Format::leaf(current, 1), attributes, 1),
                                         current);
            return changed;
        });
        return stale(changed != old);
    }

private:
    PageEntry(PhysicalAddress entry, VirtualAddress page) : entry_(entry), page_(page) {}

    static PhysicalAddress slot(PhysicalAddress table, VirtualAddress page, unsigned level) {
        return table + paging::Geometry<Format>::index(page, level) * sizeof(Word);
    }
    template <typename Change>
    Word store(Change change) {
        return paging::store_entry<Format>(table_memory, entry_, change);
    }
    [[nodiscard]] Pending stale(bool changed) const {
        Pending pending(table_memory);
        if (changed) {
            pending.add({.first = page_, .bytes = paging::page_size});
        }
        return pending;
    }

    PhysicalAddress entry_;
    VirtualAddress page_;
};

}  // namespace ringfence::kernel::arch

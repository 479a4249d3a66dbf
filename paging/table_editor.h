// SPDX-License-Identifier: MIT
// The steps that every change of a page table is made of, each correct in itself.
#pragma once

#include "paging/pending_invalidation.h"
#include "paging/walker.h"

namespace ringfence::paging {

/// A second root that shares part of the first: the user half of an isolated address space.
struct MirroredRoot {
    PhysicalAddress root{};
    unsigned first_index = 0;     ///< root entries [first_index, first_index + count) are the same
    unsigned count = 0;           ///< in both roots,
    bool forbid_execute = false;  ///< but the first root may not execute what they translate

    [[nodiscard]] constexpr bool covers(unsigned index) const {
        return index >= first_index && index - first_index < count;
    }
};

/// Stores entries in the tables below one root, which may have a mirror. Between two stores each
/// address leads where it led before, where it will lead after, or nowhere.
template <PageTableFormat F, TableMemory<F> M>
class TableEditor {
public:
    using Word = typename F::Word;
    using Pending = PendingInvalidation<F, M>;
    using Tables = TableChain<F, M>;

    TableEditor(M& memory, PhysicalAddress root, MirroredRoot mirror)
        : memory_(&memory), root_(root), mirror_(mirror) {}

    [[nodiscard]] M& memory() const { return *memory_; }
    [[nodiscard]] PhysicalAddress root() const { return root_; }

    [[nodiscard]] Word read(const Slot& slot) const {
        return memory_->template read<Word>(slot.template address<F>());
    }

    /// Replaces an entry by `change(entry)` and returns what it was. A mirrored root entry is
    /// stored in both roots.
    template <typename Change>
    Word store(const Slot& slot, Change change) {
        const PhysicalAddress entry = slot.template address<F>();
        if (slot.table != root_ || !mirror_.covers(slot.index)) {
            return store_entry<F>(*memory_, entry, change);
        }
        store_entry<F>(*memory_, mirror_.root + (entry - root_), change);
        return store_entry<F>(*memory_, entry, [&](Word old) {
            const Word word = change(old);
            return mirror_.forbid_execute && F::present(word) ? F::forbid_execute(word, slot.level)
                                                              : word;
        });
    }

    /// Makes an empty entry point to the zeroed page `table`.
    void link(const Slot& slot, PhysicalAddress table, Pending& pending) {
        store(slot, [&](Word) { return F::make_table(table, slot.level); });
        note_root_change(slot, pending);
    }

    /// Empties an entry and returns what it was; its translations are stale.
    Word clear(const Slot& slot, Pending& pending) {
        const Word old = store(slot, [](Word) { return Word{0}; });
        if (F::is_leaf(old, slot.level)) {
            pending.add(stale(slot, old));
        }
        note_root_change(slot, pending);
        return old;
    }

    /// Replaces a present leaf by `wanted`, which keeps the record of use.
    void replace_leaf(const Slot& slot, Word wanted, Pending& pending) {
        const Word old = read(slot);
        if (F::needs_break(old, wanted, slot.level)) {
            const Word broken = break_entry(slot);
            store(slot, [&](Word) { return F::with_usage(wanted, broken); });
            return;
        }
        store(slot, [&](Word current) { return F::with_usage(wanted, current); });
        pending.add(stale(slot, old));
    }

    /// Replaces a large leaf by `table`, filled with smaller leaves that say the same.
    void split(const Slot& slot, PhysicalAddress table, Pending& pending) {
        const auto split_into = [&](Word large) {
            fill_from(table, large, slot.level);
            return F::make_table(table, slot.level);
        };
        if constexpr (F::break_before_make) {
            const Word large = break_entry(slot);
            store(slot, [&](Word) { return split_into(large); });
        } else {
            pending.add(stale(slot, store(slot, split_into)));
        }
    }

    /// Hands an unlinked `table` and all tables below it to `pending`, and calls `removed(leaf)`
    /// for each page that they mapped.
    template <typename Removed>
    void collect(PhysicalAddress table, unsigned level, Span whole, Removed& removed,
                 Pending& pending) {
        bool global = false;
        const auto note = [&](const Leaf& leaf) {
            global = global || leaf.attributes.global;
            removed(leaf);
        };
        collect_below(table, level, whole, note, pending);
        pending.add({.first = whole.first, .bytes = whole.bytes(), .global = global});
    }

    static Leaf leaf_of(const Slot& slot, Word word) {
        return Walker<F, M>::leaf_of(word, slot.level, slot.whole.first, no_limit);
    }
    static StaleRange stale(const Slot& slot, Word word) {
        return {.first = slot.whole.first,
                .bytes = slot.whole.bytes(),
                .stride = slot.whole.bytes(),
                .global = F::attributes(word, slot.level).global};
    }

private:
    /// The first half of break-before-make: no CPU has the entry when this returns.
    Word break_entry(const Slot& slot) {
        const Word old = store(slot, [](Word) { return Word{0}; });
        if constexpr (F::break_before_make) {
            memory_->break_flush(slot.whole.first, slot.whole.bytes());
        }
        return old;
    }

    void fill_from(PhysicalAddress table, Word large, unsigned level) {
        const PhysicalAddress frame = F::leaf(large, level);
        const Attributes attributes = F::attributes(large, level);
        const Span all{VirtualAddress{0}, VirtualAddress{Geometry<F>::entry_span(level) - 1}};
        for_each_slot<F>(table, level - 1, all, [&](const Slot& slot) {
            const Word small =
                F::make_leaf(frame + slot.whole.first.value(), attributes, level - 1);
            store_entry<F>(*memory_, slot.template address<F>(),
                           [&](Word) { return F::with_usage(small, large); });
            return true;
        });
    }

    template <typename Note>
    void collect_below(PhysicalAddress table, unsigned level, Span whole, Note& note,
                       Pending& pending) {
        for_each_slot<F>(table, level, whole, [&](const Slot& slot) {
            const Word word = read(slot);
            if (F::present(word)) {
                if (F::is_leaf(word, level)) {
                    note(leaf_of(slot, word));
                } else {
                    collect_below(F::table(word), level - 1, slot.whole, note, pending);
                }
            }
            return true;
        });
        pending.add_table(table);
    }

    void note_root_change(const Slot& slot, Pending& pending) {
        if (slot.level == F::levels) {
            pending.add_root_change();
        }
    }

    M* memory_;
    PhysicalAddress root_;
    MirroredRoot mirror_;
};

}  // namespace ringfence::paging

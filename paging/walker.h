// SPDX-License-Identifier: MIT
// Reads page tables: where an address leads, and everything that is mapped in a range.
#pragma once

#include "base/result.h"
#include "paging/error.h"
#include "paging/memory.h"
#include "paging/span.h"

namespace ringfence::paging {

/// One mapping of one page or block, as the tables say it.
struct Leaf {
    VirtualAddress start{};
    PhysicalAddress frame{};
    u64 size = 0;  ///< bytes, the page's size
    unsigned level = 1;
    Attributes attributes{};  ///< effective: after the limits of all tables above
    bool accessed = false;
    bool dirty = false;

    /// Where `address`, which lies in the page, is stored.
    [[nodiscard]] constexpr PhysicalAddress translate(VirtualAddress address) const {
        return frame + (address - start);
    }
};

/// Neighbouring leaves that continue each other with equal attributes.
struct Run {
    VirtualAddress start{};
    PhysicalAddress frame{};
    u64 size = 0;
    Attributes attributes{};
};

/// Reads the tables below `root`. Holds no state: copy it freely. Not synchronised with writers.
template <PageTableFormat F, ReadableTables<F> M>
class Walker {
public:
    using Word = typename F::Word;

    Walker(const M& memory, PhysicalAddress root) : memory_(&memory), root_(root) {}

    [[nodiscard]] PhysicalAddress root() const { return root_; }

    /// The mapping of `address`: NotCanonical or NotMapped if there is none.
    [[nodiscard]] Result<Leaf, PagingError> find(VirtualAddress address) const {
        if (!F::canonical(address)) {
            return Error{PagingError::NotCanonical};
        }
        PhysicalAddress table = root_;
        Attributes limit = no_limit;
        for (unsigned level = F::levels; level > 0; --level) {
            const unsigned index = Geometry<F>::index(address, level);
            const Word word = read(table, index);
            if (!F::present(word)) {
                break;
            }
            if (F::is_leaf(word, level)) {
                return leaf_of(word, level, address.align_down(Geometry<F>::entry_span(level)),
                               limit);
            }
            limit = F::table_limit(word, level).limited_by(limit);
            table = F::table(word);
        }
        return Error{PagingError::NotMapped};
    }

    /// Calls `visit(const Leaf&)` for each mapping in `range` in order of address. `range` is
    /// translatable; pages that it cuts are visited whole.
    template <typename Visit>
    void for_each_leaf(Span range, Visit visit) const {
        RF_ASSERT(translatable<F>(range));
        visit_table(root_, F::levels, range, no_limit, visit);
    }

    /// The same, with neighbours that continue each other joined.
    template <typename Visit>
    void for_each_run(Span range, Visit visit) const {
        Run run;
        for_each_leaf(range, [&](const Leaf& leaf) {
            const bool continues = run.size != 0 && run.start + run.size == leaf.start &&
                                   run.frame + run.size == leaf.frame &&
                                   run.attributes == leaf.attributes;
            if (continues) {
                run.size += leaf.size;
                return;
            }
            if (run.size != 0) {
                visit(run);
            }
            run = {leaf.start, leaf.frame, leaf.size, leaf.attributes};
        });
        if (run.size != 0) {
            visit(run);
        }
    }

    /// Everything that the root maps.
    template <typename Visit>
    void for_each_leaf(Visit visit) const {
        for_each_half<F>([&](Span half) { for_each_leaf(half, visit); });
    }
    template <typename Visit>
    void for_each_run(Visit visit) const {
        for_each_half<F>([&](Span half) { for_each_run(half, visit); });
    }

    /// A leaf entry as a Leaf that starts at `start`, below tables that allow `limit`.
    static Leaf leaf_of(Word word, unsigned level, VirtualAddress start, const Attributes& limit) {
        return {.start = start,
                .frame = F::leaf(word, level),
                .size = Geometry<F>::entry_span(level),
                .level = level,
                .attributes = F::attributes(word, level).limited_by(limit),
                .accessed = F::accessed(word),
                .dirty = F::dirty(word)};
    }

private:
    [[nodiscard]] Word read(PhysicalAddress table, unsigned index) const {
        return memory_->template read<Word>(table + u64{index} * sizeof(Word));
    }

    template <typename Visit>
    void visit_table(PhysicalAddress table, unsigned level, Span range, const Attributes& limit,
                     Visit& visit) const {
        for_each_slot<F>(table, level, range, [&](const Slot& slot) {
            const Word word = read(table, slot.index);
            if (!F::present(word)) {
                return true;
            }
            if (F::is_leaf(word, level)) {
                visit(leaf_of(word, level, slot.whole.first, limit));
            } else {
                visit_table(F::table(word), level - 1, slot.covered,
                            F::table_limit(word, level).limited_by(limit), visit);
            }
            return true;
        });
    }

    const M* memory_;
    PhysicalAddress root_;
};

}  // namespace ringfence::paging

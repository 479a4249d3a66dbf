// SPDX-License-Identifier: MIT
// Changes page tables: map, unmap, protect, and the record of use.
#pragma once

#include "paging/table_editor.h"

namespace ringfence::paging {

/// A range to map. Addresses and size are multiples of the smallest page.
struct MapRequest {
    VirtualAddress start{};
    PhysicalAddress frame{};
    u64 size = 0;
    Attributes attributes{};
    u64 largest_page = page_size;  ///< bytes; larger pages are not used
};

/// Changes the tables below one root. Every operation is all or nothing: an error leaves the tables
/// as they were, since all memory is reserved before the first store. At every moment between two
/// stores each address leads where it led before, where it will lead after, or nowhere, with no
/// right that neither has. The caller excludes other writers; hardware may walk the tables, and
/// note accesses in them, at any time.
template <PageTableFormat F, TableMemory<F> M>
    requires(!F::break_before_make || BreaksBeforeMake<M>)
class Mapper {
public:
    using Word = typename F::Word;
    using Pending = PendingInvalidation<F, M>;
    using Outcome = Result<Pending, PagingError>;

    /// `root` is a zeroed page, or holds tables of this format. The root entries that `mirror`
    /// covers are stored in both roots.
    Mapper(M& memory, PhysicalAddress root, MirroredRoot mirror = {})
        : editor_(memory, root, mirror) {
        RF_ASSERT(!mirror.forbid_execute || F::can_forbid_execute(F::levels));
    }

    [[nodiscard]] Walker<F, M> walker() const { return {editor_.memory(), editor_.root()}; }

    /// Maps a range in which nothing is mapped, with the largest pages that fit. What is pending is
    /// empty, except in formats whose root is loaded into registers.
    Outcome map(const MapRequest& request) {
        RF_TRY_ASSIGN(range, checked(request.start, request.size));
        RF_TRY(check_frames(request));
        const Placement placement{request, leaf_level_for<F>(request.largest_page)};
        RF_TRY_ASSIGN(needed, tables_to_map(editor_.root(), F::levels, range, placement));
        Tables reserve(editor_.memory());
        RF_TRY(fill(reserve, needed));
        Pending pending(editor_.memory());
        map_in(editor_.root(), F::levels, range, placement, reserve, pending);
        return pending;
    }

    /// Unmaps what is mapped in a range and calls `removed(const Leaf&)` for each page; its frame
    /// may be used again once the outcome is consumed. Large pages that the range cuts are split.
    /// Tables that lie wholly in the range are freed, others stay even if they are empty.
    template <typename Removed>
    Outcome unmap(VirtualAddress start, u64 size, Removed removed) {
        RF_TRY_ASSIGN(range, checked(start, size));
        Tables reserve(editor_.memory());
        RF_TRY(fill(reserve, tables_to_split(editor_.root(), F::levels, range)));
        Pending pending(editor_.memory());
        unmap_in(editor_.root(), F::levels, range, reserve, removed, pending);
        return pending;
    }
    Outcome unmap(VirtualAddress start, u64 size) {
        return unmap(start, size, [](const Leaf&) {});
    }

    /// Gives what is mapped in a range new attributes; what is not mapped stays so. Large pages
    /// that the range cuts are split.
    Outcome protect(VirtualAddress start, u64 size, const Attributes& attributes) {
        if (!F::supports(attributes)) {
            return Error{PagingError::UnsupportedRights};
        }
        RF_TRY_ASSIGN(range, checked(start, size));
        Tables reserve(editor_.memory());
        RF_TRY(fill(reserve, tables_to_split(editor_.root(), F::levels, range)));
        Pending pending(editor_.memory());
        protect_in(editor_.root(), F::levels, range, attributes, reserve, pending);
        return pending;
    }

    /// Calls `visit(const Leaf&)` for each mapping in a range and forgets that it was accessed or
    /// written. Large pages that the range cuts count whole.
    template <typename Visit>
    Outcome clear_usage(VirtualAddress start, u64 size, Visit visit) {
        RF_TRY_ASSIGN(range, checked(start, size));
        Pending pending(editor_.memory());
        clear_usage_in(editor_.root(), F::levels, range, visit, pending);
        return pending;
    }

    /// The root's entry `index` as it is stored.
    [[nodiscard]] Word root_entry(unsigned index) const { return editor_.read(root_slot(index)); }
    /// Makes an empty root entry equal to one of another root, whose tables it then shares.
    Pending share_root_entry(unsigned index, Word entry) {
        RF_ASSERT(!F::present(root_entry(index)));
        Pending pending(editor_.memory());
        editor_.store(root_slot(index), [entry](Word) { return entry; });
        pending.add_root_change();
        return pending;
    }
    /// Empties a root entry whose tables another root keeps: they are not freed. All that it
    /// translated is stale.
    Pending unshare_root_entry(unsigned index) {
        Pending pending(editor_.memory());
        const Slot slot = root_slot(index);
        if (F::present(editor_.read(slot))) {
            editor_.store(slot, [](Word) { return Word{0}; });
            pending.add({.first = slot.whole.first, .bytes = slot.whole.bytes(), .global = true});
            pending.add_root_change();
        }
        return pending;
    }

private:
    using Tables = TableChain<F, M>;

    /// Where a request puts each address, and in pages of which level at most.
    struct Placement {
        const MapRequest& request;
        unsigned largest_level;

        [[nodiscard]] PhysicalAddress frame_of(VirtualAddress address) const {
            return request.frame + (address - request.start);
        }
        [[nodiscard]] bool fits(const Slot& slot) const {
            return slot.level <= largest_level && F::leaf_allowed(slot.level) &&
                   slot.fully_covered() &&
                   frame_of(slot.whole.first).is_aligned(Geometry<F>::entry_span(slot.level));
        }
    };

    static Result<Span, PagingError> checked(VirtualAddress start, u64 size) {
        if (size == 0) {
            return Error{PagingError::Empty};
        }
        if (!start.is_aligned(page_size) || !is_aligned(size, page_size)) {
            return Error{PagingError::Unaligned};
        }
        const Span range{start, start + (size - 1)};
        if (!translatable<F>(range)) {
            return Error{PagingError::NotCanonical};
        }
        return range;
    }

    static Result<void, PagingError> check_frames(const MapRequest& request) {
        if (!request.frame.is_aligned(page_size)) {
            return Error{PagingError::Unaligned};
        }
        const PhysicalAddress last = request.frame + (request.size - 1);
        if (last < request.frame || last.value() > low_mask(F::physical_bits)) {
            return Error{PagingError::PhysicalTooWide};
        }
        if (!F::supports(request.attributes)) {
            return Error{PagingError::UnsupportedRights};
        }
        return {};
    }

    /// Puts `count` new tables in `reserve`, or none.
    Result<void, PagingError> fill(Tables& reserve, unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            const auto table = editor_.memory().allocate_table();
            if (!table.ok()) {
                reserve.free_all();
                return Error{table.error()};
            }
            reserve.push(table.value());
        }
        return {};
    }

    /// How many tables a mapping of `range` needs, or Overlap.
    Result<unsigned, PagingError> tables_to_map(PhysicalAddress table, unsigned level, Span range,
                                                const Placement& placement) const {
        unsigned count = 0;
        PagingError error{};
        const bool done = for_each_slot<F>(table, level, range, [&](const Slot& slot) {
            const Word word = editor_.read(slot);
            if (!F::present(word)) {
                count += tables_below_empty(slot, placement);
                return true;
            }
            if (F::is_leaf(word, level)) {
                error = PagingError::Overlap;
                return false;
            }
            const auto below = tables_to_map(F::table(word), level - 1, slot.covered, placement);
            error = below.ok() ? error : below.error();
            count += below.value_or(0);
            return below.ok();
        });
        if (!done) {
            return Error{error};
        }
        return count;
    }

    static unsigned tables_below_empty(const Slot& slot, const Placement& placement) {
        if (slot.level == 1 || placement.fits(slot)) {
            return 0;
        }
        unsigned count = 1;
        if (slot.level > 2) {
            for_each_slot<F>(PhysicalAddress{}, slot.level - 1, slot.covered,
                             [&](const Slot& below) {
                                 count += tables_below_empty(below, placement);
                                 return true;
                             });
        }
        return count;
    }

    void map_in(PhysicalAddress table, unsigned level, Span range, const Placement& placement,
                Tables& reserve, Pending& pending) {
        for_each_slot<F>(table, level, range, [&](const Slot& slot) {
            if (!F::present(editor_.read(slot))) {
                if (placement.fits(slot)) {
                    editor_.store(slot, [&](Word) {
                        return F::make_leaf(placement.frame_of(slot.whole.first),
                                            placement.request.attributes, level);
                    });
                    return true;
                }
                editor_.link(slot, reserve.pop(), pending);
            }
            map_in(F::table(editor_.read(slot)), level - 1, slot.covered, placement, reserve,
                   pending);
            return true;
        });
    }

    /// How many tables it takes to split the large pages that `range` cuts.
    [[nodiscard]] unsigned tables_to_split(PhysicalAddress table, unsigned level,
                                           Span range) const {
        unsigned count = 0;
        for_each_slot<F>(table, level, range, [&](const Slot& slot) {
            if (slot.fully_covered()) {
                return true;
            }
            const Word word = editor_.read(slot);
            if (F::present(word)) {
                count += F::is_leaf(word, level)
                             ? tables_to_split_leaf(slot)
                             : tables_to_split(F::table(word), level - 1, slot.covered);
            }
            return true;
        });
        return count;
    }

    static unsigned tables_to_split_leaf(const Slot& slot) {
        unsigned count = 1;
        for_each_slot<F>(PhysicalAddress{}, slot.level - 1, slot.covered, [&](const Slot& below) {
            count += below.fully_covered() ? 0 : tables_to_split_leaf(below);
            return true;
        });
        return count;
    }

    /// Calls `whole(slot, word)` for each leaf that lies in `range`, after splitting those that it
    /// cuts, and for each table that lies in it if `tables_too`.
    template <typename Whole>
    void for_each_whole(PhysicalAddress table, unsigned level, Span range, bool tables_too,
                        Tables& reserve, Pending& pending, Whole& whole) {
        for_each_slot<F>(table, level, range, [&](const Slot& slot) {
            const Word word = editor_.read(slot);
            if (!F::present(word)) {
                return true;
            }
            const bool leaf = F::is_leaf(word, level);
            if (slot.fully_covered() && (leaf || tables_too)) {
                whole(slot, word);
                return true;
            }
            if (leaf) {
                editor_.split(slot, reserve.pop(), pending);
            }
            for_each_whole(F::table(editor_.read(slot)), level - 1, slot.covered, tables_too,
                           reserve, pending, whole);
            return true;
        });
    }

    template <typename Removed>
    void unmap_in(PhysicalAddress table, unsigned level, Span range, Tables& reserve,
                  Removed& removed, Pending& pending) {
        auto remove = [&](const Slot& slot, Word) {
            const Word old = editor_.clear(slot, pending);
            if (F::is_leaf(old, slot.level)) {
                removed(editor_.leaf_of(slot, old));
            } else {
                editor_.collect(F::table(old), slot.level - 1, slot.whole, removed, pending);
            }
        };
        for_each_whole(table, level, range, true, reserve, pending, remove);
    }

    void protect_in(PhysicalAddress table, unsigned level, Span range, const Attributes& attributes,
                    Tables& reserve, Pending& pending) {
        auto replace = [&](const Slot& slot, Word word) {
            const Word wanted = F::make_leaf(F::leaf(word, slot.level), attributes, slot.level);
            if (F::with_usage(wanted, word) != word) {
                editor_.replace_leaf(slot, wanted, pending);
            }
        };
        for_each_whole(table, level, range, false, reserve, pending, replace);
    }

    template <typename Visit>
    void clear_usage_in(PhysicalAddress table, unsigned level, Span range, Visit& visit,
                        Pending& pending) {
        for_each_slot<F>(table, level, range, [&](const Slot& slot) {
            const Word word = editor_.read(slot);
            if (!F::present(word)) {
                return true;
            }
            if (!F::is_leaf(word, level)) {
                clear_usage_in(F::table(word), level - 1, slot.covered, visit, pending);
                return true;
            }
            const Word old = editor_.store(slot, [](Word current) { return F::unused(current); });
            visit(editor_.leaf_of(slot, old));
            if (F::unused(old) != old) {
                pending.add(editor_.stale(slot, old));
            }
            return true;
        });
    }

    [[nodiscard]] Slot root_slot(unsigned index) const {
        const u64 span = Geometry<F>::entry_span(F::levels);
        u64 first = index * span;
        if (F::canonical(VirtualAddress{~u64{0}}) && !F::canonical(VirtualAddress{first})) {
            first |= ~low_mask(F::address_bits);
        }
        const Span whole{VirtualAddress{first}, VirtualAddress{first + (span - 1)}};
        return {editor_.root(), F::levels, index, whole, whole};
    }

    TableEditor<F, M> editor_;
};

}  // namespace ringfence::paging

// SPDX-License-Identifier: MIT
// The TLB work that a change of page tables leaves behind, as a value that cannot be forgotten.
#pragma once

#include <utility>

#include "base/compiler.h"
#include "paging/table_chain.h"

namespace ringfence::paging {

/// Addresses whose cached translations are out of date.
struct StaleRange {
    VirtualAddress first{};
    u64 bytes = 0;
    u64 stride = page_size;  ///< one invalidation each `stride` bytes reaches every page
    bool global = false;     ///< some of the entries may be global
};

/// What carries the invalidation out; it has returned only when no CPU uses the stale entries.
template <typename T>
concept TlbInvalidator = requires(T& tlb, const StaleRange& range) {
    tlb.invalidate(range);
    tlb.invalidate_everything(true);  ///< whether global entries are among them
};

/// Stale translations, and the tables that may be freed once they are gone. Consume it with
/// `consume(tlb)`, or hand it on with `merge`; dropping one that still holds work asserts. Until
/// then, frames that were unmapped must not be used again.
template <typename F, typename M>
class [[nodiscard]] PendingInvalidation {
public:
    explicit PendingInvalidation(M& memory) : freed_(memory) {}
    PendingInvalidation(PendingInvalidation&& other) noexcept
        : freed_(std::move(other.freed_)),
          count_(std::exchange(other.count_, 0)),
          everything_(std::exchange(other.everything_, false)),
          global_(std::exchange(other.global_, false)),
          reload_root_(std::exchange(other.reload_root_, false)) {
        for (unsigned i = 0; i < count_; ++i) {
            ranges_[i] = other.ranges_[i];
        }
    }
    PendingInvalidation& operator=(PendingInvalidation&&) = delete;
    ~PendingInvalidation() { RF_ASSERT(empty()); }

    [[nodiscard]] bool empty() const {
        return count_ == 0 && !everything_ && !reload_root_ && freed_.empty();
    }

    /// Invalidates through `tlb`, then frees the tables. Formats whose root lives in registers also
    /// need `tlb.reload_root()`.
    template <TlbInvalidator Tlb>
    void consume(Tlb&& tlb) {
        if constexpr (F::root_is_loaded) {
            if (reload_root_) {
                tlb.reload_root();
            }
        }
        if (everything_) {
            tlb.invalidate_everything(global_);
        }
        for (unsigned i = 0; i < count_ && !everything_; ++i) {
            tlb.invalidate(ranges_[i]);
        }
        count_ = 0;
        everything_ = false;
        global_ = false;
        reload_root_ = false;
        freed_.free_all();
    }

    /// Takes over the work of `other`.
    void merge(PendingInvalidation&& other) {
        for (unsigned i = 0; i < other.count_; ++i) {
            add(other.ranges_[i]);
        }
        everything_ = everything_ || other.everything_;
        global_ = global_ || other.global_;
        reload_root_ = reload_root_ || other.reload_root_;
        freed_.take_all(other.freed_);
        other.count_ = 0;
        other.everything_ = false;
        other.reload_root_ = false;
    }

    /// For the mapper: `range` is stale. More ranges than fit become "everything".
    void add(const StaleRange& range) {
        global_ = global_ || range.global;
        if (count_ > 0 && extend(ranges_[count_ - 1], range)) {
            return;
        }
        if (count_ == max_ranges) {
            everything_ = true;
            return;
        }
        ranges_[count_] = range;
        ++count_;
    }
    /// For the mapper: `table` is unlinked, but walkers may still be in it.
    void add_table(PhysicalAddress table) { freed_.push(table); }
    /// For the mapper: an entry of a root that the CPU keeps in registers has changed.
    void add_root_change() { reload_root_ = F::root_is_loaded; }

private:
    static constexpr unsigned max_ranges = 4;

    static bool extend(StaleRange& last, const StaleRange& next) {
        if (last.stride != next.stride || last.first + last.bytes != next.first) {
            return false;
        }
        last.bytes += next.bytes;
        last.global = last.global || next.global;
        return true;
    }

    TableChain<F, M> freed_;
    StaleRange ranges_[max_ranges];
    unsigned count_ = 0;
    bool everything_ = false;
    bool global_ = false;
    bool reload_root_ = false;
};

}  // namespace ringfence::paging

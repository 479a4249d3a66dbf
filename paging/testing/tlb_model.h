// SPDX-License-Identifier: MIT
// A TLB that keeps everything it may keep: what software must invalidate, it has.
#pragma once

#include <string>
#include <vector>

#include "paging/pending_invalidation.h"
#include "paging/walker.h"

namespace ringfence::paging::testing {

/// Follows a set of probe addresses. Satisfies TlbInvalidator.
template <typename F>
class TlbModel {
public:
    explicit TlbModel(std::vector<VirtualAddress> probes)
        : probes_(std::move(probes)), cached_(probes_.size()) {}

    [[nodiscard]] const std::vector<VirtualAddress>& probes() const { return probes_; }

    /// Caches what the tables say now, beside whatever is cached already.
    template <typename M>
    void load(const Walker<F, M>& walker) {
        for (usize i = 0; i < probes_.size(); ++i) {
            const auto leaf = walker.find(probes_[i]);
            if (leaf.ok() && !holds(cached_[i], leaf.value())) {
                cached_[i].push_back(leaf.value());
            }
        }
    }

    void invalidate(const StaleRange& stale) {
        ++invalidations;
        drop([&](const Leaf& leaf) {
            return reached_by(stale, leaf) && (stale.global || !leaf.attributes.global);
        });
    }
    void invalidate_everything(bool global) {
        ++invalidations;
        drop([&](const Leaf& leaf) { return global || !leaf.attributes.global; });
    }
    void reload_root() { ++root_loads; }
    /// Reaches global entries as well.
    void break_flush(VirtualAddress first, u64 bytes) {
        const StaleRange stale{first, bytes, page_size, true};
        drop([&](const Leaf& leaf) { return reached_by(stale, leaf); });
    }

    /// The first probe of which something else is cached than the tables say; empty if there is
    /// none.
    template <typename M>
    [[nodiscard]] std::string find_stale(const Walker<F, M>& walker) const {
        return find_bad(walker, [](VirtualAddress probe, const Leaf& cached,
                                   const Result<Leaf, PagingError>& now) {
            return now.ok() && now.value().translate(probe) == cached.translate(probe) &&
                   now.value().attributes == cached.attributes;
        });
    }
    /// The first probe for which an entry is valid that may not stand beside a cached one, because
    /// more than permissions differ: [arm/arm]: D8, "Using break-before-make".
    template <typename M>
    [[nodiscard]] std::string find_unbroken(const Walker<F, M>& walker) const {
        return find_bad(
            walker, [](VirtualAddress, const Leaf& cached, const Result<Leaf, PagingError>& now) {
                return !now.ok() ||
                       (now.value().start == cached.start && now.value().size == cached.size &&
                        now.value().frame == cached.frame &&
                        now.value().attributes.memory_type == cached.attributes.memory_type &&
                        now.value().attributes.global == cached.attributes.global);
            });
    }

    unsigned invalidations = 0;
    unsigned root_loads = 0;

private:
    static bool holds(const std::vector<Leaf>& leaves, const Leaf& wanted) {
        for (const Leaf& leaf : leaves) {
            if (leaf.start == wanted.start && leaf.size == wanted.size &&
                leaf.frame == wanted.frame && leaf.attributes == wanted.attributes) {
                return true;
            }
        }
        return false;
    }
    /// Whether one of the invalidated addresses lies in the page.
    static bool reached_by(const StaleRange& stale, const Leaf& leaf) {
        const u64 first = stale.first.value();
        const u64 page = leaf.start.value();
        const u64 steps = page > first ? (page - first + stale.stride - 1) / stale.stride : 0;
        const u64 offset = steps * stale.stride;
        return offset < stale.bytes && first + offset - page < leaf.size;
    }
    template <typename Condition>
    void drop(Condition condition) {
        for (auto& leaves : cached_) {
            std::erase_if(leaves, condition);
        }
    }
    template <typename M, typename Good>
    std::string find_bad(const Walker<F, M>& walker, Good good) const {
        for (usize i = 0; i < probes_.size(); ++i) {
            for (const Leaf& leaf : cached_[i]) {
                if (!good(probes_[i], leaf, walker.find(probes_[i]))) {
                    return "address " + std::to_string(probes_[i].value()) +
                           " cached in a page of " + std::to_string(leaf.size) + " bytes";
                }
            }
        }
        return {};
    }

    std::vector<VirtualAddress> probes_;
    std::vector<std::vector<Leaf>> cached_;
};

}  // namespace ringfence::paging::testing

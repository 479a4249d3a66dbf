// SPDX-License-Identifier: MIT
// What the tests of every format share: a root, a TLB that forgets nothing, and the invariants that
// hold between any two stores.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "paging/formats/aarch64_4k.h"
#include "paging/formats/x86_2level.h"
#include "paging/formats/x86_4level.h"
#include "paging/formats/x86_pae.h"
#include "paging/mapper.h"
#include "paging/testing/recording_memory.h"
#include "paging/testing/tlb_model.h"

namespace ringfence::paging::testing {

using AllFormats =
    ::testing::Types<X86TwoLevel, X86Pae, X86FourLevel, X86FiveLevel, Aarch64Ttbr0, Aarch64Ttbr1>;

/// Names for the formats in test output.
struct FormatNames {
    template <typename F>
    static std::string GetName(int index) {
        static const char* const names[] = {"X86TwoLevel",  "X86Pae",       "X86FourLevel",
                                            "X86FiveLevel", "Aarch64Ttbr0", "Aarch64Ttbr1"};
        return names[index];
    }
};

/// The lowest address that the format's root translates, and the highest page.
template <typename F>
constexpr VirtualAddress lowest() {
    return F::canonical(VirtualAddress{0}) ? VirtualAddress{0}
                                           : VirtualAddress{~low_mask(F::address_bits)};
}
template <typename F>
constexpr VirtualAddress highest_page() {
    return F::canonical(VirtualAddress{~u64{0xfff}})
               ? VirtualAddress{~u64{0xfff}}
               : lowest<F>() + (low_mask(F::address_bits) - 0xfff);
}
/// Bytes of the format's large page of level 2.
template <typename F>
constexpr u64 large_page = Geometry<F>::entry_span(2);

/// `attributes`, changed as little as needed for the format to carry them.
template <typename F>
Attributes supported(Attributes attributes) {
    attributes.executable = attributes.executable || !F::supports(attributes);
    return attributes;
}

/// Whether `now` shows an address a state that it may have between two stores: nothing, or a frame
/// that it had or will have, with rights that it had or will have there.
inline bool allowed_between(VirtualAddress address, const Result<Leaf, PagingError>& now,
                            const Result<Leaf, PagingError>& before,
                            const Result<Leaf, PagingError>& after) {
    const auto like = [&](const Result<Leaf, PagingError>& other) {
        return other.ok() && now.value().translate(address) == other.value().translate(address) &&
               now.value().attributes.within(other.value().attributes) &&
               now.value().attributes.memory_type == other.value().attributes.memory_type;
    };
    return !now.ok() || like(before) || like(after);
}

/// Tables of one format under test. Operations return the error that refused them.
template <typename F>
struct Tables {
    using Map = Mapper<F, RecordingMemory>;

    explicit Tables(std::vector<VirtualAddress> probes = {})
        : root(memory.add_root()), mapper(memory, root), tlb(std::move(probes)) {}

    [[nodiscard]] Walker<F, RecordingMemory> walker() const { return {memory, root}; }

    /// Performs `change()`, which returns an Outcome, and checks what holds in between and after.
    template <typename Change>
    std::optional<PagingError> apply(Change change) {
        memory.start_recording();
        auto outcome = change();
        if (!outcome.ok()) {
            EXPECT_EQ(memory.image(), memory.start()) << "a refused operation changed the tables";
            return outcome.error();
        }
        check_history();
        auto pending = std::move(outcome).value();
        pending.consume(tlb);
        EXPECT_EQ(tlb.find_stale(walker()), "") << "stale after all invalidation";
        return std::nullopt;
    }

    std::optional<PagingError> map(const MapRequest& request) {
        return apply([&] { return mapper.map(request); });
    }
    std::optional<PagingError> unmap(VirtualAddress start, u64 size) {
        return apply([&] { return mapper.unmap(start, size); });
    }
    std::optional<PagingError> protect(VirtualAddress start, u64 size,
                                       const Attributes& attributes) {
        return apply([&] { return mapper.protect(start, size, attributes); });
    }

    void check_history() {
        const Walker<F, TableImage> before(memory.start(), root);
        const Walker<F, RecordingMemory> after(memory, root);
        tlb.load(before);
        unsigned step = 0;
        memory.replay([&](const TableImage& image, const Event& event) {
            ++step;
            const Walker<F, TableImage> now(image, root);
            for (const VirtualAddress probe : tlb.probes()) {
                EXPECT_TRUE(
                    allowed_between(probe, now.find(probe), before.find(probe), after.find(probe)))
                    << "address " << std::hex << probe.value() << " after store " << std::dec
                    << step;
            }
            if (event.kind == Event::Kind::BreakFlush) {
                tlb.break_flush(event.flushed, event.flushed_bytes);
            }
            if (F::break_before_make) {
                EXPECT_EQ(tlb.find_unbroken(now), "") << "after store " << step;
            }
            tlb.load(now);
        });
    }

    RecordingMemory memory;
    PhysicalAddress root;
    Map mapper;
    TlbModel<F> tlb;
};

/// What an operation of Tables returns when it is not refused.
inline constexpr std::optional<PagingError> accepted = std::nullopt;

}  // namespace ringfence::paging::testing

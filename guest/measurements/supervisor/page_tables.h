// SPDX-License-Identifier: MIT
// Page tables for what is measured: the same few frames under many addresses.
#pragma once

#include "base/types.h"

namespace ringfence::measurements {

enum class PageSize : u8 { Small = 12, Medium = 21, Large = 30 };  ///< log2 of the bytes

[[nodiscard]] constexpr u64 bytes_of(PageSize size) {
    return u64{1} << static_cast<unsigned>(size);
}

/// Adds to the tables that CR3 names, whose first 4 GiB are mapped one to one. Tables come from a
/// piece of that memory and are never given back.
class PageTables {
public:
    /// Tables are taken from `first` up to `end`, physical addresses of whole pages that hold
    /// zeros.
    PageTables(u64 first, u64 end) : next_(first), end_(end) {}

    /// Maps one page, writable for the supervisor, with `more` bits in its entry. Replaces what was
    /// there, whose translations nobody may have used.
    void map(u64 address, u64 frame, PageSize size, u64 more = 0);
    /// The entry of a small page whose tables are there.
    [[nodiscard]] u64& entry(u64 address) { return *entry_of(address, PageSize::Small, 0); }

    /// Marks all of the first 4 GiB global, so that only what is mapped here leaves the TLBs when
    /// CR3 is written.
    static void make_identity_global();

private:
    u64* entry_of(u64 address, PageSize size, u64 rights);
    u64* table_below(u64& entry, u64 rights);

    u64 next_;
    u64 end_;
};

}  // namespace ringfence::measurements

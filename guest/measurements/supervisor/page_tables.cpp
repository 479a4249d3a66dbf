// SPDX-License-Identifier: MIT
#include "guest/measurements/supervisor/page_tables.h"

#include "arch/x86/pte_4level.h"
#include "base/compiler.h"
#include "guest/bare_metal/instructions.h"

namespace ringfence::measurements {

namespace {

using Pte = arch::x86::Pte4Level;

constexpr unsigned index_bits = 9;
constexpr unsigned entries = 1U << index_bits;
constexpr unsigned root_shift = 39;
constexpr u64 frame_bytes = 4096;

u64* table_at(u64 entry) {
    return reinterpret_cast<u64*>(entry & Pte::frame.mask);
}

u64* root() {
    return table_at(bare_metal::read_cr3());
}

u64 index(u64 address, unsigned shift) {
    return address >> shift & (entries - 1);
}

}  // namespace

u64* PageTables::table_below(u64& entry, u64 rights) {
    if (!Pte::present.test(entry)) {
        RF_ASSERT(next_ + frame_bytes <= end_);
        entry = next_ | Pte::present.mask | Pte::writable.mask;
        next_ += frame_bytes;
    }
    entry |= rights;
    return table_at(entry);
}

u64* PageTables::entry_of(u64 address, PageSize size, u64 rights) {
    u64* table = root();
    for (unsigned shift = root_shift; shift > static_cast<unsigned>(size); shift -= index_bits) {
        table = table_below(table[index(address, shift)], rights);
    }
    return &table[index(address, static_cast<unsigned>(size))];
}

void PageTables::map(u64 address, u64 frame, PageSize size, u64 more) {
    const u64 large = size == PageSize::Small ? 0 : Pte::page_size.mask;
    *entry_of(address, size, more & Pte::user.mask) =
        frame | Pte::present.mask | Pte::writable.mask | large | more;
}

void PageTables::make_identity_global() {
    constexpr unsigned gibibytes = 4;
    u64* const pointers = table_at(root()[0]);
    for (unsigned gibibyte = 0; gibibyte < gibibytes; ++gibibyte) {
        u64* const directory = table_at(pointers[gibibyte]);
        for (unsigned i = 0; i < entries; ++i) {
            directory[i] |= Pte::global.mask;
        }
    }
}

}  // namespace ringfence::measurements

// SPDX-License-Identifier: MIT
// What paging/ needs of the memory that holds page tables.
#pragma once

#include <concepts>

#include "base/address.h"
#include "base/result.h"
#include "paging/error.h"
#include "paging/format.h"

namespace ringfence::paging {

/// Reads entries: enough to walk. A core dump or a simulated machine's RAM will do.
template <typename M, typename F>
concept ReadableTables = requires(const M& memory, PhysicalAddress entry) {
    { memory.template read<typename F::Word>(entry) } -> std::same_as<typename F::Word>;
};

/// Memory in which tables are built.
///
/// - `compare_exchange<Word>(entry, expected, desired)` stores `desired` if the entry still holds
///   `expected`, atomically against the hardware's accessed and dirty updates, and returns what it
///   held. When it returns, the store is visible to table walks that start later.
/// - `allocate_table()` gives a zeroed page for a table, or OutOfTables.
/// - `free_table(page)` takes it back; no walker can reach it any more.
template <typename M, typename F>
concept TableMemory =
    ReadableTables<M, F> && requires(M& memory, PhysicalAddress entry, typename F::Word word) {
        {
            memory.template compare_exchange<typename F::Word>(entry, word, word)
        } -> std::same_as<typename F::Word>;
        { memory.allocate_table() } -> std::same_as<Result<PhysicalAddress, PagingError>>;
        memory.free_table(entry);
    };

/// Memory for formats with break-before-make: `break_flush(first, bytes)` removes every TLB entry
/// of the range from all CPUs before it returns.
template <typename M>
concept BreaksBeforeMake =
    requires(M& memory, VirtualAddress first, u64 bytes) { memory.break_flush(first, bytes); };

/// The one function that stores an entry, in live tables and in others: `change` computes the new
/// word from the current one, again if the hardware noted an access meanwhile. Returns the word
/// that was replaced.
template <typename F, typename M, typename Change>
typename F::Word store_entry(M& memory, PhysicalAddress entry, Change change) {
    using Word = typename F::Word;
    Word expected = memory.template read<Word>(entry);
    for (;;) {
        const Word seen = memory.template compare_exchange<Word>(entry, expected, change(expected));
        if (seen == expected) {
            return seen;
        }
        expected = seen;
    }
}

}  // namespace ringfence::paging

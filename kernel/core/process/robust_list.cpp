// SPDX-License-Identifier: MIT
#include "kernel/core/process/robust_list.h"

#include <utility>

#include "kernel/core/scheduler/thread.h"
#include "kernel/core/syscall/futex_table.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel {

namespace {

/// `struct robust_list_head`. Its first word begins a list that comes back to it.
struct ListHead {
    u64 first;
    i64 lock_offset;  ///< from an entry to its lock
    u64 pending;      ///< an entry that is about to come into the list, or out of it
};
static_assert(sizeof(ListHead) == 24);

/// A pointer to an entry, as it lies in memory.
namespace entry_bits {
using PriorityInheriting = Flag<0>;
}  // namespace entry_bits

/// The word of a lock. [linux/abi]: include/uapi/linux/futex.h
namespace lock_bits {
using Owner = Bitfield<0, 30, u32>;
using OwnerDied = Flag<30, u32>;
using Waiters = Flag<31, u32>;
}  // namespace lock_bits

enum class Entry : u8 { Listed, Pending };

/// One lock. Efault or Einval end the walk: the program's memory is not as it says.
Fallible<void> release_lock(u64 entry, i64 offset, Entry kind, u32 owner) {
    const bool inherits = entry_bits::PriorityInheriting::test(entry);
    const VirtualAddress word{(entry & ~entry_bits::PriorityInheriting::mask) +
                              static_cast<u64>(offset)};
    if (!word.is_aligned(sizeof(u32))) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(value, read_user<u32>(word));
    if (kind == Entry::Pending && !inherits && lock_bits::Owner::get(value) == 0) {
        wake_futex(word, 1);  // given back, but perhaps nobody was woken yet
        return {};
    }
    if (lock_bits::Owner::get(value) != owner) {
        return {};
    }
    RF_TRY(write_user(word, (value & lock_bits::Waiters::mask) | lock_bits::OwnerDied::mask));
    if (!inherits && lock_bits::Waiters::test(value)) {
        wake_futex(word, 1);
    }
    return {};
}

Fallible<void> walk(VirtualAddress head, u32 owner) {
    constexpr int most_entries = 2048;  // a list may be a circle without its head
    RF_TRY_ASSIGN(list, read_user<ListHead>(head));
    const auto place = [](u64 entry) { return entry & ~entry_bits::PriorityInheriting::mask; };
    u64 entry = list.first;
    for (int count = 0; place(entry) != head.value() && count < most_entries; ++count) {
        // The next one first: whoever has the lock then may use the memory for something else.
        const auto next = read_user<u64>(VirtualAddress{place(entry)});
        if (place(entry) != place(list.pending)) {
            RF_TRY(release_lock(entry, list.lock_offset, Entry::Listed, owner));
        }
        if (!next) {
            break;
        }
        entry = next.value();
    }
    if (list.pending != 0) {
        RF_TRY(release_lock(list.pending, list.lock_offset, Entry::Pending, owner));
    }
    return {};
}

}  // namespace

void release_robust_locks(Thread& thread) {
    const VirtualAddress head = std::exchange(thread.robust_list, VirtualAddress{});
    if (head != VirtualAddress{}) {
        static_cast<void>(walk(head, thread.id()).ok());  // nobody is left to tell
    }
}

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
// The kernel's page tables as paging/ sees them: frames of the frame allocator, reached through the
// direct map.
#pragma once

#include "base/address.h"
#include "base/result.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/core/memory/frame_allocator.h"
#include "paging/error.h"
#include "paging/formats/x86_4level.h"
#include "paging/mapper.h"
#include "paging/page_entry.h"
#include "paging/pending_invalidation.h"

namespace ringfence::kernel::arch {

class TableMemory {
public:
    template <typename Word>
    Word read(PhysicalAddress entry) const {
        return __atomic_load_n(direct_map<Word>(entry), __ATOMIC_RELAXED);
    }
    template <typename Word>
    Word compare_exchange(PhysicalAddress entry, Word expected, Word desired) {
        __atomic_compare_exchange_n(direct_map<Word>(entry), &expected, desired, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        return expected;
    }
    Result<PhysicalAddress, paging::PagingError> allocate_table() {
        if (frames().free_frames() <= frames_without_tables) {
            return Error{paging::PagingError::OutOfTables};
        }
        const auto frame = allocate_zeroed_frame(FrameUse::PageTable);
        if (!frame.ok()) {
            return Error{paging::PagingError::OutOfTables};
        }
        return frame.value();
    }
    void free_table(PhysicalAddress table) { frames().release(table); }
};

using Format = paging::X86FourLevel;
using KernelMapper = paging::Mapper<Format, TableMemory>;
using KernelWalker = paging::Walker<Format, TableMemory>;
using PageEntry = paging::PageEntry<Format, TableMemory>;
using Pending = paging::PendingInvalidation<Format, TableMemory>;

/// All tables live in the same memory.
inline TableMemory table_memory;

}  // namespace ringfence::kernel::arch

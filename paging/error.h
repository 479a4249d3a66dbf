// SPDX-License-Identifier: MIT
// Why an operation on page tables was refused. The tables are then as they were.
#pragma once

#include "base/types.h"

namespace ringfence::paging {

enum class PagingError : u8 {
    Empty,              ///< the range has no bytes
    Unaligned,          ///< an address or a size is not a multiple of the smallest page
    NotCanonical,       ///< the range leaves the addresses that this root translates
    PhysicalTooWide,    ///< the frame does not fit the format's address field
    UnsupportedRights,  ///< the format cannot say it (no execute permission, for instance)
    Overlap,            ///< part of the range is mapped already
    NotMapped,          ///< nothing is mapped there
    OutOfTables,        ///< no memory for a page table
};

}  // namespace ringfence::paging

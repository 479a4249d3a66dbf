// SPDX-License-Identifier: MIT
// What a mapping allows, in words that every page-table format can say.
#pragma once

#include "base/types.h"

namespace ringfence::paging {

/// How the caches treat a page. The order is that of the PAT after reset and of
/// arch::aarch64::Mair::standard.
enum class MemoryType : u8 { WriteBack, WriteThrough, Uncached, Device };

/// Rights and kind of a mapping; every mapping can be read. As an upper limit (of a table entry)
/// only `writable`, `executable` and `user` count.
struct Attributes {
    bool writable = false;
    bool executable = false;  ///< by the privilege that `user` names
    bool user = false;        ///< user mode may access it
    bool global = false;      ///< its TLB entries outlive a change of address space
    MemoryType memory_type = MemoryType::WriteBack;
    u8 software = 0;  ///< 3 bits that hardware ignores

    constexpr bool operator==(const Attributes&) const = default;

    /// What remains of these rights below a table entry that allows `limit`.
    [[nodiscard]] constexpr Attributes limited_by(const Attributes& limit) const {
        Attributes result = *this;
        result.writable = writable && limit.writable;
        result.executable = executable && limit.executable;
        result.user = user && limit.user;
        return result;
    }
    /// Whether every right of these is a right of `other` as well.
    [[nodiscard]] constexpr bool within(const Attributes& other) const {
        return (!writable || other.writable) && (!executable || other.executable) &&
               (!user || other.user);
    }
};

/// Limits nothing.
inline constexpr Attributes no_limit{.writable = true, .executable = true, .user = true};

}  // namespace ringfence::paging

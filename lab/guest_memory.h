// SPDX-License-Identifier: MIT
// How much memory a guest gets: what the user says, or as much as its files leave room in.
#pragma once

#include <optional>

#include "base/types.h"

namespace ringfence::lab {

inline constexpr u64 default_memory_mib = 256;
inline constexpr u64 least_memory_mib = 16;
inline constexpr u64 most_memory_mib = 3072;  // below the hole for devices under 4 GiB

/// What is kept of the archive with the guest's files once it is unpacked.
enum class FilesInMemory {
    InPlace,  ///< Ringfence's kernel: files are the archive's pages
    Copied,   ///< Linux: the archive and what was unpacked are there together
};

/// The memory, in MiB, of a guest whose files are an archive of `archive_bytes`. Throws
/// Failure::Usage if they do not fit, with how much they want.
[[nodiscard]] u64 guest_memory_mib(std::optional<u64> asked_for, u64 archive_bytes,
                                   FilesInMemory files);

}  // namespace ringfence::lab

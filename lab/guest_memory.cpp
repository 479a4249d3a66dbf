// SPDX-License-Identifier: MIT
#include "lab/guest_memory.h"

#include <algorithm>

#include "base/address.h"
#include "base/bits.h"
#include "lab/error.h"

namespace ringfence::lab {

namespace {

/// The least that the kernel, its tables and a small program want beside the files.
constexpr u64 room_mib = 16;
/// What a program has at least where the user did not say how much.
constexpr u64 generous_room_mib = 128;
constexpr u64 step_mib = 64;

u64 archive_mib(u64 bytes) {
    return align_up(bytes, 1 * mib) / mib;
}

}  // namespace

u64 guest_memory_mib(std::optional<u64> asked_for, u64 archive_bytes, FilesInMemory files) {
    const u64 size = archive_mib(archive_bytes);
    const u64 kept = files == FilesInMemory::Copied ? 2 * size : size;
    const u64 wanted = std::max(default_memory_mib, align_up(kept + generous_room_mib, step_mib));
    if (wanted > most_memory_mib && !asked_for) {
        fail(Failure::Usage, "the guest's files take {} MiB; a guest has at most {} MiB of memory",
             kept, most_memory_mib);
    }
    if (asked_for && *asked_for < kept + room_mib) {
        fail(
            Failure::Usage,
            "the guest's files take {} of --memory {} MiB, which leaves too little for the kernel; "
            "without --memory they get {} MiB",
            kept, *asked_for, wanted);
    }
    return asked_for.value_or(wanted);
}

}  // namespace ringfence::lab

// SPDX-License-Identifier: MIT
#include "kernel/core/socket/message.h"

#include <algorithm>

#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

namespace {

/// Calls `move(part, offset in part, done, count)` for each part that [offset, offset + size)
/// touches.
template <typename Part, typename Move>
Fallible<void> for_each_part(std::span<const Part> parts, u64 offset, u64 size, Move move) {
    u64 done = 0;
    for (const Part& part : parts) {
        if (done == size) {
            break;
        }
        if (offset >= part.size()) {
            offset -= part.size();
            continue;
        }
        const u64 piece = std::min(size - done, part.size() - offset);
        RF_TRY(move(part, offset, done, piece));
        done += piece;
        offset = 0;
    }
    return {};
}

template <typename Part>
u64 total(std::span<const Part> parts) {
    u64 size = 0;
    for (const Part& part : parts) {
        size += part.size();
    }
    return size;
}

}  // namespace

PeerCredentials current_peer_credentials() {
    const Process& process = current_process();
    return {process.id(), process.credentials.user.effective, process.credentials.group.effective};
}

SourceList::SourceList(std::span<const IoSource> parts) : parts_(parts), size_(total(parts)) {}

Fallible<void> SourceList::get(u64 offset, std::span<u8> bytes) const {
    return for_each_part(parts_, offset, bytes.size(),
                         [&](const IoSource& part, u64 at, u64 done, u64 count) {
                             return part.from(at).get(0, bytes.subspan(done, count));
                         });
}

DestinationList::DestinationList(std::span<const IoDestination> parts)
    : parts_(parts), size_(total(parts)) {}

Fallible<void> DestinationList::put(u64 offset, std::span<const u8> bytes) const {
    return for_each_part(parts_, offset, bytes.size(),
                         [&](const IoDestination& part, u64 at, u64 done, u64 count) {
                             return part.put(at, bytes.subspan(done, count));
                         });
}

}  // namespace ringfence::kernel

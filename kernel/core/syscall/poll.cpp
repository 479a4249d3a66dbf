// SPDX-License-Identifier: MIT
// poll and ppoll.
#include "kernel/core/scheduler/readiness.h"
#include "kernel/core/syscall/poll_mask.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel::syscalls {

namespace {

/// `struct pollfd`.
struct PollEntry {
    i32 descriptor;
    u16 wanted;
    u16 found;
};
static_assert(sizeof(PollEntry) == 8);

std::span<u8> bytes_of(Vector<PollEntry>& entries) {
    return {reinterpret_cast<u8*>(entries.data()), entries.size() * sizeof(PollEntry)};
}

/// Entries with open files become requests; bad descriptors are answered at once.
u64 prepare(Vector<PollEntry>& entries, Vector<ReadinessRequest>& requests) {
    u64 bad = 0;
    for (PollEntry& entry : entries) {
        entry.found = 0;
        if (entry.descriptor < 0) {
            continue;
        }
        const auto file = file_of(entry.descriptor);
        if (!file) {
            entry.found = poll_bits::Invalid::mask;
            ++bad;
            continue;
        }
        requests.push_back({file.value(), entry.wanted});
    }
    return bad;
}

Value poll_until(Pointer user_entries, u32 count, u64 deadline) {
    if (count > current_process().limit(Resource::OpenFiles)) {
        return Error{Errno::Einval};
    }
    // What waiting for a file takes, beside its entry: a request and a place in two queues.
    constexpr u64 bytes_per_file = 256;
    RF_TRY(admit_allocation(count * bytes_per_file / page_size + 1));
    Vector<PollEntry> entries;
    Vector<ReadinessRequest> requests;
    if (!entries.try_reserve(count) || !requests.try_reserve(count)) {
        return Error{Errno::Enomem};
    }
    entries.resize(count);
    RF_TRY(read_user_bytes(user_entries, bytes_of(entries)));
    const u64 bad = prepare(entries, requests);
    const Value ready =
        bad > 0 ? Value(look_for_readiness(requests)) : wait_for_readiness(requests, deadline);
    usize next = 0;
    for (PollEntry& entry : entries) {
        if (entry.descriptor >= 0 && entry.found == 0) {
            entry.found = static_cast<u16>(requests[next++].found);
        }
    }
    // The program is told even if a signal came first, and where it cannot be, that is the error.
    RF_TRY(write_user_bytes(user_entries, bytes_of(entries)));
    return ready ? Value(ready.value() + bad) : ready;
}

}  // namespace

Value poll(Pointer entries, u32 count, i32 timeout) {
    constexpr u64 nanoseconds_per_millisecond = 1'000'000;
    const u64 deadline = timeout < 0
                             ? never
                             : deadline_after(monotonic_now(), static_cast<u64>(timeout) *
                                                                   nanoseconds_per_millisecond);
    return poll_until(entries, count, deadline);
}

Value ppoll(Pointer entries, u32 count, Pointer timeout, Pointer mask, u64 mask_size) {
    RF_TRY_ASSIGN(deadline, read_deadline(timeout));
    RF_TRY(use_mask_for_call(mask, mask_size));
    const Value ready = keep_mask_if_interrupted(poll_until(entries, count, deadline));
    report_remaining(timeout, to_timespec(time_left(deadline)));
    return ready;
}

}  // namespace ringfence::kernel::syscalls

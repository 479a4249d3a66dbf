// SPDX-License-Identifier: MIT
// select and pselect6, on top of the same waiting as poll.
#include "kernel/core/scheduler/readiness.h"
#include "kernel/core/syscall/poll_mask.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

constexpr i32 most_descriptors = 1024;  // FD_SETSIZE
constexpr u32 bits_per_word = 64;
constexpr usize words = most_descriptors / bits_per_word;

/// `fd_set`, of which only the first words are read and written.
struct DescriptorSet {
    u64 word[words] = {};
    [[nodiscard]] bool contains(i32 descriptor) const {
        const u32 index = static_cast<u32>(descriptor);
        return (word[index / bits_per_word] & bit(index % bits_per_word)) != 0;
    }
    void add(i32 descriptor) {
        const u32 index = static_cast<u32>(descriptor);
        word[index / bits_per_word] |= bit(index % bits_per_word);
    }
};

usize bytes_for(i32 count) {
    return align_up(static_cast<u64>(count), bits_per_word) / 8;
}

Fallible<DescriptorSet> read_set(Pointer set, i32 count) {
    DescriptorSet value;
    if (set != Pointer{}) {
        RF_TRY(read_user_bytes(set, {reinterpret_cast<u8*>(value.word), bytes_for(count)}));
    }
    return value;
}

Nothing write_set(Pointer set, const DescriptorSet& value, i32 count) {
    if (set == Pointer{}) {
        return {};
    }
    return write_user_bytes(set, {reinterpret_cast<const u8*>(value.word), bytes_for(count)});
}

struct Sets {
    DescriptorSet readable;
    DescriptorSet writable;
    DescriptorSet exceptional;
};

// Which poll events each set stands for. [linux/abi]: select(2), "Correspondence"
constexpr u32 readable_events =
    poll_bits::In::mask | poll_bits::HangUp::mask | poll_bits::Error::mask;
constexpr u32 writable_events = poll_bits::Out::mask | poll_bits::Error::mask;
constexpr u32 exceptional_events = poll_bits::Priority::mask;

Fallible<Vector<i32>> prepare(const Sets& wanted, i32 count, Vector<ReadinessRequest>& requests) {
    Vector<i32> descriptors;
    for (i32 at = 0; at < count; ++at) {
        const u32 events = (wanted.readable.contains(at) ? poll_bits::In::mask : 0) |
                           (wanted.writable.contains(at) ? poll_bits::Out::mask : 0) |
                           (wanted.exceptional.contains(at) ? poll_bits::Priority::mask : 0);
        if (events != 0) {
            RF_TRY_ASSIGN(file, file_of(at));
            requests.push_back({file, events});
            descriptors.push_back(at);
        }
    }
    return descriptors;
}

/// Sorts what was found into the three sets; gives the number of bits.
u64 collect(const Sets& wanted, const Vector<i32>& descriptors,
            const Vector<ReadinessRequest>& requests, Sets& found) {
    u64 count = 0;
    for (usize i = 0; i < descriptors.size(); ++i) {
        const i32 at = descriptors[i];
        const u32 events = requests[i].found;
        const auto note = [&](const DescriptorSet& asked, DescriptorSet& answer, u32 mask) {
            if (asked.contains(at) && (events & mask) != 0) {
                answer.add(at);
                ++count;
            }
        };
        note(wanted.readable, found.readable, readable_events);
        note(wanted.writable, found.writable, writable_events);
        note(wanted.exceptional, found.exceptional, exceptional_events);
    }
    return count;
}

Value select_until(i32 count, Pointer readable, Pointer writable, Pointer exceptional,
                   u64 deadline) {
    if (count < 0) {
        return Error{Errno::Einval};
    }
    count = count > most_descriptors ? most_descriptors : count;
    RF_TRY_ASSIGN(readable_set, read_set(readable, count));
    RF_TRY_ASSIGN(writable_set, read_set(writable, count));
    RF_TRY_ASSIGN(exceptional_set, read_set(exceptional, count));
    const Sets wanted{readable_set, writable_set, exceptional_set};
    Vector<ReadinessRequest> requests;
    RF_TRY_ASSIGN(descriptors, prepare(wanted, count, requests));
    RF_TRY(wait_for_readiness(requests, deadline));
    Sets found;
    const u64 bits = collect(wanted, descriptors, requests, found);
    RF_TRY(write_set(readable, found.readable, count));
    RF_TRY(write_set(writable, found.writable, count));
    RF_TRY(write_set(exceptional, found.exceptional, count));
    return bits;
}

}  // namespace

Value select(i32 count, Pointer readable, Pointer writable, Pointer exceptional, Pointer timeout) {
    u64 deadline = never;
    if (timeout != Pointer{}) {
        RF_TRY_ASSIGN(time, read_user<TimeValue>(timeout));
        if (!is_valid(time)) {
            return Error{Errno::Einval};
        }
        deadline = deadline_after(monotonic_now(), to_nanoseconds(time));
    }
    const Value bits = select_until(count, readable, writable, exceptional, deadline);
    report_remaining(timeout, to_timeval(time_left(deadline)));
    return bits;
}

Value pselect6(i32 count, Pointer readable, Pointer writable, Pointer exceptional, Pointer timeout,
               Pointer mask) {
    struct MaskArgument {
        u64 pointer;
        u64 size;
    };
    RF_TRY_ASSIGN(deadline, read_deadline(timeout));
    if (mask != Pointer{}) {
        RF_TRY_ASSIGN(argument, read_user<MaskArgument>(mask));
        RF_TRY(use_mask_for_call(Pointer{argument.pointer}, argument.size));
    }
    const Value bits =
        keep_mask_if_interrupted(select_until(count, readable, writable, exceptional, deadline));
    report_remaining(timeout, to_timespec(time_left(deadline)));
    return bits;
}

}  // namespace ringfence::kernel::syscalls

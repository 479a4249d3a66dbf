// SPDX-License-Identifier: MIT
#include "kernel/core/vm/admission.h"

#include <cstring>

#include "kernel/core/memory/heap.h"

namespace ringfence::kernel {

namespace {

bool is_free(u64 wanted) {
    const u64 free = frames().free_frames();
    return free > reserved_frames && free - reserved_frames >= wanted;
}

/// Gives back what the heap keeps, if that is much: it looks at all that is free there.
bool trim_heap() {
    constexpr u64 much = 64 * frame_size;
    return kernel_heap().spare_bytes() > much && kernel_heap().trim() > 0;
}

}  // namespace

bool memory_available(u64 wanted) {
    return is_free(wanted) || (trim_heap() && is_free(wanted));
}

Fallible<void> admit_allocation(u64 wanted) {
    if (!memory_available(wanted)) {
        return Error{Errno::Enomem};
    }
    return {};
}

Fallible<PhysicalAddress> allocate_program_frame(FrameUse use) {
    RF_TRY(admit_allocation());
    const auto frame = frames().allocate(use);
    if (!frame) {
        return Error{Errno::Enomem};
    }
    return frame.value();
}

Fallible<PhysicalAddress> allocate_program_frame_zeroed() {
    RF_TRY_ASSIGN(frame, allocate_program_frame(FrameUse::Anonymous));
    std::memset(frame_bytes(frame), 0, frame_size);
    return frame;
}

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
#include "kernel/core/vm/admission.h"

#include <cstring>

namespace ringfence::kernel {

bool memory_available(u64 wanted) {
    const u64 free = frames().free_frames();
    return free > reserved_frames && free - reserved_frames >= wanted;
}

Fallible<void> admit_allocation(u64 wanted) {
    if (!memory_available(wanted)) {
        return Error{Errno::Enomem};
    }
    return {};
}

Fallible<PhysicalAddress> allocate_program_frame() {
    RF_TRY(admit_allocation());
    const auto frame = frames().allocate();
    if (!frame) {
        return Error{Errno::Enomem};
    }
    return frame.value();
}

Fallible<PhysicalAddress> allocate_program_frame_zeroed() {
    RF_TRY_ASSIGN(frame, allocate_program_frame());
    std::memset(frame_bytes(frame), 0, frame_size);
    return frame;
}

}  // namespace ringfence::kernel

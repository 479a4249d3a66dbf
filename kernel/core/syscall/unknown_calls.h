// SPDX-License-Identifier: MIT
// System calls that programs made and the kernel does not have.
#pragma once

#include "kernel/core/containers/vector.h"

namespace ringfence::kernel {

struct UnknownCall {
    u64 number;
    u64 count;
};

/// Counts one; names it in the log the first time.
void note_unknown_call(u64 number, const char* name);
[[nodiscard]] const Vector<UnknownCall>& unknown_calls();

}  // namespace ringfence::kernel

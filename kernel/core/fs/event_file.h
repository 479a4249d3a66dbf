// SPDX-License-Identifier: MIT
// eventfd: a counter that can be waited on. [linux/abi]: eventfd(2)
#pragma once

#include "kernel/core/fs/open_file.h"

namespace ringfence::kernel {

Fallible<Ref<OpenFile>> make_event_file(u64 initial, OpenFlags flags, bool semaphore);

}  // namespace ringfence::kernel

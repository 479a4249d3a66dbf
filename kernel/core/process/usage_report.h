// SPDX-License-Identifier: MIT
// What memory is used for and which objects live: /proc/ringfence/usage. Everything is counted when
// it is asked for, so that a program can hold what is there after some work against what was there
// before it.
#pragma once

#include "kernel/core/containers/string.h"
#include "kernel/core/errors.h"

namespace ringfence::kernel {

/// A line for each figure, a name and a number:
///   frames_total, frames_free, frames_USE   4 KiB frames; those in use by FrameUse
///   stacks_idle                             kernel stacks kept for the next threads
///   heap_SIZE, heap_bytes                   heap objects by the size that they take; all bytes
///   PLURAL, such as open_files              kernel objects that live, by kind
/// Frames of the heap in which nothing is left are given back first.
[[nodiscard]] Fallible<String> usage_text(u32 subject);

/// `report_usage` on the command line: the same goes to the log when the machine ends.
void enable_usage_report();
void report_usage();

}  // namespace ringfence::kernel

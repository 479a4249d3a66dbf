// SPDX-License-Identifier: MIT
// The initramfs of a Linux that was given none.
#pragma once

#include "lab/pack/guest_image.h"

namespace ringfence::lab::boot {

/// Packs the program of `request` behind an init of ours, which runs it and ends the machine with
/// its exit status. What is on standard input is read now and becomes the program's, unless it is a
/// terminal: then the program's console is one. Without a program it is a busybox shell on the
/// console. Throws LabError.
[[nodiscard]] pack::GuestImage pack_linux_root(pack::GuestRequest request);

/// The same for a Linux that was booted with such a root and has not looked yet what to run: what
/// is laid over the root then. Its init stays.
[[nodiscard]] pack::GuestImage pack_linux_program(pack::GuestRequest request);

}  // namespace ringfence::lab::boot

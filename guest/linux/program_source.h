// SPDX-License-Identifier: MIT
// How the first process of a booted Linux gets a program from the host (abi/linux_session.h).
#pragma once

namespace linux_guest {

/// Marks Ready, and lays the archive that then comes over the root. False after complaining;
/// `*took` says whether one came.
bool take_program(bool* took);

}  // namespace linux_guest

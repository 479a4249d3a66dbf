// SPDX-License-Identifier: MIT
// The programs below guest/ that the command's own experiments run.
#pragma once

#include <string>

namespace ringfence::lab {

/// The host path of the program `name`: in the directory that RINGFENCE_GUESTS names, or in `guest`
/// next to this command. Whether it is there shows when it is packed.
[[nodiscard]] std::string guest_program_path(const std::string& name);

}  // namespace ringfence::lab

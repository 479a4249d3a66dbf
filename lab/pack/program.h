// SPDX-License-Identifier: MIT
// Finds the program that is to run and brings it, and whatever it needs to start, into the guest.
#pragma once

#include <string>
#include <vector>

#include "lab/pack/guest_tree.h"

namespace ringfence::lab::pack {

/// How the guest starts the program: what execve would be given.
struct Start {
    std::string executable;              ///< absolute path in the guest
    std::vector<std::string> arguments;  ///< argv, argv[0] included
    std::string file;                    ///< the bytes of the executable
};

/// Looks `command[0]` up as a shell would: a name without a slash along `search_path` (directories
/// separated by colons), any other as a path; in the tree first, then on the host. The program
/// lands at its absolute path; one given by a relative path lands at that path below "/". An ELF
/// program brings its dynamic linker and its libraries; a script (#!) brings its interpreter and is
/// started through it as Linux does. Throws Failure::NotFound or Failure::CannotRun with the
/// reason.
[[nodiscard]] Start add_program(GuestTree& tree, const std::vector<std::string>& command,
                                const std::string& search_path);

}  // namespace ringfence::lab::pack

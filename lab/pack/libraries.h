// SPDX-License-Identifier: MIT
// Finds the shared libraries of a dynamic program where the dynamic linker would look for them.
// [linux/ld.so]: ld.so(8), "Dynamic linking and loading"
#pragma once

#include <string>
#include <vector>

#include "lab/pack/elf_file.h"
#include "lab/pack/guest_tree.h"

namespace ringfence::lab::pack {

/// Adds to the tree every library that a program needs, directly or not. `path` is where the
/// program lies, for $ORIGIN. A library that the tree already has is taken from there. One that the
/// guest's dynamic linker would not find without the host's linker cache gets a link in /lib64. A
/// library that is nowhere is Failure::NotFound with the places that were searched.
void add_libraries(GuestTree& tree, const std::string& path, const ElfFacts& program);

/// Adds what every dynamic executable and library of the tree needs: its dynamic linker and its
/// libraries. What such a file lacks on the host too is no failure, since the program may never use
/// that file; each gets a line in `notes`.
void add_dependencies(GuestTree& tree, std::vector<std::string>& notes);

/// The directories that a linker configuration file lists, `include` patterns followed.
[[nodiscard]] std::vector<std::string> read_linker_configuration(const std::string& file);

}  // namespace ringfence::lab::pack

// SPDX-License-Identifier: MIT
// Bytes that the host asks the kernel to keep for itself, so that an experiment can tell whether a
// program got hold of them. They lie in ordinary kernel memory, which no manifest lists; nothing in
// the kernel ever copies them to a program.
#pragma once

#include <span>

#include "base/address.h"
#include "kernel/core/fs/inode.h"

namespace ringfence::kernel {

/// Copies the boot file of that name, if the host packed one, to the kernel's heap. A file that
/// cannot be read, is empty or is too long is said in the log and plants nothing.
void plant_secret(Inode& root);

struct PlantedSecret {
    VirtualAddress address;
    usize size;
};

/// Where it lies; a size of 0 if there is none.
[[nodiscard]] PlantedSecret planted_secret();

/// Reads all of it and answers whether it still is what was planted. As any work of a kernel on its
/// own data does, this brings it into the data cache.
[[nodiscard]] bool secret_is_intact();

}  // namespace ringfence::kernel

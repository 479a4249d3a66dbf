// SPDX-License-Identifier: MIT
// What a machine boots, and by which protocol.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/types.h"

namespace ringfence::sim::machine::boot {

/// How a kernel is loaded and entered.
enum class Protocol : u8 {
    Pvh,        ///< an ELF file with a PVH note [xen/pvh]
    Multiboot,  ///< an ELF or flat file with a multiboot header, version 1 [multiboot/1]
    LinuxElf,   ///< a vmlinux, entered by the 64-bit or 32-bit boot protocol [linux/boot]
    BzImage,    ///< a bzImage, which decompresses itself [linux/boot]
};

/// A file that the kernel finds in memory.
struct Module {
    std::span<const u8> content;
    std::string command_line{};
};

using RandomSeed = std::array<u8, 32>;

/// Everything is read while the machine is made.
struct Source {
    Protocol protocol = Protocol::Pvh;
    std::span<const u8> kernel;
    std::string command_line{};
    /// PVH and Linux: the first one is the initramfs. Linux has no use for others.
    std::vector<Module> modules{};
    /// Linux: what a boot loader gives to the random number pool.
    std::optional<RandomSeed> random_seed{};
};

}  // namespace ringfence::sim::machine::boot

// SPDX-License-Identifier: MIT
// The kernel that a user names: which boot protocol it wants, and its symbols.
#pragma once

#include <string>

#include "sim/machine/boot/source.h"
#include "sim/observe/symbol_table.h"

namespace ringfence::lab::boot {

/// --boot: how the kernel is started.
enum class Method {
    Auto,       ///< as its file asks: see KernelFile::load
    Elf,        ///< Linux: its vmlinux (out of a bzImage), by Linux's boot protocol
    BzImage,    ///< Linux: the whole bzImage, which decompresses itself in the guest
    Pvh,        ///< by the PVH note of the ELF file (also of that in a bzImage)
    Multiboot,  ///< by its multiboot header, version 1
};

struct KernelFile {
    /// Reads and, if need be, decompresses it. Auto takes a bzImage or a vmlinux of Linux as Elf, a
    /// file with a multiboot header as Multiboot, and any other ELF file as Pvh. Throws
    /// Failure::Own, also if the file is none of these or not what the method needs.
    [[nodiscard]] static KernelFile load(const std::string& path, Method method);
    /// The same of what has been read from `path`.
    [[nodiscard]] static KernelFile of(const std::string& path, std::string bytes, Method method);

    std::string name;   ///< of the file, without its directory
    std::string bytes;  ///< what the machine loads
    sim::machine::boot::Protocol protocol;
    bool is_linux;

    /// Names for its addresses: those of --system-map, if it is not empty, else what the kernel has
    /// itself. Takes a while.
    [[nodiscard]] sim::observe::SymbolTable symbols(const std::string& system_map) const;
};

}  // namespace ringfence::lab::boot

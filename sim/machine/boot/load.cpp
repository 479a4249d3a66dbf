// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "sim/machine/boot/protocols.h"

namespace ringfence::sim::machine::boot {

namespace {

/// What fits into the boot area beside the rest. Each protocol may have a limit of its own below.
constexpr usize longest_command_line = 64 * kib;

Loaded load_by_protocol(memory::PhysicalMemory& memory, const Source& source) {
    switch (source.protocol) {
        case Protocol::Pvh:
            return load_pvh(memory, source);
        case Protocol::Multiboot:
            return load_multiboot(memory, source);
        case Protocol::LinuxElf:
            return load_linux_elf(memory, source);
        case Protocol::BzImage:
            return load_bzimage(memory, source);
    }
    RF_UNREACHABLE("all protocols are listed");
}

}  // namespace

Loaded load(memory::PhysicalMemory& memory, const Source& source) {
    if (source.command_line.size() > longest_command_line) {
        return Error{fmt::format("kernel command line: {} bytes, at most {}",
                                 source.command_line.size(), longest_command_line)};
    }
    auto loaded = load_by_protocol(memory, source);
    if (loaded.ok() && loaded.value().entry.value() >= 4 * gib) {
        return Error{
            fmt::format("kernel: its entry point {:#x} lies beyond 4 GiB, where this boot "
                        "protocol does not reach",
                        loaded.value().entry.value())};
    }
    return loaded;
}

}  // namespace ringfence::sim::machine::boot

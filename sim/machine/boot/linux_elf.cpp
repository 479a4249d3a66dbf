// SPDX-License-Identifier: MIT
// A vmlinux, as a bzImage holds it compressed: entered where its own decompressor would jump to.
// [linux/boot]
#include <fmt/format.h>

#include <optional>

#include "sim/machine/boot/elf_kernel.h"
#include "sim/machine/boot/protocols.h"
#include "sim/machine/boot/zero_page.h"

namespace ringfence::sim::machine::boot {

namespace {

using abi::linux_boot::SetupHeader;
using observe::ElfSegment;
using observe::ElfView;

/// The decompressor's hand-over: what a boot loader may rely on, and nothing of a real-mode part.
constexpr u16 protocol_version = 0x020f;

/// A vmlinux names its entry point by its physical address or by its virtual one.
std::optional<PhysicalAddress> physical_entry(const ElfView& elf) {
    const u64 entry = elf.entry();
    std::optional<PhysicalAddress> by_virtual_address;
    for (const ElfSegment& segment : elf.segments()) {
        if (segment.type != ElfView::segment_load) {
            continue;
        }
        if (entry - segment.physical_address < segment.memory_bytes) {
            return PhysicalAddress{entry};
        }
        if (entry - segment.virtual_address < segment.memory_bytes) {
            by_virtual_address =
                PhysicalAddress{segment.physical_address + (entry - segment.virtual_address)};
        }
    }
    return by_virtual_address;
}

SetupHeader stand_in_header() {
    SetupHeader header{};
    header.boot_flag = abi::linux_boot::boot_flag;
    header.header = abi::linux_boot::header_magic;
    header.version = protocol_version;
    header.loadflags = abi::linux_boot::LoadFlags::loaded_high.mask;
    header.initrd_addr_max = linux_initramfs_end;
    header.cmdline_size = linux_command_line_bytes;
    return header;
}

}  // namespace

Loaded load_linux_elf(memory::PhysicalMemory& memory, const Source& source) {
    GuestSpace space{memory};
    RF_TRY_ASSIGN(elf, load_elf_kernel(space, source.kernel));
    const auto entry = physical_entry(elf);
    if (!entry) {
        return Error{
            fmt::format("kernel: its entry point {:#x} lies in no loadable segment", elf.entry())};
    }
    RF_TRY_ASSIGN(zero_page, put_zero_page(space, source, stand_in_header()));
    if (!elf.is_64()) {
        return start_linux_32(*entry, zero_page);
    }
    return start_linux_64(space, *entry, zero_page);
}

}  // namespace ringfence::sim::machine::boot

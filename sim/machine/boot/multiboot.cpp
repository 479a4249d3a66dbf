// SPDX-License-Identifier: MIT
// Multiboot, version 1. [multiboot/1]
#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <vector>

#include "abi/multiboot.h"
#include "sim/machine/boot/elf_kernel.h"
#include "sim/machine/boot/memory_map.h"
#include "sim/machine/boot/multiboot_header.h"
#include "sim/machine/boot/protocols.h"

namespace ringfence::sim::machine::boot {

namespace {

using abi::multiboot::Header;
using abi::multiboot::HeaderFlags;
using abi::multiboot::Information;
using abi::multiboot::InformationFlags;
using abi::multiboot::MemoryMapEntry;
using abi::multiboot::MemoryType;

constexpr u16 code_selector = 0x08;
constexpr u16 data_selector = 0x10;
constexpr const char* loader_name = "ringfence";

/// What the processor and this loader cannot do for a kernel that insists.
Result<void, std::string> check_wishes(const Header& header) {
    const u32 known = HeaderFlags::align_modules.mask | HeaderFlags::memory_wanted.mask |
                      HeaderFlags::video_wanted.mask;
    const u32 unknown = HeaderFlags::required.get(header.flags) & ~known;
    if (unknown != 0) {
        return Error{
            fmt::format("kernel: its multiboot header requires features {:#x}, which this "
                        "loader does not have",
                        unknown)};
    }
    return {};
}

/// Loads by the header's own address fields. The answer is the entry point.
GuestSpace::Place load_flat(GuestSpace& space, std::span<const u8> file,
                            const MultibootHeader& found) {
    const Header& header = found.header;
    const u64 before = u64{header.header_address} - header.load_address;
    if (header.header_address < header.load_address || before > found.offset) {
        return Error{
            fmt::format("kernel: its multiboot header, at {:#x} of the file, belongs at "
                        "{:#x} in memory, but loading begins at {:#x}",
                        found.offset, header.header_address, header.load_address)};
    }
    const std::span<const u8> rest = file.subspan(found.offset - before);
    const u64 wanted = header.load_end_address == 0
                           ? rest.size()
                           : u64{header.load_end_address} - header.load_address;
    if (header.load_end_address != 0 &&
        (header.load_end_address < header.load_address || wanted > rest.size())) {
        return Error{
            fmt::format("kernel: its multiboot header loads {:#x} to {:#x}, and the file "
                        "has {} bytes for it: truncated?",
                        header.load_address, header.load_end_address, rest.size())};
    }
    const u64 with_bss = header.bss_end_address > header.load_address
                             ? u64{header.bss_end_address} - header.load_address
                             : 0;
    const PhysicalAddress at{header.load_address};
    RF_TRY(space.put_at(at, rest.first(wanted), std::max(wanted, with_bss), "kernel: its content"));
    return PhysicalAddress{header.entry_address};
}

GuestSpace::Place load_kernel(GuestSpace& space, std::span<const u8> file) {
    RF_TRY_ASSIGN(found, find_multiboot_header(file));
    RF_TRY(check_wishes(found.header));
    PhysicalAddress entry{0};
    if (HeaderFlags::has_addresses.test(found.header.flags)) {
        RF_TRY_ASSIGN(flat, load_flat(space, file, found));
        entry = flat;
    } else {
        RF_TRY_ASSIGN(elf, load_elf_kernel(space, file));
        entry = PhysicalAddress{elf.entry()};
    }
    if (!space.holds(entry)) {
        return Error{fmt::format("kernel: its entry point {:#x} lies in nothing that is loaded",
                                 entry.value())};
    }
    return entry;
}

Result<void, std::string> put_modules(GuestSpace& space, const std::vector<Module>& modules,
                                      Information& information) {
    std::vector<abi::multiboot::Module> entries;
    for (const Module& module : modules) {
        RF_TRY_ASSIGN(at, space.put_behind(module.content, "module"));
        RF_TRY_ASSIGN(text, space.put_text_in_boot_area(module.command_line));
        const auto first = static_cast<u32>(at.value());
        entries.push_back({first, static_cast<u32>(first + module.content.size()),
                           static_cast<u32>(text.value()), 0});
    }
    RF_TRY_ASSIGN(list, space.put_bytes_in_boot_area(
                            entries.data(), entries.size() * sizeof(abi::multiboot::Module)));
    information.flags |= InformationFlags::modules.mask;
    information.module_count = static_cast<u32>(entries.size());
    information.modules = static_cast<u32>(list.value());
    return {};
}

Result<void, std::string> describe_memory(GuestSpace& space, Information& information) {
    const memory::RamLayout& layout = space.memory().layout();
    std::vector<MemoryMapEntry> map;
    for (const MemoryRange& range : memory_map(layout)) {
        map.push_back({sizeof(MemoryMapEntry) - sizeof(u32), range.address, range.bytes,
                       range.is_ram ? MemoryType::Ram : MemoryType::Reserved});
    }
    const u64 bytes = map.size() * sizeof(MemoryMapEntry);
    RF_TRY_ASSIGN(at, space.put_bytes_in_boot_area(map.data(), bytes));
    information.flags |= InformationFlags::memory.mask | InformationFlags::memory_map.mask;
    information.memory_lower = static_cast<u32>(low_memory_end / kib);
    information.memory_upper =
        static_cast<u32>((layout.low_end - memory::RamLayout::hole_end) / kib);
    information.memory_map = static_cast<u32>(at.value());
    information.memory_map_bytes = static_cast<u32>(bytes);
    return {};
}

/// Writes the information and all that it refers to. The answer is where it lies.
GuestSpace::Place put_information(GuestSpace& space, const Source& source) {
    Information information{};
    RF_TRY_ASSIGN(at, space.take_boot_area(sizeof information));
    RF_TRY(put_modules(space, source.modules, information));
    RF_TRY(describe_memory(space, information));
    RF_TRY_ASSIGN(text, space.put_text_in_boot_area(source.command_line));
    RF_TRY_ASSIGN(name, space.put_text_in_boot_area(loader_name));
    information.flags |= InformationFlags::command_line.mask | InformationFlags::loader_name.mask;
    information.command_line = static_cast<u32>(text.value());
    information.loader_name = static_cast<u32>(name.value());
    space.memory().write(at, information);
    return at;
}

}  // namespace

Loaded load_multiboot(memory::PhysicalMemory& memory, const Source& source) {
    GuestSpace space{memory};
    RF_TRY_ASSIGN(entry, load_kernel(space, source.kernel));
    RF_TRY_ASSIGN(information, put_information(space, source));
    StartState state;
    state.entry = entry;
    state.code_selector = code_selector;
    state.data_selector = data_selector;
    state.registers = {{cpu::Gpr::Rax, abi::multiboot::loader_magic},
                       {cpu::Gpr::Rbx, information.value()}};
    return state;
}

}  // namespace ringfence::sim::machine::boot

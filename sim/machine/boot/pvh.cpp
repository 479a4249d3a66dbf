// SPDX-License-Identifier: MIT
// The PVH direct boot ABI. [xen/pvh]
#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "abi/pvh.h"
#include "sim/machine/boot/elf_kernel.h"
#include "sim/machine/boot/memory_map.h"
#include "sim/machine/boot/protocols.h"

namespace ringfence::sim::machine::boot {

namespace {

using abi::pvh::MemoryMapEntry;
using abi::pvh::MemoryType;
using abi::pvh::ModuleEntry;
using abi::pvh::StartInfo;
using observe::ElfView;

constexpr u16 code_selector = 0x10;
constexpr u16 data_selector = 0x18;

Result<PhysicalAddress, std::string> find_entry(const ElfView& elf) {
    const auto notes = elf.notes();
    if (!notes.ok()) {
        return Error{"kernel: " + notes.error()};
    }
    for (const observe::ElfNote& note : notes.value()) {
        if (note.name != "Xen" || note.type != abi::pvh::note_phys32_entry) {
            continue;
        }
        u64 entry = 0;
        if (note.description.size() != sizeof(u32) && note.description.size() != sizeof(u64)) {
            return Error{fmt::format("kernel: its PVH note has {} bytes, expected 4 or 8",
                                     note.description.size())};
        }
        std::memcpy(&entry, note.description.data(), note.description.size());
        return PhysicalAddress{entry};
    }
    return Error{std::string{
        "kernel: no PVH note (name \"Xen\", type 18): not a kernel for this boot protocol"}};
}

std::vector<MemoryMapEntry> pvh_memory_map(const memory::RamLayout& layout) {
    std::vector<MemoryMapEntry> map;
    for (const MemoryRange& range : memory_map(layout)) {
        map.push_back(
            {range.address, range.bytes, range.is_ram ? MemoryType::Ram : MemoryType::Reserved, 0});
    }
    return map;
}

Result<std::vector<ModuleEntry>, std::string> put_modules(GuestSpace& space,
                                                          const std::vector<Module>& modules) {
    std::vector<ModuleEntry> entries;
    for (const Module& module : modules) {
        const auto limit = PhysicalAddress{memory::RamLayout::device_hole_start};
        RF_TRY_ASSIGN(
            where, space.put_high(module.content, limit, entries.empty() ? "initramfs" : "module"));
        u64 text = 0;
        if (!module.command_line.empty()) {
            RF_TRY_ASSIGN(at, space.put_text_in_boot_area(module.command_line));
            text = at.value();
        }
        entries.push_back({where.value(), module.content.size(), text, 0});
    }
    return entries;
}

/// Writes the start info and all that it refers to. The answer is where it lies.
Result<PhysicalAddress, std::string> put_start_info(GuestSpace& space, const Source& source) {
    StartInfo info{};
    info.magic = abi::pvh::start_info_magic;
    info.version = 1;
    RF_TRY_ASSIGN(info_at, space.take_boot_area(sizeof info));
    RF_TRY_ASSIGN(modules, put_modules(space, source.modules));
    if (!modules.empty()) {
        RF_TRY_ASSIGN(list, space.put_bytes_in_boot_area(modules.data(),
                                                         modules.size() * sizeof(ModuleEntry)));
        info.module_list = list.value();
        info.module_count = static_cast<u32>(modules.size());
    }
    const auto map = pvh_memory_map(space.memory().layout());
    RF_TRY_ASSIGN(map_at,
                  space.put_bytes_in_boot_area(map.data(), map.size() * sizeof(MemoryMapEntry)));
    info.memory_map = map_at.value();
    info.memory_map_count = static_cast<u32>(map.size());
    RF_TRY_ASSIGN(text, space.put_text_in_boot_area(source.command_line));
    info.command_line = text.value();
    space.memory().write(info_at, info);
    return info_at;
}

}  // namespace

Loaded load_pvh(memory::PhysicalMemory& memory, const Source& source) {
    GuestSpace space{memory};
    RF_TRY_ASSIGN(elf, load_elf_kernel(space, source.kernel));
    RF_TRY_ASSIGN(entry, find_entry(elf));
    if (!space.holds(entry)) {
        return Error{fmt::format("kernel: its PVH entry point {:#x} lies in no loadable segment",
                                 entry.value())};
    }
    RF_TRY_ASSIGN(info, put_start_info(space, source));
    StartState state;
    state.entry = entry;
    state.code_selector = code_selector;
    state.data_selector = data_selector;
    state.registers = {{cpu::Gpr::Rbx, info.value()}};
    return state;
}

}  // namespace ringfence::sim::machine::boot

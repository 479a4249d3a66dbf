// SPDX-License-Identifier: MIT
#include "sim/machine/pvh_loader.h"

#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "abi/pvh.h"
#include "sim/observe/elf_view.h"

namespace ringfence::sim::machine {

namespace {

using abi::pvh::MemoryMapEntry;
using abi::pvh::MemoryType;
using abi::pvh::ModuleEntry;
using abi::pvh::StartInfo;
using memory::PhysicalMemory;
using memory::RamLayout;
using observe::ElfSegment;
using observe::ElfView;
using Failure = Error<std::string>;

/// The last kilobyte below 640 KiB is the BIOS's on a PC, and marked so.
constexpr u64 low_memory_end = 0x9fc00;
constexpr u64 boot_area = 0x80000;

/// Bytes in guest memory that are taken.
struct Extent {
    u64 first;
    u64 end;

    [[nodiscard]] bool overlaps(const Extent& other) const {
        return first < other.end && other.first < end;
    }
};

Result<PhysicalAddress, std::string> find_entry(const ElfView& elf) {
    const auto notes = elf.notes();
    if (!notes.ok()) {
        return Failure{"kernel: " + notes.error()};
    }
    for (const observe::ElfNote& note : notes.value()) {
        if (note.name != "Xen" || note.type != abi::pvh::note_phys32_entry) {
            continue;
        }
        u64 entry = 0;
        if (note.description.size() != sizeof(u32) && note.description.size() != sizeof(u64)) {
            return Failure{fmt::format("kernel: its PVH note has {} bytes, expected 4 or 8",
                                       note.description.size())};
        }
        std::memcpy(&entry, note.description.data(), note.description.size());
        return PhysicalAddress{entry};
    }
    return Failure{"kernel: no PVH note (name \"Xen\", type 18): not a kernel for this machine"};
}

Result<std::vector<Extent>, std::string> load_segments(PhysicalMemory& memory, const ElfView& elf) {
    std::vector<Extent> taken;
    for (const ElfSegment& segment : elf.segments()) {
        if (segment.type != ElfView::segment_load || segment.memory_bytes == 0) {
            continue;
        }
        const PhysicalAddress to{segment.physical_address};
        if (segment.memory_bytes < segment.file_bytes) {
            return Failure{
                fmt::format("kernel: the segment at {:#x} is larger in the file ({} "
                            "bytes) than in memory ({})",
                            to.value(), segment.file_bytes, segment.memory_bytes)};
        }
        if (!memory.is_ram(to, segment.memory_bytes)) {
            return Failure{
                fmt::format("kernel: the segment at {:#x}, {} bytes, does not lie in "
                            "memory: give the machine more, or is the file damaged?",
                            to.value(), segment.memory_bytes)};
        }
        const bool copied = memory.copy_in(to, segment.content.data(), segment.file_bytes);
        RF_ASSERT(copied);  // within the range just checked; the rest of it is still zero
        taken.push_back({to.value(), to.value() + segment.memory_bytes});
    }
    if (taken.empty()) {
        return Failure{"kernel: nothing to load: no loadable segment"};
    }
    return taken;
}

Result<PhysicalAddress, std::string> load_initramfs(PhysicalMemory& memory,
                                                    std::span<const u8> initramfs,
                                                    const std::vector<Extent>& taken) {
    const u64 top = memory.layout().low_end;
    const u64 room = top - RamLayout::hole_end;
    const u64 bytes = align_up(initramfs.size(), memory::page_size);
    const Extent extent{top - bytes, top};
    bool fits = bytes <= room;
    for (const Extent& other : taken) {
        fits = fits && !extent.overlaps(other);
    }
    if (!fits) {
        return Failure{
            fmt::format("initramfs: {} bytes do not fit into {} MiB of memory beside "
                        "the kernel",
                        initramfs.size(), top / mib)};
    }
    const bool copied =
        memory.copy_in(PhysicalAddress{extent.first}, initramfs.data(), initramfs.size());
    RF_ASSERT(copied);  // checked above
    return PhysicalAddress{extent.first};
}

std::vector<MemoryMapEntry> memory_map(const RamLayout& layout) {
    std::vector<MemoryMapEntry> map{
        {0, low_memory_end, MemoryType::Ram, 0},
        {low_memory_end, RamLayout::hole_end - low_memory_end, MemoryType::Reserved, 0}};
    if (layout.low_end > RamLayout::hole_end) {
        map.push_back(
            {RamLayout::hole_end, layout.low_end - RamLayout::hole_end, MemoryType::Ram, 0});
    }
    if (layout.high_end > RamLayout::high_start) {
        map.push_back(
            {RamLayout::high_start, layout.high_end - RamLayout::high_start, MemoryType::Ram, 0});
    }
    return map;
}

/// Fills the boot area from its start.
class BootArea {
public:
    explicit BootArea(PhysicalMemory& memory) : memory_(memory) {}

    u64 put(const void* from, u64 bytes) {
        const u64 here = next_;
        const bool copied = memory_.copy_in(PhysicalAddress{here}, from, bytes);
        RF_ASSERT(copied);  // the command line, all that varies, was measured before
        next_ = align_up(here + bytes, alignof(u64));
        return here;
    }

private:
    PhysicalMemory& memory_;
    u64 next_ = boot_area;
};

}  // namespace

Result<PvhEntry, std::string> load_pvh(PhysicalMemory& memory, std::span<const u8> kernel,
                                       std::span<const u8> initramfs,
                                       std::string_view command_line) {
    constexpr usize longest_command_line = 64 * kib;
    if (command_line.size() > longest_command_line) {
        return Failure{fmt::format("kernel command line: {} bytes, at most {}", command_line.size(),
                                   longest_command_line)};
    }
    const auto parsed = ElfView::parse(kernel);
    if (!parsed.ok()) {
        return Failure{"kernel: " + parsed.error()};
    }
    RF_TRY_ASSIGN(entry, find_entry(parsed.value()));
    RF_TRY_ASSIGN(taken, load_segments(memory, parsed.value()));
    const Extent boot{boot_area, low_memory_end};
    bool holds_entry = false;
    for (const Extent& extent : taken) {
        holds_entry = holds_entry || (entry.value() >= extent.first && entry.value() < extent.end);
        if (extent.overlaps(boot)) {
            return Failure{
                fmt::format("kernel: its segment at {:#x} lies where the boot "
                            "information goes ({:#x} to {:#x})",
                            extent.first, boot.first, boot.end)};
        }
    }
    if (!holds_entry) {
        return Failure{fmt::format("kernel: its PVH entry point {:#x} lies in no loadable segment",
                                   entry.value())};
    }
    StartInfo info{};
    BootArea area{memory};
    const u64 info_at = area.put(&info, sizeof(info));  // its place; the content follows
    if (!initramfs.empty()) {
        RF_TRY_ASSIGN(where, load_initramfs(memory, initramfs, taken));
        const ModuleEntry module{where.value(), initramfs.size(), 0, 0};
        info.module_count = 1;
        info.module_list = area.put(&module, sizeof(module));
    }
    const auto map = memory_map(memory.layout());
    info.magic = abi::pvh::start_info_magic;
    info.version = 1;
    info.memory_map = area.put(map.data(), map.size() * sizeof(MemoryMapEntry));
    info.memory_map_count = static_cast<u32>(map.size());
    const std::string terminated{command_line};
    info.command_line = area.put(terminated.c_str(), terminated.size() + 1);
    memory.write(PhysicalAddress{info_at}, info);
    return PvhEntry{entry, PhysicalAddress{info_at}};
}

}  // namespace ringfence::sim::machine

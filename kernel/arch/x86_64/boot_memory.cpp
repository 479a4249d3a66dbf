// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/boot_memory.h"

#include <algorithm>

#include "abi/pvh.h"
#include "kernel/arch/x86_64/boot_layout.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/core/command_line.h"
#include "kernel/core/log/log.h"
#include "kernel/core/memory/frame_allocator.h"
#include "kernel/core/memory/heap.h"

namespace ringfence::kernel {
namespace arch {

namespace {

constexpr usize max_ranges = 32;
constexpr usize max_command_line = 4096;
/// Memory below 1 MiB has too many other users: it stays out.
constexpr PhysicalAddress first_usable{mib};

RamRange ranges[max_ranges];
char command_line[max_command_line];
LoaderInformation information;

FrameAllocator allocator;

/// A range that must not be given out.
struct Taken {
    PhysicalAddress start;
    PhysicalAddress end;
};
constexpr usize taken_count = 3;
Taken taken[taken_count];  // image, initramfs, frame records

usize copy_memory_map(const abi::pvh::StartInfo& info) {
    const auto* entries =
        direct_map<const abi::pvh::MemoryMapEntry>(PhysicalAddress{info.memory_map});
    usize count = 0;
    for (u32 i = 0; i < info.memory_map_count && count < max_ranges; ++i) {
        const auto& entry = entries[i];
        const PhysicalAddress start =
            std::max(PhysicalAddress{entry.address}.align_up(frame_size), first_usable);
        const PhysicalAddress end =
            PhysicalAddress{entry.address + entry.size}.align_down(frame_size);
        if (entry.type == abi::pvh::MemoryType::Ram && start < end) {
            ranges[count] = {start, end};
            ++count;
        }
    }
    std::sort(ranges, ranges + count,
              [](const RamRange& a, const RamRange& b) { return a.start < b.start; });
    return count;
}

std::string_view copy_command_line(const abi::pvh::StartInfo& info) {
    if (info.command_line == 0) {
        return {};
    }
    const auto* text = direct_map<const char>(PhysicalAddress{info.command_line});
    usize length = 0;
    while (length < max_command_line && text[length] != '\0') {
        command_line[length] = text[length];
        ++length;
    }
    // It says where the kernel lies.
    return remove_option({command_line, length}, kaslr_seed_option);
}

/// Calls `visit(start, end)` for the parts of [start, end) that nothing has taken.
template <typename Visit>
void for_each_free_part(PhysicalAddress start, PhysicalAddress end, Visit visit) {
    while (start < end) {
        PhysicalAddress stop = end;
        PhysicalAddress resume = end;
        for (const Taken& range : taken) {
            if (range.end > start && range.start < stop) {
                stop = std::max(range.start, start);
                resume = range.end;
            }
        }
        if (start < stop) {
            visit(start, stop);
        }
        start = resume;
    }
}

/// First place for `bytes` bytes below `limit`.
PhysicalAddress find_place(const LoaderInformation& loader, u64 bytes, PhysicalAddress limit) {
    PhysicalAddress found{};
    for (const RamRange& range : loader.ram) {
        for_each_free_part(range.start, std::min(range.end, limit),
                           [&](PhysicalAddress start, PhysicalAddress end) {
                               if (found.value() == 0 && end - start >= bytes) {
                                   found = start;
                               }
                           });
    }
    if (found.value() == 0) {
        panic("no memory for the frame records");
    }
    return found;
}

void give_free_parts(const LoaderInformation& loader, PhysicalAddress from, PhysicalAddress to) {
    for (const RamRange& range : loader.ram) {
        for_each_free_part(std::max(range.start, from), std::min(range.end, to),
                           [](PhysicalAddress start, PhysicalAddress end) {
                               allocator.add_free_range(start, end);
                           });
    }
}

Taken whole_frames(PhysicalAddress start, u64 bytes) {
    return {start.align_down(frame_size), (start + bytes).align_up(frame_size)};
}

}  // namespace

const LoaderInformation& read_loader_information(PhysicalAddress start_info) {
    const auto& info = *direct_map<const abi::pvh::StartInfo>(start_info);
    if (info.magic != abi::pvh::start_info_magic || info.version < 1 ||
        info.memory_map_count == 0) {
        panic("not started by the PVH boot ABI, version 1 or later, with a memory map");
    }
    information.ram = {ranges, copy_memory_map(info)};
    information.command_line = copy_command_line(info);
    if (info.module_count > 0) {
        const auto& module =
            *direct_map<const abi::pvh::ModuleEntry>(PhysicalAddress{info.module_list});
        information.initramfs = PhysicalAddress{module.address};
        information.initramfs_size = module.size;
    }
    return information;
}

void start_frame_allocator(const LoaderInformation& loader, PhysicalAddress limit) {
    const PhysicalAddress image{reinterpret_cast<u64>(__image_start_physical)};
    const PhysicalAddress image_end{reinterpret_cast<u64>(__image_end_physical)};
    taken[0] = whole_frames(image, image_end - image);
    taken[1] = whole_frames(loader.initramfs, loader.initramfs_size);

    const u64 frame_count = loader.ram.back().end.value() / frame_size;
    const u64 bytes = frame_count * sizeof(FrameRecord);
    const PhysicalAddress place = find_place(loader, bytes, limit);
    taken[2] = whole_frames(place, bytes);
    __builtin_memset(direct_map(place), 0, bytes);
    allocator.initialize({direct_map<FrameRecord>(place), frame_count});
    give_free_parts(loader, first_usable, limit);
}

void add_remaining_memory(const LoaderInformation& loader, PhysicalAddress limit) {
    give_free_parts(loader, limit, PhysicalAddress{~u64{0}});
}

}  // namespace arch

FrameAllocator& frames() {
    return arch::allocator;
}

u8* frame_bytes(PhysicalAddress frame) {
    return arch::direct_map(frame);
}

Result<PhysicalAddress, MemoryError> allocate_zeroed_frame(FrameUse use) {
    const auto frame = frames().allocate(use);
    if (frame.ok()) {
        __builtin_memset(frame_bytes(frame.value()), 0, frame_size);
    }
    return frame;
}

namespace {

Heap heap(arch::allocator, frame_bytes, arch::direct_map_frame);

}  // namespace

Heap& kernel_heap() {
    return heap;
}

void* heap_allocate(usize bytes) {
    void* const memory = heap.allocate(bytes);
    return memory == nullptr && heap.trim() > 0 ? heap.allocate(bytes) : memory;
}

void heap_release(void* pointer) {
    heap.release(pointer);
}

}  // namespace ringfence::kernel

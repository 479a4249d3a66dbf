// SPDX-License-Identifier: MIT
#include "sim/machine/boot/guest_space.h"

#include <fmt/format.h>

#include <algorithm>

namespace ringfence::sim::machine::boot {

using memory::page_size;
using memory::RamLayout;

namespace {

constexpr u64 boot_area = 0x80000;

}  // namespace

GuestSpace::GuestSpace(memory::PhysicalMemory& memory)
    : memory_(memory), next_in_boot_area_(boot_area) {}

bool GuestSpace::is_free(const Extent& extent) const {
    return std::ranges::none_of(taken_, [&](const Extent& other) {
        return extent.first < other.end && other.first < extent.end;
    });
}

Result<void, std::string> GuestSpace::put_at(PhysicalAddress at, std::span<const u8> content,
                                             u64 bytes, std::string_view what) {
    RF_ASSERT(content.size() <= bytes);
    if (!memory_.is_ram(at, bytes)) {
        return Error{
            fmt::format("{} at {:#x}, {} bytes, does not lie in memory: give the machine more, or "
                        "is the file damaged?",
                        what, at.value(), bytes)};
    }
    const Extent extent{at.value(), at.value() + bytes};
    if (extent.first < low_memory_end && boot_area < extent.end) {
        return Error{
            fmt::format("{} at {:#x} lies where the boot information goes ({:#x} to {:#x})", what,
                        extent.first, boot_area, low_memory_end)};
    }
    return fill(extent, content, what);
}

GuestSpace::Place GuestSpace::put_high(std::span<const u8> content, PhysicalAddress limit,
                                       std::string_view what) {
    const u64 bytes = align_up(content.size(), page_size);
    u64 top = align_down(std::min(memory_.layout().low_end, limit.value()), page_size);
    // Where something is in the way, the next try is right below it.
    while (top >= RamLayout::hole_end && top - RamLayout::hole_end >= bytes) {
        const Extent extent{top - bytes, top};
        if (is_free(extent)) {
            RF_TRY(fill(extent, content, what));
            return PhysicalAddress{extent.first};
        }
        u64 next = top;
        for (const Extent& other : taken_) {
            if (extent.first < other.end && other.first < extent.end) {
                next = std::min(next, align_down(other.first, page_size));
            }
        }
        top = next;
    }
    return no_room(what, content.size());
}

GuestSpace::Place GuestSpace::put_behind(std::span<const u8> content, std::string_view what) {
    u64 first = RamLayout::hole_end;
    for (const Extent& other : taken_) {
        first = std::max(first, align_up(other.end, page_size));
    }
    if (!memory_.is_ram(PhysicalAddress{first}, std::max<u64>(content.size(), 1))) {
        return no_room(what, content.size());
    }
    RF_TRY(fill({first, first + content.size()}, content, what));
    return PhysicalAddress{first};
}

Result<void, std::string> GuestSpace::fill(const Extent& extent, std::span<const u8> content,
                                           std::string_view what) {
    if (!is_free(extent)) {
        return Error{fmt::format("{} at {:#x}, {} bytes, lies on another part of the same file",
                                 what, extent.first, extent.end - extent.first)};
    }
    const bool copied =
        memory_.copy_in(PhysicalAddress{extent.first}, content.data(), content.size());
    RF_ASSERT(copied);  // callers have checked that it is RAM; the rest of it is still zero
    taken_.push_back(extent);
    return {};
}

Error<std::string> GuestSpace::no_room(std::string_view what, u64 bytes) const {
    return Error{fmt::format("{}: {} bytes do not fit into {} MiB of memory beside the kernel",
                             what, bytes, memory_.layout().low_end / mib)};
}

GuestSpace::Place GuestSpace::take_boot_area(u64 bytes, u64 alignment) {
    const u64 first = align_up(next_in_boot_area_, alignment);
    if (first > low_memory_end || low_memory_end - first < bytes) {
        return Error{
            fmt::format("what the kernel is told does not fit into {} KiB: too many "
                        "modules, or too long command lines",
                        (low_memory_end - boot_area) / kib)};
    }
    next_in_boot_area_ = first + bytes;
    return PhysicalAddress{first};
}

GuestSpace::Place GuestSpace::put_bytes_in_boot_area(const void* bytes, u64 count) {
    RF_TRY_ASSIGN(at, take_boot_area(count));
    const bool copied = memory_.copy_in(at, bytes, count);
    RF_ASSERT(copied);  // the boot area is RAM in every machine
    return at;
}

bool GuestSpace::holds(PhysicalAddress address) const {
    return std::ranges::any_of(taken_, [&](const Extent& extent) {
        return address.value() >= extent.first && address.value() < extent.end;
    });
}

}  // namespace ringfence::sim::machine::boot

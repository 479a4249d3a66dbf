// SPDX-License-Identifier: MIT
// Guest memory while a kernel is being loaded: what lies where, so that nothing lies on another.
//
//   0x80000   the boot area: what the protocol hands over (up to 0x9fc00)
//   0x100000  kernels, wherever they say
//   top       the initramfs, ending at the last page of RAM below the device hole
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "sim/memory/physical_memory.h"

namespace ringfence::sim::machine::boot {

/// The last kilobyte below 640 KiB is the BIOS's on a PC, and memory maps say so.
inline constexpr u64 low_memory_end = 0x9fc00;

class GuestSpace {
public:
    using Place = Result<PhysicalAddress, std::string>;

    /// `memory` is all zeroes, and outlives this.
    explicit GuestSpace(memory::PhysicalMemory& memory);

    /// Puts `content` at `at`, and keeps `bytes` (no less than the content has) from there for it.
    /// `what` names it in the error: "kernel: the segment".
    Result<void, std::string> put_at(PhysicalAddress at, std::span<const u8> content, u64 bytes,
                                     std::string_view what);
    /// Puts `content` on the highest free pages that end at or below `limit` and below the device
    /// hole.
    Place put_high(std::span<const u8> content, PhysicalAddress limit, std::string_view what);
    /// Puts `content` on the lowest free pages behind all that was put from 1 MiB on so far.
    Place put_behind(std::span<const u8> content, std::string_view what);

    /// Takes `bytes` of the boot area, on a multiple of `alignment`.
    Place take_boot_area(u64 bytes, u64 alignment = alignof(u64));
    /// Puts a value, or a string with its NUL, into the boot area.
    template <typename T>
    Place put_in_boot_area(const T& value) {
        return put_bytes_in_boot_area(&value, sizeof value);
    }
    Place put_text_in_boot_area(const std::string& text) {
        return put_bytes_in_boot_area(text.c_str(), text.size() + 1);
    }
    Place put_bytes_in_boot_area(const void* bytes, u64 count);

    /// Whether something was put where `address` is, the boot area left aside.
    [[nodiscard]] bool holds(PhysicalAddress address) const;
    [[nodiscard]] memory::PhysicalMemory& memory() { return memory_; }

private:
    /// Bytes in guest memory that are taken.
    struct Extent {
        u64 first;
        u64 end;
    };
    [[nodiscard]] bool is_free(const Extent& extent) const;
    Result<void, std::string> fill(const Extent& extent, std::span<const u8> content,
                                   std::string_view what);
    [[nodiscard]] Error<std::string> no_room(std::string_view what, u64 bytes) const;

    memory::PhysicalMemory& memory_;
    std::vector<Extent> taken_;
    u64 next_in_boot_area_;
};

}  // namespace ringfence::sim::machine::boot

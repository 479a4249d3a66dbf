// SPDX-License-Identifier: MIT
// What a file system knows of each file beside its contents, in Linux's encodings. [linux/abi]:
// include/uapi/linux/stat.h
#pragma once

#include "base/bits.h"
#include "base/types.h"
#include "kernel/core/time.h"

namespace ringfence::kernel {

/// The bits of st_mode.
namespace mode_bits {
using FileTypeField = Bitfield<12, 4, u32>;
using SetUserId = Flag<11, u32>;
using SetGroupId = Flag<10, u32>;
using Sticky = Flag<9, u32>;
using Permissions = Bitfield<0, 12, u32>;  ///< all that chmod can change
using ReadWriteExecute = Bitfield<0, 9, u32>;
}  // namespace mode_bits

enum class FileType : u8 {
    Anonymous = 0,  ///< eventfd and its kin: st_mode says nothing of a type
    Fifo = 1,
    CharacterDevice = 2,
    Directory = 4,
    BlockDevice = 6,
    Regular = 8,
    SymbolicLink = 10,
    Socket = 12,
};

/// What a process wants of a file; the values are those of access(2).
enum class Access : u8 { None = 0, Execute = 1, Write = 2, Read = 4 };
constexpr Access operator|(Access a, Access b) {
    return static_cast<Access>(static_cast<u8>(a) | static_cast<u8>(b));
}
constexpr bool wants(Access set, Access one) {
    return (static_cast<u8>(set) & static_cast<u8>(one)) != 0;
}

/// Device numbers as Linux packs them into st_dev and st_rdev.
struct DeviceNumber {
    u32 major = 0;
    u32 minor = 0;
    constexpr bool operator==(const DeviceNumber&) const = default;
    [[nodiscard]] constexpr u64 encoded() const {
        using MinorLow = Bitfield<0, 8>;
        using Major = Bitfield<8, 12>;
        using MinorHigh = Bitfield<20, 12>;
        return MinorLow::make(minor) | Major::make(major) |
               MinorHigh::make(minor >> MinorLow::width);
    }
    /// As Linux's kernel has it, and /proc shows it in hexadecimal.
    [[nodiscard]] constexpr u64 inside_kernel() const {
        using Minor = Bitfield<0, 20>;
        using Major = Bitfield<20, 12>;
        return Minor::make(minor) | Major::make(major);
    }
    static constexpr DeviceNumber decode(u64 encoded) {
        using MinorLow = Bitfield<0, 8>;
        using Major = Bitfield<8, 12>;
        using MinorHigh = Bitfield<20, 12>;
        return {static_cast<u32>(Major::get(encoded)),
                static_cast<u32>(MinorLow::get(encoded) |
                                 (MinorHigh::get(encoded) << MinorLow::width))};
    }
};

struct Metadata {
    u64 number = 0;  ///< st_ino
    DeviceNumber file_system{};
    FileType type = FileType::Regular;
    u32 permissions = 0;  ///< 12 bits
    u32 owner = 0;
    u32 group = 0;
    u64 links = 1;
    DeviceNumber device{};  ///< what a device file stands for
    TimeSpec accessed{};
    TimeSpec modified{};
    TimeSpec changed{};

    [[nodiscard]] u32 mode() const {
        return mode_bits::FileTypeField::make(static_cast<u32>(type)) |
               mode_bits::Permissions::make(permissions);
    }
};

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
// The "newc" cpio archive that an initramfs is. [cpio/newc]
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "base/types.h"

namespace ringfence::kernel::cpio {

/// One member of an archive; views point into the archive.
struct Entry {
    std::string_view name;  ///< without leading "/" and "./"
    u32 number = 0;         ///< inode number: members with more than one link share it
    u32 mode = 0;
    u32 owner = 0;
    u32 group = 0;
    u32 links = 1;
    u32 modified = 0;  ///< seconds since 1970
    u32 device_major = 0;
    u32 device_minor = 0;
    std::span<const u8> contents;
};

enum class Defect : u8 {
    BadMagic,   ///< not a newc header, or no NUL or zero bytes between archives
    BadNumber,  ///< a header field is not hexadecimal
    TruncatedHeader,
    TruncatedName,
    TruncatedContents,
    BadName,  ///< empty or without its NUL
    NoTrailer,
};

[[nodiscard]] std::string_view describe(Defect defect);

/// Reads an archive from its start; concatenated archives count as one.
class Reader {
public:
    explicit Reader(std::span<const u8> archive) : archive_(archive) {}

    enum class Step : u8 { Entry, End };
    /// Puts the next member into `entry`. End after the trailer, when only zeroes follow.
    Result<Step, Defect> next(Entry& entry);
    /// Where the next header would start; for messages about a defect.
    [[nodiscard]] usize offset() const { return offset_; }

private:
    Result<void, Defect> skip_padding();
    [[nodiscard]] usize left() const { return archive_.size() - offset_; }

    std::span<const u8> archive_;
    usize offset_ = 0;
    bool after_trailer_ = false;
};

}  // namespace ringfence::kernel::cpio

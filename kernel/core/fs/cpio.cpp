// SPDX-License-Identifier: MIT
#include "kernel/core/fs/cpio.h"

#include "base/bits.h"

namespace ringfence::kernel::cpio {

namespace {

constexpr usize magic_size = 6;
constexpr usize digits = 8;
constexpr usize field_count = 13;
constexpr usize header_size = magic_size + field_count * digits;
constexpr usize alignment = 4;
constexpr unsigned bits_per_digit = 4;
constexpr std::string_view magic = "070701";
constexpr std::string_view magic_with_checksum = "070702";
constexpr std::string_view trailer = "TRAILER!!!";

/// In the order of the header.
enum Field : usize {
    Number,
    Mode,
    Owner,
    Group,
    Links,
    Modified,
    Size,
    FileSystemMajor,
    FileSystemMinor,
    DeviceMajor,
    DeviceMinor,
    NameSize,
    Checksum,
};

/// Without branches, so that a file's size or time does not make the kernel run otherwise: a run's
/// cycles are to follow from what the program does.
Result<u32, Defect> parse_field(std::span<const u8> text) {
    constexpr u8 letter_bit = bit<u8>(6);      // in 'A' to 'F' and 'a' to 'f', not in '0' to '9'
    constexpr u8 lower_case_bit = bit<u8>(5);  // the difference between 'A' and 'a'
    u32 value = 0;
    bool wrong = false;
    for (const u8 c : text) {
        const bool is_letter = (c & letter_bit) != 0;
        const u32 position = is_letter ? (u32{c} | lower_case_bit) - 'a' : u32{c} - '0';
        const u32 digit = position + (is_letter ? 10 : 0);
        wrong |= position >= (is_letter ? 6 : 10);
        value = (value << bits_per_digit) | (digit & low_mask<u32>(bits_per_digit));
    }
    if (wrong) {
        return Error{Defect::BadNumber};
    }
    return value;
}

std::string_view plain_name(std::string_view name) {
    for (;;) {
        if (name.starts_with('/')) {
            name.remove_prefix(1);
        } else if (name.starts_with("./")) {
            name.remove_prefix(2);
        } else {
            return name;
        }
    }
}

}  // namespace

std::string_view describe(Defect defect) {
    switch (defect) {
        case Defect::BadMagic:
            return "expected the magic number 070701";
        case Defect::BadNumber:
            return "a header field is not a hexadecimal number";
        case Defect::TruncatedHeader:
            return "the archive ends inside a header";
        case Defect::TruncatedName:
            return "the archive ends inside a file name";
        case Defect::TruncatedContents:
            return "the archive ends inside a file";
        case Defect::BadName:
            return "a file name is empty or has no NUL at its end";
        case Defect::NoTrailer:
            return "the archive ends without a TRAILER!!! entry";
    }
    return "unknown defect";
}

Result<void, Defect> Reader::skip_padding() {
    while (left() > 0 && archive_[offset_] == 0) {
        ++offset_;
    }
    if (left() == 0 && !after_trailer_) {
        return Error{Defect::NoTrailer};
    }
    return {};
}

Result<Reader::Step, Defect> Reader::next(Entry& entry) {
    RF_TRY(skip_padding());
    if (left() == 0) {
        return Step::End;
    }
    if (left() < header_size) {
        return Error{Defect::TruncatedHeader};
    }
    const std::string_view start(reinterpret_cast<const char*>(archive_.data()) + offset_,
                                 magic_size);
    if (start != magic && start != magic_with_checksum) {
        return Error{Defect::BadMagic};
    }
    u32 fields[field_count];
    for (usize i = 0; i < field_count; ++i) {
        RF_TRY_ASSIGN(value,
                      parse_field(archive_.subspan(offset_ + magic_size + i * digits, digits)));
        fields[i] = value;
    }
    const usize name_size = fields[NameSize];
    const usize name_start = offset_ + header_size;
    if (name_size > archive_.size() - name_start) {
        return Error{Defect::TruncatedName};
    }
    if (name_size < 2 || archive_[name_start + name_size - 1] != 0) {
        return Error{Defect::BadName};
    }
    const std::string_view name(reinterpret_cast<const char*>(archive_.data()) + name_start,
                                name_size - 1);
    const usize contents_start = align_up(name_start + name_size, alignment);
    if (name == trailer) {
        offset_ = contents_start < archive_.size() ? contents_start : archive_.size();
        after_trailer_ = true;
        return next(entry);
    }
    if (contents_start > archive_.size() || fields[Size] > archive_.size() - contents_start) {
        return Error{Defect::TruncatedContents};
    }
    entry = {.name = plain_name(name),
             .number = fields[Number],
             .mode = fields[Mode],
             .owner = fields[Owner],
             .group = fields[Group],
             .links = fields[Links],
             .modified = fields[Modified],
             .device_major = fields[DeviceMajor],
             .device_minor = fields[DeviceMinor],
             .contents = archive_.subspan(contents_start, fields[Size])};
    const usize end = align_up(contents_start + fields[Size], alignment);
    offset_ = end < archive_.size() ? end : archive_.size();
    after_trailer_ = false;
    return Step::Entry;
}

}  // namespace ringfence::kernel::cpio

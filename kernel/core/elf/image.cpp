// SPDX-License-Identifier: MIT
#include "kernel/core/elf/image.h"

#include <algorithm>
#include <iterator>

#include "base/address.h"
#include "base/bits.h"

namespace ringfence::kernel::elf {

namespace {

constexpr u64 page = 4 * kib;
constexpr u16 most_program_headers = 64 * kib / sizeof(ProgramHeader);  // as Linux
constexpr u64 longest_interpreter = 4096;
constexpr usize class_index = 4;
constexpr usize encoding_index = 5;
using ExecutableFlag = Flag<0, u32>;

template <typename T>
bool read_object(Reader& file, u64 offset, T& object) {
    return file.read(offset, {reinterpret_cast<u8*>(&object), sizeof(T)});
}

Result<FileHeader, Reject> read_file_header(Reader& file, const Target& target) {
    u8 start[sizeof(magic)] = {};
    if (!file.read(0, start) || !std::equal(std::begin(start), std::end(start), magic)) {
        return Error{Reject::NotElf};
    }
    u8 identification[encoding_index + 1] = {};
    if (!file.read(0, identification)) {
        return Error{Reject::Truncated};
    }
    if (identification[class_index] == class_32) {
        return Error{Reject::Class32};
    }
    if (identification[class_index] != class_64) {
        return Error{Reject::BadHeader};
    }
    if (identification[encoding_index] != little_endian) {
        return Error{Reject::WrongByteOrder};
    }
    FileHeader header{};
    if (!read_object(file, 0, header)) {
        return Error{Reject::Truncated};
    }
    if (header.machine != target.machine) {
        return Error{Reject::WrongMachine};
    }
    if (header.type != type_executable && header.type != type_shared) {
        return Error{Reject::NotExecutable};
    }
    if (header.program_header_size != sizeof(ProgramHeader) || header.program_header_count == 0 ||
        header.program_header_count > most_program_headers) {
        return Error{Reject::BadHeader};
    }
    return header;
}

Result<void, Reject> check_load(const ProgramHeader& segment, const Reader& file,
                                const Target& target) {
    if (segment.file_size > segment.memory_size) {
        return Error{Reject::BadSegment};
    }
    if (segment.offset > file.size() || segment.file_size > file.size() - segment.offset) {
        return Error{Reject::Truncated};
    }
    if (segment.address % page != segment.offset % page) {
        return Error{Reject::BadSegment};
    }
    const u64 room = target.end_address - target.lowest_address;
    if (segment.address > target.end_address || segment.memory_size > room ||
        segment.address > target.end_address - segment.memory_size) {
        return Error{Reject::BadSegment};
    }
    return {};
}

Result<void, Reject> add_load(Image& image, const ProgramHeader& segment, const Reader& file,
                              const Target& target) {
    RF_TRY(check_load(segment, file, target));
    if (segment.memory_size == 0) {
        return {};
    }
    if (!image.position_independent && align_down(segment.address, page) < target.lowest_address) {
        return Error{Reject::BadSegment};
    }
    // Ascending, as the format demands. Two may meet in one page: the later one's protection wins.
    if (!image.segments.empty() &&
        segment.address < image.segments.back().address + image.segments.back().memory_size) {
        return Error{Reject::BadSegment};
    }
    image.segments.push_back(segment);
    return {};
}

Result<String, Reject> read_interpreter(Reader& file, const ProgramHeader& segment) {
    if (segment.file_size < 2 || segment.file_size > longest_interpreter) {
        return Error{Reject::BadInterpreter};
    }
    String path;
    path.resize(segment.file_size);
    if (!file.read(segment.offset, {reinterpret_cast<u8*>(path.data()), path.size()})) {
        return Error{Reject::Truncated};
    }
    if (path.view().back() != '\0') {
        return Error{Reject::BadInterpreter};
    }
    path.resize(std::find(path.view().begin(), path.view().end(), '\0') - path.view().begin());
    if (path.empty()) {
        return Error{Reject::BadInterpreter};
    }
    return path;
}

Result<void, Reject> take_segment(Image& image, const ProgramHeader& segment, Reader& file,
                                  const Target& target) {
    switch (segment.type) {
        case segment_load:
            return add_load(image, segment, file, target);
        case segment_stack:
            image.executable_stack = ExecutableFlag::test(segment.flags);
            return {};
        case segment_interpreter: {
            RF_TRY_ASSIGN(path, read_interpreter(file, segment));
            image.interpreter = std::move(path);
            return {};
        }
        default:
            return {};
    }
}

/// The address of the program headers, if a segment brings them into memory.
u64 headers_address(const Image& image, const FileHeader& header) {
    for (const ProgramHeader& segment : image.segments) {
        const u64 offset = header.program_headers_offset;
        if (segment.offset <= offset && offset - segment.offset < segment.file_size) {
            return segment.address + (offset - segment.offset);
        }
    }
    return 0;
}

}  // namespace

std::string_view describe(Reject reason) {
    switch (reason) {
        case Reject::NotElf:
            return "it is neither an ELF program nor a script with #!";
        case Reject::Truncated:
            return "the file is truncated: a header points beyond its end";
        case Reject::Class32:
            return "it is a 32-bit program";
        case Reject::WrongByteOrder:
            return "it is a big-endian program";
        case Reject::WrongMachine:
            return "it is a program for another machine";
        case Reject::NotExecutable:
            return "it is an ELF file, but not an executable one";
        case Reject::BadHeader:
            return "its ELF header is corrupt";
        case Reject::BadSegment:
            return "its segments overlap, are misaligned or lie outside of user memory";
        case Reject::NoSegments:
            return "it has nothing to load";
        case Reject::BadInterpreter:
            return "the name of its interpreter is corrupt";
        case Reject::ReadFailed:
            return "it cannot be read";
    }
    return "unknown reason";
}

u64 Image::start() const {
    return segments.empty() ? 0 : align_down(segments[0].address, page);
}

u64 Image::end() const {
    return segments.empty() ? 0
                            : align_up(segments.back().address + segments.back().memory_size, page);
}

Result<Image, Reject> parse(Reader& file, const Target& target) {
    RF_TRY_ASSIGN(header, read_file_header(file, target));
    Image image;
    image.position_independent = header.type == type_shared;
    image.entry = header.entry;
    image.program_header_count = header.program_header_count;
    const u64 table_size = u64{header.program_header_count} * sizeof(ProgramHeader);
    if (header.program_headers_offset > file.size() ||
        table_size > file.size() - header.program_headers_offset) {
        return Error{Reject::Truncated};
    }
    for (u16 i = 0; i < header.program_header_count; ++i) {
        ProgramHeader segment{};
        if (!read_object(file, header.program_headers_offset + i * sizeof(segment), segment)) {
            return Error{Reject::ReadFailed};
        }
        RF_TRY(take_segment(image, segment, file, target));
    }
    if (image.segments.empty()) {
        return Error{Reject::NoSegments};
    }
    if (image.entry >= target.end_address) {
        return Error{Reject::BadHeader};
    }
    image.program_headers_address = headers_address(image, header);
    return image;
}

}  // namespace ringfence::kernel::elf

// SPDX-License-Identifier: MIT
#include "sim/snapshot/file_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "sim/snapshot/compression.h"
#include "sim/snapshot/format.h"
#include "sim/state/hash.h"
#include "sim/state/reader.h"

namespace ringfence::sim::snapshot {

using memory::RamImage;
using state::hash_of;

Error<std::string> FileReader::error(std::string_view what) const {
    return Error{fmt::format("{}: {}", name_, what)};
}

Result<FileReader, std::string> FileReader::open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return Error{fmt::format("{}: {}", path, std::strerror(errno))};
    }
    FileReader reader{descriptor, true, path};
    RF_TRY(reader.read_header());
    return reader;
}

Result<FileReader, std::string> FileReader::of(int descriptor, std::string name) {
    FileReader reader{descriptor, false, std::move(name)};
    RF_TRY(reader.read_header());
    return reader;
}

FileReader::FileReader(FileReader&& other) noexcept
    : descriptor_(other.descriptor_),
      owned_(std::exchange(other.owned_, false)),
      name_(std::move(other.name_)),
      file_bytes_(other.file_bytes_),
      directory_(std::move(other.directory_)) {}

FileReader::~FileReader() {
    if (owned_) {
        close(descriptor_);
    }
}

/// The caller has checked that the file has these bytes, so they are not many more than it has.
Result<std::vector<u8>, std::string> FileReader::read(u64 offset, u64 bytes) const {
    std::vector<u8> out(bytes);
    for (usize done = 0; done < out.size();) {
        const ssize_t got = pread(descriptor_, out.data() + done, out.size() - done,
                                  static_cast<off_t>(offset + done));
        if (got == 0) {
            return error("damaged: it has become shorter while it was read");
        }
        if (got < 0 && errno != EINTR) {
            return error(std::strerror(errno));
        }
        done += static_cast<usize>(std::max<ssize_t>(got, 0));
    }
    return out;
}

Result<void, std::string> FileReader::read_header() {
    struct stat status{};
    if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
        return error("no regular file");
    }
    file_bytes_ = static_cast<u64>(status.st_size);
    RF_TRY_ASSIGN(bytes, read(0, std::min<u64>(file_bytes_, sizeof(FileHeader))));
    const bool begins_right = bytes.size() >= magic.size() &&
                              std::ranges::equal(std::span{bytes}.first(magic.size()), magic);
    if (!begins_right) {
        return error("no snapshot of Ringfence");
    }
    FileHeader header;
    if (bytes.size() < sizeof(header)) {
        return error(fmt::format("damaged: it ends after {} bytes", file_bytes_));
    }
    std::memcpy(&header, bytes.data(), sizeof(header));
    if (header.version != format_version) {
        return error(fmt::format("a snapshot of format {}; this program reads format {}",
                                 header.version, format_version));
    }
    if (header.header_hash != hash_of(std::span{bytes}.first(offsetof(FileHeader, header_hash)))) {
        return error("damaged: the checksum of its header is wrong");
    }
    if (header.file_bytes != file_bytes_) {
        return error(fmt::format("damaged: it has {} bytes, and had {} when it was written",
                                 file_bytes_, header.file_bytes));
    }
    const bool nothing_reserved =
        header.reserved == 0 && header.reserved_40 == 0 && header.reserved_48 == 0;
    if (!nothing_reserved || header.directory_offset < sizeof(header) ||
        header.directory_offset > file_bytes_) {
        return error("damaged: its header makes no sense");
    }
    return read_directory(header.directory_offset, header.directory_hash);
}

Result<void, std::string> FileReader::read_directory(u64 offset, u64 hash) {
    RF_TRY_ASSIGN(bytes, read(offset, file_bytes_ - offset));
    if (hash_of(bytes) != hash) {
        return error("damaged: the checksum of its directory is wrong");
    }
    state::Reader reader{bytes};
    directory_.visit_state(reader);
    reader.finish();
    if (!reader.ok()) {
        return error("directory: " + reader.error());
    }
    if (directory_.stored_bytes() != offset - sizeof(FileHeader)) {
        return error("damaged: its directory lists more or less than it holds");
    }
    return {};
}

Result<std::vector<u8>, std::string> FileReader::section(std::string_view name) const {
    const usize index = directory_.find(name);
    if (index == directory_.sections.size()) {
        return error(fmt::format("no section '{}': made by another version", name));
    }
    u64 offset = sizeof(FileHeader);
    for (usize i = 0; i < index; ++i) {
        offset += directory_.sections[i].stored_bytes;
    }
    const StoredSection& stored = directory_.sections[index];
    RF_TRY_ASSIGN(frame, read(offset, stored.stored_bytes));
    if (hash_of(frame) != stored.stored_hash) {
        return error(fmt::format("damaged: the checksum of section '{}' is wrong", name));
    }
    std::vector<u8> bytes(stored.bytes);
    if (!Decompressor{}.decompress(frame, bytes) || hash_of(bytes) != stored.content_hash) {
        return error(fmt::format("damaged: section '{}' cannot be unpacked", name));
    }
    return bytes;
}

Result<RamImage, std::string> FileReader::ram() const {
    RF_TRY_ASSIGN(image, RamImage::create(directory_.ram_end));
    u64 offset = sizeof(FileHeader);
    for (const StoredSection& section : directory_.sections) {
        offset += section.stored_bytes;
    }
    Decompressor decompressor;
    std::vector<u8> bytes;
    for (usize i = 0; i < directory_.chunk_numbers.size(); ++i) {
        const u64 chunk = directory_.chunk_numbers[i];
        RF_TRY_ASSIGN(frame, read(offset, directory_.chunk_stored_bytes[i]));
        offset += frame.size();
        if (hash_of(frame) != directory_.chunk_stored_hashes[i]) {
            return error(fmt::format("damaged: the checksum of RAM at {:#x} is wrong",
                                     chunk * RamImage::chunk_bytes));
        }
        bytes.resize(image.size_of(chunk));
        if (!decompressor.decompress(frame, bytes) ||
            hash_of(bytes) != directory_.chunk_content_hashes[i]) {
            return error(fmt::format("damaged: RAM at {:#x} cannot be unpacked",
                                     chunk * RamImage::chunk_bytes));
        }
        if (!image.put(chunk, bytes)) {
            return error("the host has no room for the guest's RAM");
        }
    }
    return image;
}

}  // namespace ringfence::sim::snapshot

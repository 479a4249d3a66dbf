// SPDX-License-Identifier: MIT
#include "sim/snapshot/file_writer.h"

#include <cstddef>

#include "base/compiler.h"
#include "sim/snapshot/compression.h"
#include "sim/snapshot/directory.h"
#include "sim/snapshot/format.h"
#include "sim/snapshot/new_file.h"
#include "sim/state/hash.h"
#include "sim/state/writer.h"

namespace ringfence::sim::snapshot {

namespace {

using memory::RamImage;
using state::hash_of;

std::span<const u8> bytes_of(const FileHeader& header) {
    return {reinterpret_cast<const u8*>(&header), sizeof(header)};
}

Result<void, std::string> write_sections(NewFile& file, std::span<const Section> sections,
                                         Directory& directory) {
    Compressor compressor;
    for (const Section& section : sections) {
        const auto stored = compressor.compress(section.bytes);
        directory.sections.push_back({.name = section.name,
                                      .bytes = section.bytes.size(),
                                      .stored_bytes = stored.size(),
                                      .stored_hash = hash_of(stored),
                                      .content_hash = hash_of(section.bytes)});
        RF_TRY(file.append(stored));
    }
    return {};
}

Result<void, std::string> write_ram(NewFile& file, const RamImage& ram, Directory& directory) {
    Compressor compressor;
    std::vector<u8> bytes;
    directory.ram_end = ram.end();
    for (const u64 chunk : ram.chunks()) {
        bytes.resize(ram.size_of(chunk));
        if (!ram.get(chunk, bytes)) {
            return Error{std::string{"memory: the image of RAM cannot be read"}};
        }
        const auto stored = compressor.compress(bytes);
        directory.chunk_numbers.push_back(chunk);
        directory.chunk_stored_bytes.push_back(static_cast<u32>(stored.size()));
        directory.chunk_stored_hashes.push_back(hash_of(stored));
        directory.chunk_content_hashes.push_back(hash_of(bytes));
        RF_TRY(file.append(stored));
    }
    return {};
}

}  // namespace

u64 content_hash(std::span<const Section> sections, const RamImage& ram) {
    Directory directory;
    for (const Section& section : sections) {
        directory.sections.push_back(
            {.name = section.name, .content_hash = hash_of(section.bytes)});
    }
    std::vector<u8> bytes;
    for (const u64 chunk : ram.chunks()) {
        bytes.resize(ram.size_of(chunk));
        RF_ASSERT(ram.get(chunk, bytes));  // it is in the host's memory
        directory.chunk_numbers.push_back(chunk);
        directory.chunk_content_hashes.push_back(hash_of(bytes));
    }
    return directory.content_hash();
}

Result<void, std::string> write_snapshot(const std::string& path, std::string made_by,
                                         std::span<const Section> sections, const RamImage& ram) {
    RF_TRY_ASSIGN(file, NewFile::create(path));
    FileHeader header{.magic = magic, .version = format_version};
    RF_TRY(file.append(bytes_of(header)));

    Directory directory;
    directory.made_by = std::move(made_by);
    RF_TRY(write_sections(file, sections, directory));
    RF_TRY(write_ram(file, ram, directory));
    state::BufferWriter writer;
    directory.visit_state(writer);
    if (!writer.problem().empty()) {
        return Error{path + ": " + writer.problem()};
    }
    const std::vector<u8> listed = writer.take();
    header.directory_offset = file.size();
    header.directory_hash = hash_of(listed);
    RF_TRY(file.append(listed));

    header.file_bytes = file.size();
    header.header_hash = hash_of(bytes_of(header).first(offsetof(FileHeader, header_hash)));
    RF_TRY(file.replace(0, bytes_of(header)));
    return file.commit();
}

}  // namespace ringfence::sim::snapshot

// SPDX-License-Identifier: MIT
// Files that were damaged, and files that someone made up. Every byte is covered by a checksum, and
// behind right checksums nothing is believed either. Run under the sanitizers too.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <functional>

#include "sim/snapshot/directory.h"
#include "sim/snapshot/file_reader.h"
#include "sim/snapshot/format.h"
#include "sim/state/hash.h"
#include "sim/state/writer.h"
#include "tests/unit/sim/snapshot/scratch.h"

namespace ringfence::sim::snapshot {
namespace {

using state::hash_of;
using testing::bytes_of_file;
using testing::Scratch;
using testing::write_small;

/// A file in the host's memory.
class MemoryFile {
public:
    explicit MemoryFile(const std::vector<u8>& bytes) : descriptor_(memfd_create("test", 0)) {
        EXPECT_EQ(write(descriptor_, bytes.data(), bytes.size()),
                  static_cast<ssize_t>(bytes.size()));
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() { close(descriptor_); }
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

/// Reads all of a file; the first error, empty if there is none.
std::string error_of(const std::vector<u8>& contents) {
    const MemoryFile memory{contents};
    const auto file = FileReader::of(memory.descriptor(), "file");
    if (!file.ok()) {
        return file.error();
    }
    for (const StoredSection& section : file.value().directory().sections) {
        if (const auto bytes = file.value().section(section.name); !bytes.ok()) {
            return bytes.error();
        }
    }
    const auto ram = file.value().ram();
    return ram.ok() ? "" : ram.error();
}

class HostileFile : public ::testing::Test {
protected:
    HostileFile() {
        write_small(path_);
        good_ = bytes_of_file(path_);
    }

    Scratch scratch_;
    std::string path_ = scratch_.path("file");
    std::vector<u8> good_;
};

TEST_F(HostileFile, EachFlippedBitIsNoticed) {
    ASSERT_EQ(error_of(good_), "");
    for (usize at = 0; at < good_.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::vector<u8> bytes = good_;
            bytes[at] = static_cast<u8>(bytes[at] ^ 1U << bit);
            ASSERT_NE(error_of(bytes), "") << "byte " << at << ", bit " << bit;
        }
    }
}

TEST_F(HostileFile, EachTruncationIsNoticed) {
    for (usize size = 0; size < good_.size(); ++size) {
        ASSERT_NE(error_of({good_.begin(), good_.begin() + static_cast<i64>(size)}), "") << size;
    }
}

TEST_F(HostileFile, PartsOfTwoFilesAreNoFile) {
    std::vector<Section> other = testing::small_sections();
    other[0].bytes[0] = 99;
    ASSERT_TRUE(write_snapshot(path_, "a test", other, testing::small_ram()).ok());
    const std::vector<u8> second = bytes_of_file(path_);
    ASSERT_EQ(second.size(), good_.size());
    for (usize cut = 1; cut < good_.size(); ++cut) {
        std::vector<u8> bytes = good_;
        std::copy(second.begin() + static_cast<i64>(cut), second.end(),
                  bytes.begin() + static_cast<i64>(cut));
        if (bytes != good_ && bytes != second) {
            ASSERT_NE(error_of(bytes), "") << cut;
        }
    }
}

/// A file with a directory that someone made up, and right checksums.
class MadeUp : public HostileFile {
protected:
    std::string error_with(const std::function<void(Directory&)>& change) {
        Directory directory = FileReader::open(path_).value().directory();
        change(directory);
        FileHeader header;
        std::memcpy(&header, good_.data(), sizeof(header));
        std::vector<u8> bytes{good_.begin(),
                              good_.begin() + static_cast<i64>(header.directory_offset)};
        const std::vector<u8> listed = state::fields_of(directory);
        bytes.insert(bytes.end(), listed.begin(), listed.end());
        header.file_bytes = bytes.size();
        header.directory_hash = hash_of(listed);
        std::memcpy(bytes.data(), &header, sizeof(header));
        header.header_hash =
            hash_of(std::span<const u8>{bytes}.first(offsetof(FileHeader, header_hash)));
        std::memcpy(bytes.data(), &header, sizeof(header));
        return error_of(bytes);
    }
};

TEST_F(MadeUp, DirectoriesAreNotBelieved) {
    ASSERT_EQ(error_with([](Directory&) {}), "");
    const std::function<void(Directory&)> changes[] = {
        [](Directory& d) { d.sections[0].bytes = most_section_bytes; },
        [](Directory& d) { d.sections[0].bytes = most_section_bytes + 1; },
        [](Directory& d) { d.sections[0].bytes = ~u64{0}; },
        [](Directory& d) { d.sections[0].bytes = 4; },
        [](Directory& d) { d.sections[0].bytes = 2; },
        [](Directory& d) { d.sections[0].stored_bytes = ~u64{0}; },
        [](Directory& d) { ++d.sections[0].stored_bytes; },
        [](Directory& d) { std::swap(d.sections[0], d.sections[2]); },
        [](Directory& d) { d.sections[1].name = d.sections[0].name; },
        [](Directory& d) { d.sections.resize(most_sections + 1); },
        [](Directory& d) { d.sections.pop_back(); },
        [](Directory& d) { ++d.sections[2].content_hash; },
        [](Directory& d) { d.ram_end = most_ram + 1; },
        [](Directory& d) { d.ram_end = 128 * kib; },
        [](Directory& d) { d.ram_end = 256 * kib; },
        [](Directory& d) { d.ram_end = 0; },
        [](Directory& d) { std::swap(d.chunk_numbers[0], d.chunk_numbers[1]); },
        [](Directory& d) { d.chunk_numbers[0] = d.chunk_numbers[1]; },
        [](Directory& d) { d.chunk_numbers[1] = ~u64{0}; },
        [](Directory& d) { d.chunk_numbers.pop_back(); },
        [](Directory& d) { d.chunk_stored_bytes[0] = ~u32{0}; },
        [](Directory& d) { ++d.chunk_stored_bytes[0], --d.chunk_stored_bytes[1]; },
        [](Directory& d) { ++d.chunk_content_hashes[0]; },
        [](Directory& d) { d.chunk_stored_hashes.clear(); },
    };
    for (usize i = 0; i < std::size(changes); ++i) {
        EXPECT_NE(error_with(changes[i]), "") << i;
    }
}

}  // namespace
}  // namespace ringfence::sim::snapshot

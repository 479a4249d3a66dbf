// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "sim/snapshot/file_reader.h"
#include "sim/snapshot/file_writer.h"
#include "sim/snapshot/format.h"
#include "sim/state/hash.h"
#include "tests/unit/sim/snapshot/scratch.h"

namespace ringfence::sim::snapshot {
namespace {

using testing::bytes_of_file;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::put_file;
using testing::Scratch;
using testing::small_ram;
using testing::write_small;

class SnapshotFile : public ::testing::Test {
protected:
    /// The error of reading what is at `path_`.
    std::string error() {
        const auto file = FileReader::open(path_);
        return file.ok() ? "" : file.error();
    }
    /// Changes the header and makes its checksum right again.
    template <typename Change>
    void change_header(Change change) {
        std::vector<u8> bytes = bytes_of_file(path_);
        FileHeader header;
        std::memcpy(&header, bytes.data(), sizeof(header));
        change(header);
        std::memcpy(bytes.data(), &header, sizeof(header));
        header.header_hash =
            state::hash_of(std::span<const u8>{bytes}.first(offsetof(FileHeader, header_hash)));
        std::memcpy(bytes.data(), &header, sizeof(header));
        put_file(path_, bytes);
    }

    Scratch scratch_;
    std::string path_ = scratch_.path("file");
};

TEST_F(SnapshotFile, GivesBackWhatWasWritten) {
    write_small(path_);
    const auto file = FileReader::open(path_);
    ASSERT_TRUE(file.ok()) << file.error();
    const FileReader& reader = file.value();
    EXPECT_EQ(reader.directory().made_by, "a test");
    EXPECT_THAT(reader.section("first").value(), ElementsAre(1, 2, 3));
    EXPECT_THAT(reader.section("empty").value(), ElementsAre());
    EXPECT_EQ(reader.section("third").value(), std::vector<u8>(1000, 7));
    EXPECT_FALSE(reader.has("fourth"));
    EXPECT_THAT(reader.section("fourth").error(), HasSubstr("no section 'fourth'"));

    const auto ram = reader.ram();
    ASSERT_TRUE(ram.ok()) << ram.error();
    EXPECT_EQ(ram.value().end(), 200 * kib);
    EXPECT_THAT(ram.value().chunks(), ElementsAre(1, 3));
    std::vector<u8> bytes(8 * kib);
    ASSERT_TRUE(ram.value().get(3, bytes));
    EXPECT_THAT(bytes, Each(0x33));
}

TEST_F(SnapshotFile, IsTheSameForTheSameState) {
    write_small(path_);
    write_small(scratch_.path("again"));
    EXPECT_EQ(bytes_of_file(path_), bytes_of_file(scratch_.path("again")));
}

TEST_F(SnapshotFile, LeavesOutWhatIsZero) {
    auto empty = memory::RamImage::create(256 * mib).value();
    ASSERT_TRUE(write_snapshot(path_, "a test", {}, empty).ok());
    EXPECT_LT(bytes_of_file(path_).size(), 1000U);
    EXPECT_EQ(FileReader::open(path_).value().ram().value().end(), 256 * mib);
}

TEST_F(SnapshotFile, SaysWhatElseAFileIs) {
    EXPECT_EQ(error(), path_ + ": No such file or directory");
    put_file(path_, {});
    EXPECT_EQ(error(), path_ + ": no snapshot of Ringfence");
    put_file(path_, {'#', '!', '/', 'b', 'i', 'n', '/', 's', 'h', '\n'});
    EXPECT_EQ(error(), path_ + ": no snapshot of Ringfence");
    const auto folder = FileReader::open(std::filesystem::temp_directory_path());
    ASSERT_FALSE(folder.ok());
    EXPECT_THAT(folder.error(), HasSubstr("no regular file"));
    const auto device = FileReader::open("/dev/zero");
    ASSERT_FALSE(device.ok());
    EXPECT_EQ(device.error(), "/dev/zero: no regular file");
}

TEST_F(SnapshotFile, OfAnotherFormatIsRefusedByNumber) {
    write_small(path_);
    change_header([](FileHeader& header) { header.version = 7; });
    EXPECT_EQ(error(), path_ + ": a snapshot of format 7; this program reads format 1");
}

TEST_F(SnapshotFile, ThatEndsEarlyOrLateSaysSo) {
    write_small(path_);
    std::vector<u8> bytes = bytes_of_file(path_);
    const std::string whole = std::to_string(bytes.size());
    bytes.pop_back();
    put_file(path_, bytes);
    EXPECT_EQ(error(), path_ + ": damaged: it has " + std::to_string(bytes.size()) +
                           " bytes, and had " + whole + " when it was written");
    bytes.resize(bytes.size() + 2);
    put_file(path_, bytes);
    EXPECT_THAT(error(), HasSubstr("and had " + whole + " when it was written"));
    bytes.resize(20);
    put_file(path_, bytes);
    EXPECT_EQ(error(), path_ + ": damaged: it ends after 20 bytes");
}

TEST_F(SnapshotFile, DoesNotBelieveItsHeader) {
    const auto refused = [&](auto change) {
        write_small(path_);
        change_header(change);
        return !error().empty();
    };
    EXPECT_TRUE(refused([](FileHeader& h) { h.reserved = 1; }));
    EXPECT_TRUE(refused([](FileHeader& h) { h.reserved_48 = 1; }));
    EXPECT_TRUE(refused([](FileHeader& h) { h.directory_offset = 0; }));
    EXPECT_TRUE(refused([](FileHeader& h) { h.directory_offset = ~u64{0}; }));
    EXPECT_TRUE(refused([](FileHeader& h) { h.directory_offset = h.file_bytes; }));
    EXPECT_TRUE(refused([](FileHeader& h) { --h.directory_offset; }));
    EXPECT_TRUE(refused([](FileHeader& h) { ++h.directory_hash; }));
}

}  // namespace
}  // namespace ringfence::sim::snapshot

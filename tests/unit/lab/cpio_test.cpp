// SPDX-License-Identifier: MIT
#include "lab/pack/cpio.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <charconv>
#include <vector>

namespace ringfence::lab::pack {
namespace {

struct Entry {
    std::string name;
    u32 inode;
    u32 mode;
    std::string data;
    u32 modified = 0;
};

u32 field(std::string_view archive, usize at, usize index) {
    constexpr usize magic = 6;
    constexpr usize digits = 8;
    const char* first = archive.data() + at + magic + index * digits;
    u32 value = 0;
    std::from_chars(first, first + digits, value, 16);
    return value;
}

/// Reads an archive back, by the format's description alone.
std::vector<Entry> unpack(const std::string& archive) {
    constexpr usize header = 110;
    const auto aligned = [](usize at) { return (at + 3) / 4 * 4; };
    std::vector<Entry> entries;
    for (usize at = 0; at < archive.size();) {
        EXPECT_EQ(archive.substr(at, 6), "070701");
        const u32 size = field(archive, at, 6);
        const u32 name_size = field(archive, at, 11);
        Entry entry{archive.substr(at + header, name_size - 1),
                    field(archive, at, 0),
                    field(archive, at, 1),
                    {},
                    field(archive, at, 5)};
        EXPECT_EQ(archive[at + header + name_size - 1], '\0');
        at = aligned(at + header + name_size);
        entry.data = archive.substr(at, size);
        at = aligned(at + size);
        if (entry.name == "TRAILER!!!") {
            EXPECT_EQ(archive.size() % 512, 0U);
            return entries;
        }
        entries.push_back(entry);
    }
    ADD_FAILURE() << "no trailer";
    return entries;
}

TEST(Cpio, HoldsTimes) {
    GuestTree tree;
    tree.add_directory("/a", 0755, 5);
    tree.add_file("/a/b", 0644, "x", 0xfedcba98);
    tree.add_symlink("/a/c", "b", 7);
    tree.add_file("/d/e", 0644, "y");
    const auto entries = unpack(write_cpio(tree));
    ASSERT_EQ(entries.size(), 6U);
    EXPECT_EQ(entries[0].modified, default_time);  // "."
    EXPECT_EQ(entries[1].modified, 5U);
    EXPECT_EQ(entries[2].modified, 0xfedcba98U);
    EXPECT_EQ(entries[3].modified, 7U);
    EXPECT_EQ(entries[4].modified, default_time);  // "d"
    EXPECT_EQ(entries[5].modified, default_time);
}

TEST(Cpio, HoldsEveryEntryParentsFirst) {
    GuestTree tree;
    tree.add_file("/b/c", 0640, "12345");
    tree.add_symlink("/a", "b/c");
    tree.add_file("/b-", 04755, "");
    const auto entries = unpack(write_cpio(tree));
    ASSERT_EQ(entries.size(), 5U);
    EXPECT_EQ(entries[0].name, ".");
    EXPECT_EQ(entries[1].name, "a");
    EXPECT_EQ(entries[1].mode, S_IFLNK | 0777U);
    EXPECT_EQ(entries[1].data, "b/c");
    EXPECT_EQ(entries[2].name, "b");
    EXPECT_EQ(entries[2].mode, S_IFDIR | 0755U);
    EXPECT_EQ(entries[3].name, "b-");
    EXPECT_EQ(entries[3].mode, S_IFREG | 04755U);
    EXPECT_EQ(entries[4].name, "b/c");
    EXPECT_EQ(entries[4].data, "12345");
    for (usize i = 0; i < entries.size(); ++i) {
        EXPECT_EQ(entries[i].inode, i + 1);
    }
}

TEST(Cpio, SameTreeSameBytesHoweverItWasMade) {
    GuestTree one;
    one.add_file("/x", 0644, "x");
    one.add_file("/y/z", 0644, "z");
    GuestTree other;
    other.add_file("/y/z", 0644, "z");
    other.add_file("/x", 0644, "x");
    EXPECT_EQ(write_cpio(one), write_cpio(other));
}

}  // namespace
}  // namespace ringfence::lab::pack

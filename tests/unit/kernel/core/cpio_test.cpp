// SPDX-License-Identifier: MIT
#include "kernel/core/fs/cpio.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cctype>
#include <string>
#include <vector>

namespace ringfence::kernel::cpio {
namespace {

std::string member(const std::string& name, const std::string& contents, u32 mode = 0100644) {
    char header[111];
    std::snprintf(header, sizeof(header),
                  "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", 7u, mode, 1u, 2u,
                  1u, 1234u, contents.size(), 0u, 0u, 5u, 9u, name.size() + 1, 0u);
    std::string bytes = header + name + '\0';
    bytes.resize((bytes.size() + 3) / 4 * 4);
    bytes += contents;
    bytes.resize((bytes.size() + 3) / 4 * 4);
    return bytes;
}
std::string trailer() {
    return member("TRAILER!!!", "", 0);
}

struct Outcome {
    std::vector<Entry> entries;
    std::optional<Defect> defect;
};
Outcome read_all(std::span<const u8> archive) {
    Reader reader(archive);
    Outcome outcome;
    for (;;) {
        Entry entry;
        const auto step = reader.next(entry);
        if (!step) {
            outcome.defect = step.error();
            return outcome;
        }
        if (step.value() == Reader::Step::End) {
            return outcome;
        }
        outcome.entries.push_back(entry);
    }
}
std::span<const u8> bytes_of(const std::string& text) {
    return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

TEST(Cpio, gives_members_in_order_with_their_metadata) {
    const std::string archive =
        member("./bin/tool", "12345") + member("/etc", "", 040755) + trailer();
    const Outcome outcome = read_all(bytes_of(archive));
    ASSERT_FALSE(outcome.defect);
    ASSERT_EQ(outcome.entries.size(), 2u);
    EXPECT_EQ(outcome.entries[0].name, "bin/tool");
    EXPECT_EQ(std::string(outcome.entries[0].contents.begin(), outcome.entries[0].contents.end()),
              "12345");
    EXPECT_EQ(outcome.entries[0].owner, 1u);
    EXPECT_EQ(outcome.entries[0].group, 2u);
    EXPECT_EQ(outcome.entries[0].modified, 1234u);
    EXPECT_EQ(outcome.entries[0].device_minor, 9u);
    EXPECT_EQ(outcome.entries[1].name, "etc");
    EXPECT_EQ(outcome.entries[1].mode, 040755u);
}

TEST(Cpio, fields_are_hexadecimal_in_either_case_and_nothing_else) {
    constexpr usize time_field = 6 + 5 * 8;
    std::string archive = member("a", "") + trailer();
    archive.replace(time_field, 8, "09afAF12");
    EXPECT_EQ(read_all(bytes_of(archive)).entries.at(0).modified, 0x09afaf12u);
    for (int letter = 0; letter < 256; ++letter) {
        archive[time_field + 3] = static_cast<char>(letter);
        const bool is_digit = letter < 128 && std::isxdigit(letter) != 0;
        EXPECT_EQ(read_all(bytes_of(archive)).defect.has_value(), !is_digit) << letter;
    }
}

TEST(Cpio, concatenated_archives_with_padding_count_as_one) {
    const std::string archive = member("a", "1") + trailer() + std::string(512, '\0') +
                                member("b", "2") + trailer() + std::string(3, '\0');
    const Outcome outcome = read_all(bytes_of(archive));
    EXPECT_FALSE(outcome.defect);
    ASSERT_EQ(outcome.entries.size(), 2u);
    EXPECT_EQ(outcome.entries[1].name, "b");
}

TEST(Cpio, each_truncation_is_a_defect) {
    const std::string whole = member("name", "some contents") + trailer();
    const usize end_of_trailer_name = whole.size() - whole.size() % 4;
    for (usize size = 1; size < end_of_trailer_name - 4; ++size) {
        EXPECT_TRUE(read_all(bytes_of(whole.substr(0, size))).defect) << size << " bytes";
    }
}

TEST(Cpio, an_archive_without_trailer_is_a_defect) {
    EXPECT_EQ(read_all(bytes_of(member("a", "1"))).defect, Defect::NoTrailer);
}

TEST(Cpio, sizes_beyond_the_archive_are_defects) {
    std::string archive = member("a", "1") + trailer();
    archive.replace(6 + 6 * 8, 8, "FFFFFFFF");
    EXPECT_EQ(read_all(bytes_of(archive)).defect, Defect::TruncatedContents);
    archive = member("a", "1") + trailer();
    archive.replace(6 + 11 * 8, 8, "FFFFFFFF");
    EXPECT_EQ(read_all(bytes_of(archive)).defect, Defect::TruncatedName);
    archive.replace(6 + 11 * 8, 8, "00000000");
    EXPECT_EQ(read_all(bytes_of(archive)).defect, Defect::BadName);
    archive.replace(6 + 11 * 8, 8, "0000000g");
    EXPECT_EQ(read_all(bytes_of(archive)).defect, Defect::BadNumber);
}

RC_GTEST_PROP(Cpio, views_never_leave_the_archive_whatever_its_bytes, (std::vector<u8> noise)) {
    std::string archive = member("dir/file", "contents", 0100644) + member("x", "yz") + trailer();
    for (usize i = 0; i + 1 < noise.size(); i += 2) {
        archive[(noise[i] * 7u + noise[i + 1]) % archive.size()] = static_cast<char>(noise[i + 1]);
    }
    const std::span<const u8> bytes = bytes_of(archive);
    for (const Entry& entry : read_all(bytes).entries) {
        RC_ASSERT(entry.contents.data() >= bytes.data());
        RC_ASSERT(entry.contents.data() + entry.contents.size() <= bytes.data() + bytes.size());
    }
}

}  // namespace
}  // namespace ringfence::kernel::cpio

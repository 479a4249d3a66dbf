// SPDX-License-Identifier: MIT
#include "kernel/core/elf/image.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <vector>

namespace ringfence::kernel::elf {
namespace {

constexpr u16 machine = 62;
constexpr Target target{
    .machine = machine, .lowest_address = 0x10000, .end_address = 0x7ffffffff000};

class BytesReader final : public Reader {
public:
    explicit BytesReader(std::span<const u8> bytes) : bytes_(bytes) {}
    bool read(u64 offset, std::span<u8> to) override {
        if (offset > bytes_.size() || to.size() > bytes_.size() - offset) {
            return false;
        }
        std::memcpy(to.data(), bytes_.data() + offset, to.size());
        return true;
    }
    [[nodiscard]] u64 size() const override { return bytes_.size(); }

private:
    std::span<const u8> bytes_;
};

struct File {
    FileHeader header{};
    std::vector<ProgramHeader> segments;
    std::vector<u8> tail = std::vector<u8>(0x2000, 0xcc);

    [[nodiscard]] std::vector<u8> bytes() const {
        FileHeader written = header;
        written.program_header_count = static_cast<u16>(segments.size());
        std::vector<u8> all(sizeof(FileHeader) + segments.size() * sizeof(ProgramHeader));
        std::memcpy(all.data(), &written, sizeof(written));
        std::memcpy(all.data() + sizeof(written), segments.data(),
                    segments.size() * sizeof(ProgramHeader));
        all.insert(all.end(), tail.begin(), tail.end());
        return all;
    }
};

File static_program() {
    File file;
    std::memcpy(file.header.identification, magic, sizeof(magic));
    file.header.identification[4] = class_64;
    file.header.identification[5] = little_endian;
    file.header.type = type_executable;
    file.header.machine = machine;
    file.header.entry = 0x400100;
    file.header.program_headers_offset = sizeof(FileHeader);
    file.header.program_header_size = sizeof(ProgramHeader);
    file.segments = {{.type = segment_load,
                      .flags = 5,
                      .offset = 0,
                      .address = 0x400000,
                      .file_size = 0x1000,
                      .memory_size = 0x1000},
                     {.type = segment_load,
                      .flags = 6,
                      .offset = 0x1000,
                      .address = 0x401000,
                      .file_size = 0x200,
                      .memory_size = 0x3000}};
    return file;
}

Result<Image, Reject> parse_bytes(const std::vector<u8>& bytes) {
    BytesReader reader(bytes);
    return parse(reader, target);
}
std::optional<Reject> rejection(const File& file) {
    const auto image = parse_bytes(file.bytes());
    return image ? std::nullopt : std::optional(image.error());
}

TEST(ElfImage, describes_a_static_program) {
    const auto image = parse_bytes(static_program().bytes());
    ASSERT_TRUE(image.ok());
    EXPECT_FALSE(image.value().position_independent);
    EXPECT_EQ(image.value().entry, 0x400100u);
    EXPECT_EQ(image.value().start(), 0x400000u);
    EXPECT_EQ(image.value().end(), 0x404000u);
    EXPECT_EQ(image.value().program_headers_address, 0x400040u);
    EXPECT_TRUE(image.value().interpreter.empty());
}

TEST(ElfImage, finds_the_interpreter_of_a_dynamic_program) {
    File file = static_program();
    const char path[] = "/lib64/ld.so";
    std::memcpy(file.tail.data(), path, sizeof(path));
    const u64 offset = sizeof(FileHeader) + 3 * sizeof(ProgramHeader);
    file.segments.insert(
        file.segments.begin(),
        {.type = segment_interpreter, .offset = offset, .file_size = sizeof(path)});
    const auto image = parse_bytes(file.bytes());
    ASSERT_TRUE(image.ok());
    EXPECT_EQ(image.value().interpreter.view(), "/lib64/ld.so");
}

TEST(ElfImage, each_truncation_is_rejected) {
    File file = static_program();
    const std::vector<u8> whole = file.bytes();
    const usize needed = 0x1200;
    for (usize size = 0; size < needed; ++size) {
        const auto image =
            parse_bytes(std::vector<u8>(whole.begin(), whole.begin() + static_cast<i64>(size)));
        ASSERT_FALSE(image.ok()) << size << " bytes";
        EXPECT_EQ(image.error(), size < sizeof(magic) ? Reject::NotElf : Reject::Truncated) << size;
    }
    EXPECT_TRUE(parse_bytes(std::vector<u8>(whole.begin(), whole.begin() + needed)).ok());
}

TEST(ElfImage, foreign_programs_are_told_apart) {
    File file = static_program();
    file.header.identification[4] = class_32;
    EXPECT_EQ(rejection(file), Reject::Class32);
    file = static_program();
    file.header.identification[5] = 2;
    EXPECT_EQ(rejection(file), Reject::WrongByteOrder);
    file = static_program();
    file.header.machine = 183;
    EXPECT_EQ(rejection(file), Reject::WrongMachine);
    file = static_program();
    file.header.type = 1;
    EXPECT_EQ(rejection(file), Reject::NotExecutable);
}

TEST(ElfImage, segments_that_cannot_be_mapped_are_rejected) {
    const auto with = [](auto change) {
        File file = static_program();
        change(file.segments[1]);
        return rejection(file);
    };
    EXPECT_EQ(with([](ProgramHeader& s) { s.memory_size = s.file_size - 1; }), Reject::BadSegment);
    EXPECT_EQ(with([](ProgramHeader& s) { s.offset += 1; }), Reject::BadSegment);
    EXPECT_EQ(with([](ProgramHeader& s) { s.address = 0x3ff000; }), Reject::BadSegment);
    EXPECT_EQ(with([](ProgramHeader& s) { s.address = target.end_address; }), Reject::BadSegment);
    EXPECT_EQ(with([](ProgramHeader& s) { s.memory_size = ~u64{0}; }), Reject::BadSegment);
    EXPECT_EQ(with([](ProgramHeader& s) { s.file_size = s.memory_size = ~u64{0}; }),
              Reject::Truncated);
    EXPECT_EQ(with([](ProgramHeader& s) { s.offset = ~u64{0} - 0xfff; }), Reject::Truncated);
    File low = static_program();
    low.segments[0].address = 0;
    EXPECT_EQ(rejection(low), Reject::BadSegment);
    File none = static_program();
    none.segments[0].type = none.segments[1].type = 4;
    EXPECT_EQ(rejection(none), Reject::NoSegments);
}

RC_GTEST_PROP(ElfImage, whatever_is_accepted_lies_in_user_memory_and_in_the_file,
              (std::vector<u8> noise)) {
    std::vector<u8> bytes = static_program().bytes();
    const usize headers = sizeof(FileHeader) + 2 * sizeof(ProgramHeader);
    for (usize i = 0; i + 1 < noise.size() && i < 16; i += 2) {
        bytes[4 + noise[i] % (headers - 4)] = noise[i + 1];
    }
    const auto image = parse_bytes(bytes);
    if (!image) {
        return;
    }
    for (const ProgramHeader& segment : image.value().segments) {
        RC_ASSERT(segment.file_size <= segment.memory_size);
        RC_ASSERT(segment.offset + segment.file_size <= bytes.size());
        RC_ASSERT(segment.address + segment.memory_size <= target.end_address);
        RC_ASSERT(segment.address + segment.memory_size >= segment.address);
    }
}

}  // namespace
}  // namespace ringfence::kernel::elf

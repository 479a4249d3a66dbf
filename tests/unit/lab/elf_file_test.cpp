// SPDX-License-Identifier: MIT
#include "lab/pack/elf_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/pack/host_files.h"
#include "tests/unit/lab/elf_builder.h"

namespace ringfence::lab::pack {
namespace {

using testing::build_elf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::patch;

constexpr u64 first_segment = sizeof(Elf64_Ehdr);

TEST(ElfFile, StaticExecutableNeedsNothing) {
    const auto facts = read_elf(build_elf({}));
    ASSERT_TRUE(facts.ok()) << facts.error();
    EXPECT_FALSE(facts.value().position_independent);
    EXPECT_FALSE(facts.value().interpreter);
    EXPECT_TRUE(facts.value().entry_is_code);
    EXPECT_TRUE(facts.value().needed.empty());
}

TEST(ElfFile, DynamicExecutableNamesLinkerLibrariesAndPaths) {
    const auto facts = read_elf(build_elf({.type = ET_DYN,
                                           .interpreter = "/lib64/ld.so",
                                           .needed = {"libm.so.6", "libc.so.6"},
                                           .runpath = "/a:$ORIGIN/b",
                                           .rpath = "/c"}));
    ASSERT_TRUE(facts.ok()) << facts.error();
    EXPECT_TRUE(facts.value().position_independent);
    EXPECT_EQ(facts.value().interpreter, "/lib64/ld.so");
    EXPECT_THAT(facts.value().needed, ElementsAre("libm.so.6", "libc.so.6"));
    EXPECT_THAT(facts.value().runpath, ElementsAre("/a", "$ORIGIN/b"));
    EXPECT_THAT(facts.value().rpath, ElementsAre("/c"));
}

TEST(ElfFile, ReadsThisTestItself) {
    const auto facts = read_elf(read_host_file("/proc/self/exe", Failure::Own).bytes);
    ASSERT_TRUE(facts.ok()) << facts.error();
    EXPECT_THAT(facts.value().needed, ::testing::Contains("libc.so.6"));
}

/// Every prefix of a good file is a bad file, and none may be read past its end.
TEST(ElfFile, EveryTruncationIsRefused) {
    const std::string whole = build_elf({.interpreter = "/lib64/ld.so", .needed = {"libc.so.6"}});
    for (usize size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(read_elf(std::string(whole, 0, size)).ok()) << size << " bytes";
    }
    EXPECT_TRUE(read_elf(whole).ok());
}

/// One wrong byte anywhere gives an answer or an error, never anything else.
TEST(ElfFile, AnyCorruptByteIsHandled) {
    const std::string whole = build_elf({.interpreter = "/lib64/ld.so", .needed = {"libc.so.6"}});
    usize refused = 0;
    for (usize at = 0; at < whole.size(); ++at) {
        for (const unsigned value : {0x00U, 0x01U, 0x7fU, 0x80U, 0xffU}) {
            std::string bytes = whole;
            patch(bytes, at, static_cast<u8>(value));
            refused += read_elf(bytes).ok() ? 0 : 1;
        }
    }
    EXPECT_GT(refused, 100U);
}

struct WrongCase {
    const char* name;
    u64 offset;
    u64 value;
    usize width;
    const char* message;
};

class WrongElf : public ::testing::TestWithParam<WrongCase> {};

TEST_P(WrongElf, IsRefusedByName) {
    const WrongCase& wrong = GetParam();
    std::string bytes = build_elf({});
    std::memcpy(bytes.data() + wrong.offset, &wrong.value, wrong.width);
    const auto facts = read_elf(bytes);
    ASSERT_FALSE(facts.ok());
    EXPECT_THAT(facts.error(), HasSubstr(wrong.message));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, WrongElf,
    ::testing::Values(
        WrongCase{"magic", 0, 'X', 1, "is not an ELF file"},
        WrongCase{"class", EI_CLASS, ELFCLASS32, 1, "(32-bit), expected x86-64"},
        WrongCase{"no_class", EI_CLASS, 9, 1, "names no known class"},
        WrongCase{"i386", offsetof(Elf64_Ehdr, e_machine), EM_386, 2, "for i386"},
        WrongCase{"aarch64", offsetof(Elf64_Ehdr, e_machine), EM_AARCH64, 2, "for AArch64"},
        WrongCase{"object", offsetof(Elf64_Ehdr, e_type), ET_REL, 2, "not linked"},
        WrongCase{"core", offsetof(Elf64_Ehdr, e_type), ET_CORE, 2, "core dump"},
        WrongCase{"header_size", offsetof(Elf64_Ehdr, e_phentsize), 55, 2, "program headers of 55"},
        WrongCase{"headers_far_away", offsetof(Elf64_Ehdr, e_phoff), ~u64{0} - 8, 8,
                  "past the end of the file"},
        WrongCase{"no_segments", offsetof(Elf64_Ehdr, e_phnum), 0, 2, "nothing to load"},
        WrongCase{"segment_far_away", first_segment + offsetof(Elf64_Phdr, p_offset), ~u64{0}, 8,
                  "is cut off"},
        WrongCase{"segment_too_long", first_segment + offsetof(Elf64_Phdr, p_filesz), 1 << 20, 8,
                  "is cut off"},
        WrongCase{"segment_in_kernel", first_segment + offsetof(Elf64_Phdr, p_vaddr),
                  0xffffffff80000000, 8, "impossible size"},
        WrongCase{"segment_shrinks", first_segment + offsetof(Elf64_Phdr, p_memsz), 1, 8,
                  "impossible size"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace ringfence::lab::pack

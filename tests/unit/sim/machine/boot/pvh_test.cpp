// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "abi/pvh.h"
#include "tests/unit/sim/machine/boot/boot_memory.h"
#include "tests/unit/sim/machine/pvh_image.h"

namespace ringfence::sim::machine::boot {
namespace {

using namespace machine::testing;
using namespace boot::testing;
using ::testing::HasSubstr;

constexpr u8 program[] = {0x90, 0x90, 0xf4, 0xeb, 0xfd};

std::string error_of(std::span<const u8> image, const std::vector<Module>& modules = {},
                     const std::string& command_line = {}) {
    return load_error({.kernel = image, .command_line = command_line, .modules = modules});
}

PhysicalAddress start_info_of(const StartState& state) {
    return PhysicalAddress{register_of(state, cpu::Gpr::Rbx)};
}

TEST(PvhLoader, PutsEverythingWhereTheStartInfoSays) {
    auto memory = make_memory();
    const auto image = make_image(program);
    const std::vector<u8> initramfs(5000, 0x5a);
    const std::vector<u8> second(10, 0x33);
    const auto loaded = load(memory, {.kernel = image,
                                      .command_line = "pti=on quiet",
                                      .modules = {{initramfs}, {second, "second part"}}});
    ASSERT_TRUE(loaded.ok()) << loaded.error();
    EXPECT_EQ(loaded.value().mode, StartState::Mode::Protected32);
    EXPECT_EQ(loaded.value().entry.value(), load_address);
    EXPECT_EQ(std::memcmp(memory.host(PhysicalAddress{load_address}), program, sizeof(program)), 0);

    const auto info = memory.read<abi::pvh::StartInfo>(start_info_of(loaded.value()));
    EXPECT_EQ(info.magic, 0x336ec578U);
    EXPECT_EQ(info.version, 1U);
    EXPECT_EQ(text_at(memory, info.command_line), "pti=on quiet");
    ASSERT_EQ(info.module_count, 2U);
    const auto module = memory.read<abi::pvh::ModuleEntry>(PhysicalAddress{info.module_list});
    EXPECT_EQ(module.size, 5000U);
    EXPECT_EQ(module.address % 4096, 0U);
    EXPECT_EQ(memory.read<u8>(PhysicalAddress{module.address}), 0x5a);
    EXPECT_EQ(memory.read<u8>(PhysicalAddress{module.address + 4999}), 0x5a);
    EXPECT_EQ(memory.read<u8>(PhysicalAddress{module.address + 5000}), 0);
    EXPECT_EQ(module.command_line, 0U);
    const auto next = memory.read<abi::pvh::ModuleEntry>(
        PhysicalAddress{info.module_list + sizeof(abi::pvh::ModuleEntry)});
    EXPECT_EQ(next.address, module.address - 4096) << "right below the first";
    EXPECT_EQ(next.size, 10U);
    EXPECT_EQ(text_at(memory, next.command_line), "second part");
}

TEST(PvhLoader, TakesA32BitFile) {
    auto memory = make_memory();
    const auto image = make_image32(program);
    const auto loaded = load(memory, {.kernel = image});
    ASSERT_TRUE(loaded.ok()) << loaded.error();
    EXPECT_EQ(loaded.value().entry.value(), load_address);
    EXPECT_EQ(std::memcmp(memory.host(PhysicalAddress{load_address}), program, sizeof(program)), 0);
}

TEST(PvhLoader, MemoryMapCoversExactlyTheRam) {
    const auto image = make_image(program);
    for (const u64 bytes : {16 * mib, 5 * gib}) {
        auto memory = make_memory(bytes);
        const auto loaded = load(memory, {.kernel = image});
        ASSERT_TRUE(loaded.ok());
        const auto info = memory.read<abi::pvh::StartInfo>(start_info_of(loaded.value()));
        EXPECT_EQ(info.module_count, 0U);
        u64 usable = 0;
        u64 last_end = 0;
        for (u32 i = 0; i < info.memory_map_count; ++i) {
            const auto row = memory.read<abi::pvh::MemoryMapEntry>(
                PhysicalAddress{info.memory_map + i * sizeof(abi::pvh::MemoryMapEntry)});
            EXPECT_GE(row.address, last_end) << "sorted, without overlap";
            last_end = row.address + row.size;
            if (row.type == abi::pvh::MemoryType::Ram) {
                EXPECT_TRUE(memory.is_ram(PhysicalAddress{row.address}, row.size));
                usable += row.size;
            }
        }
        EXPECT_EQ(usable, bytes - (0x10'0000 - 0x9'fc00));
    }
}

TEST(PvhLoader, NeverCrashesOnATruncatedImage) {
    const auto image = make_image(program);
    for (usize length = 0; length < image.size(); ++length) {
        EXPECT_NE(error_of(std::span{image}.first(length)), "") << length;
    }
}

TEST(PvhLoader, NeverCrashesOnADamagedImage) {
    const auto image = make_image(program);
    std::mt19937 random{1};
    for (int round = 0; round < 20'000; ++round) {
        auto damaged = image;
        for (int i = 0; i < 1 + round % 4; ++i) {
            damaged[random() % damaged.size()] = static_cast<u8>(random());
        }
        auto memory = make_memory(2 * mib);
        const auto loaded = load(memory, {.kernel = damaged});
        if (loaded.ok()) {
            EXPECT_TRUE(memory.is_ram(loaded.value().entry));
        } else {
            EXPECT_FALSE(loaded.error().empty());
        }
    }
}

TEST(PvhLoader, SaysWhatIsWrong) {
    struct Row {
        void (*change)(ImageParts&);
        const char* message;
    };
    const Row rows[] = {
        {[](ImageParts& p) { p.header.e_ident[0] = 'X'; }, "does not begin with 7f 45 4c 46"},
        {[](ImageParts& p) { p.header.e_ident[EI_CLASS] = 7; }, "not a 32-bit or 64-bit"},
        {[](ImageParts& p) { p.header.e_ident[EI_CLASS] = ELFCLASS32; }, "nothing to load"},
        {[](ImageParts& p) { p.header.e_ident[EI_DATA] = ELFDATA2MSB; }, "little-endian"},
        {[](ImageParts& p) { p.header.e_machine = EM_AARCH64; }, "machine 183, expected 62"},
        {[](ImageParts& p) { p.header.e_phentsize = 32; }, "program headers of 32 bytes"},
        {[](ImageParts& p) { p.header.e_phoff = ~u64{0} - 8; }, "past the end"},
        {[](ImageParts& p) { p.header.e_phnum = 60'000; }, "past the end"},
        {[](ImageParts& p) { p.code.p_offset = ~u64{0}; }, "past the end"},
        {[](ImageParts& p) { p.code.p_filesz = 1 << 30; }, "past the end"},
        {[](ImageParts& p) { p.code.p_memsz = 1; }, "larger in the file"},
        {[](ImageParts& p) { p.code.p_memsz = 1 << 30; }, "does not lie in memory"},
        {[](ImageParts& p) { p.code.p_memsz = ~u64{0}; }, "does not lie in memory"},
        {[](ImageParts& p) { p.code.p_paddr = ~u64{0} - 2; }, "does not lie in memory"},
        {[](ImageParts& p) { p.code.p_paddr = 0xa'0000; }, "does not lie in memory"},
        {[](ImageParts& p) { p.code.p_paddr = 0x8'0000; }, "boot information"},
        {[](ImageParts& p) { p.code.p_type = PT_NULL; }, "nothing to load"},
        {[](ImageParts& p) { p.note.p_type = PT_NULL; }, "no PVH note"},
        {[](ImageParts& p) { p.pvh.name[0] = 'Y'; }, "no PVH note"},
        {[](ImageParts& p) { p.pvh.header.n_type = 1; }, "no PVH note"},
        {[](ImageParts& p) { p.pvh.header.n_descsz = 2; }, "has 2 bytes, expected 4 or 8"},
        {[](ImageParts& p) { p.pvh.header.n_descsz = 400; }, "runs out of its segment"},
        {[](ImageParts& p) { p.pvh.header.n_namesz = ~u32{0}; }, "runs out of its segment"},
        {[](ImageParts& p) { p.header.e_machine = EM_386; }, "machine 3, expected 62"},
        {[](ImageParts& p) { p.pvh.entry = 0x20'0000; }, "lies in no loadable segment"},
    };
    for (const Row& row : rows) {
        EXPECT_THAT(error_of(make_image(program, row.change)), HasSubstr(row.message));
    }
}

TEST(PvhLoader, RefusesWhatDoesNotFit) {
    const auto image = make_image(program);
    const std::vector<u8> large(16 * mib);
    const auto most = std::span{large}.first(15 * mib - 100);
    EXPECT_THAT(error_of(image, {{large}}), HasSubstr("initramfs: 16777216 bytes do not fit"));
    EXPECT_THAT(error_of(image, {{most}}), HasSubstr("do not fit")) << "it would lie on the kernel";
    const auto half = std::span{large}.first(8 * mib);
    EXPECT_THAT(error_of(image, {{half}, {half}}), HasSubstr("module: 8388608 bytes do not fit"));
    EXPECT_THAT(error_of(image, {}, std::string(70'000, 'x')), HasSubstr("at most 65536"));
    const std::vector<Module> wordy(3, {half.first(1), std::string(60'000, 'x')});
    EXPECT_THAT(error_of(image, wordy), HasSubstr("does not fit into 127 KiB"));
}

}  // namespace
}  // namespace ringfence::sim::machine::boot

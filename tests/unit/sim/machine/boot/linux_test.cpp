// SPDX-License-Identifier: MIT
// Linux's boot protocol: what a vmlinux and a bzImage find when they start.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "abi/linux_boot.h"
#include "sim/machine/boot/bzimage.h"
#include "tests/unit/sim/machine/boot/boot_memory.h"
#include "tests/unit/sim/machine/pvh_image.h"

namespace ringfence::sim::machine::boot {
namespace {

using namespace machine::testing;
using namespace boot::testing;
using abi::linux_boot::BootParameters;
using abi::linux_boot::SetupHeader;
using ::testing::HasSubstr;

constexpr u8 program[] = {0x90, 0xf4, 0xeb, 0xfd};
constexpr u64 setup_sectors = 3;
constexpr u64 code_at = (setup_sectors + 1) * 512;
constexpr u64 code_bytes = 0x1000;
constexpr u64 preferred = 0x40'0000;

SetupHeader good_header() {
    SetupHeader header{};
    header.setup_sects = setup_sectors;
    header.boot_flag = 0xaa55;
    header.header_end = sizeof(SetupHeader) - (0x202 - 0x1f1);
    header.header = 0x53726448;
    header.version = 0x020f;
    header.loadflags = 1;
    header.initrd_addr_max = 0x7fff'ffff;
    header.xloadflags = 1;
    header.cmdline_size = 2047;
    header.payload_offset = 0x300;
    header.payload_length = 0x200;
    header.pref_address = preferred;
    header.init_size = 0x20'0000;
    return header;
}

/// A bzImage whose code is 00H, 01H, ...
std::vector<u8> make_bzimage(const SetupHeader& header) {
    std::vector<u8> file(code_at + code_bytes);
    std::memcpy(file.data() + 0x1f1, &header, sizeof header);
    for (u64 i = 0; i < code_bytes; ++i) {
        file[code_at + i] = static_cast<u8>(i);
    }
    return file;
}

template <typename Change>
std::vector<u8> make_bzimage_with(Change change) {
    SetupHeader header = good_header();
    change(header);
    return make_bzimage(header);
}

BootParameters zero_page_of(memory::PhysicalMemory& memory, const StartState& state) {
    return memory.read<BootParameters>(PhysicalAddress{register_of(state, cpu::Gpr::Rsi)});
}

TEST(LinuxElf, StartsInLongModeWithTheZeroPageInRsi) {
    auto memory = make_memory(64 * mib);
    const auto image = make_image(program);
    const std::vector<u8> initramfs(5000, 0x5a);
    RandomSeed seed{};
    seed[31] = 0x77;
    const auto loaded = load(memory, {.protocol = Protocol::LinuxElf,
                                      .kernel = image,
                                      .command_line = "quiet pti=on",
                                      .modules = {{initramfs}},
                                      .random_seed = seed});
    ASSERT_TRUE(loaded.ok()) << loaded.error();
    const StartState& state = loaded.value();
    EXPECT_EQ(state.mode, StartState::Mode::Long64);
    EXPECT_EQ(state.entry.value(), load_address);
    EXPECT_EQ(state.code_selector, 0x10);
    EXPECT_EQ(state.data_selector, 0x18);
    EXPECT_EQ(memory.read<u64>(state.descriptor_table + 0x10), 0x00af'9b00'0000'ffffU);
    EXPECT_EQ(memory.read<u64>(state.descriptor_table + 0x18), 0x00cf'9300'0000'ffffU);
    EXPECT_EQ(state.descriptor_table_bytes, 32);

    const BootParameters page = zero_page_of(memory, state);
    EXPECT_EQ(u16{page.header.boot_flag}, 0xaa55);
    EXPECT_EQ(u32{page.header.header}, 0x53726448U);
    EXPECT_EQ(page.header.type_of_loader, 0xff);
    EXPECT_EQ(text_at(memory, page.header.cmd_line_ptr), "quiet pti=on");
    EXPECT_EQ(u32{page.header.ramdisk_size}, 5000U);
    EXPECT_EQ(u32{page.header.ramdisk_image}, 64 * mib - 8192);
    EXPECT_EQ(memory.read<u8>(PhysicalAddress{page.header.ramdisk_image + 4999}), 0x5a);
    const auto node =
        memory.read<abi::linux_boot::SetupData>(PhysicalAddress{page.header.setup_data});
    EXPECT_EQ(u32{node.type}, 9U);
    EXPECT_EQ(u32{node.length}, 32U);
    EXPECT_EQ(u64{node.next}, 0U);
    EXPECT_EQ(memory.read<u8>(PhysicalAddress{page.header.setup_data + sizeof node + 31}), 0x77);
}

TEST(LinuxElf, MapsTheFirst4GibOneToOne) {
    auto memory = make_memory();
    const auto image = make_image(program);
    const auto loaded = load(memory, {.protocol = Protocol::LinuxElf, .kernel = image});
    ASSERT_TRUE(loaded.ok()) << loaded.error();
    const auto entry = [&](u64 table, u64 index) {
        return memory.read<u64>(PhysicalAddress{(table & ~u64{0xfff}) + 8 * index});
    };
    const u64 pointers = entry(loaded.value().root.value(), 0);
    EXPECT_EQ(pointers & 0xfff, 3U);
    EXPECT_EQ(entry(loaded.value().root.value(), 1), 0U);
    for (u64 gigabyte = 0; gigabyte < 4; ++gigabyte) {
        const u64 directory = entry(pointers, gigabyte);
        EXPECT_EQ(directory & 0xfff, 3U);
        EXPECT_EQ(entry(directory, 0), gigabyte * gib | 0x83);
        EXPECT_EQ(entry(directory, 511), (gigabyte * gib + 511 * 2 * mib) | 0x83);
    }
    EXPECT_EQ(entry(pointers, 4), 0U);
}

TEST(LinuxElf, TellsOfAllMemory) {
    auto memory = make_memory(5 * gib);
    const auto image = make_image(program);
    const auto loaded = load(memory, {.protocol = Protocol::LinuxElf, .kernel = image});
    ASSERT_TRUE(loaded.ok());
    const BootParameters page = zero_page_of(memory, loaded.value());
    ASSERT_EQ(page.e820_entries, 4);
    const u64 expected[][3] = {{0, 0x9fc00, 1},
                               {0x9fc00, 0x60400, 2},
                               {1 * mib, 3 * gib - 1 * mib, 1},
                               {4 * gib, 2 * gib, 1}};
    for (unsigned i = 0; i < 4; ++i) {
        EXPECT_EQ(u64{page.e820_table[i].address}, expected[i][0]);
        EXPECT_EQ(u64{page.e820_table[i].size}, expected[i][1]);
        EXPECT_EQ(static_cast<u64>(page.e820_table[i].type), expected[i][2]);
    }
}

TEST(LinuxElf, A32BitKernelStartsWithoutPaging) {
    auto memory = make_memory();
    const auto image = make_image32(program);
    const auto loaded = load(memory, {.protocol = Protocol::LinuxElf, .kernel = image});
    ASSERT_TRUE(loaded.ok()) << loaded.error();
    EXPECT_EQ(loaded.value().mode, StartState::Mode::Protected32);
    EXPECT_EQ(loaded.value().entry.value(), load_address);
    EXPECT_EQ(u32{zero_page_of(memory, loaded.value()).header.header}, 0x53726448U);
}

TEST(LinuxElf, AVirtualEntryPointIsTranslated) {
    auto memory = make_memory();
    const auto image = make_image(program, [](ImageParts& parts) {
        parts.code.p_vaddr = 0xffff'ffff'8100'0000;
        parts.header.e_entry = 0xffff'ffff'8100'0001;
    });
    const auto loaded = load(memory, {.protocol = Protocol::LinuxElf, .kernel = image});
    ASSERT_TRUE(loaded.ok()) << loaded.error();
    EXPECT_EQ(loaded.value().entry.value(), load_address + 1);
}

TEST(LinuxElf, SaysWhatIsWrong) {
    const auto image = make_image(program);
    const auto error = [](const std::vector<u8>& kernel) {
        return load_error({.protocol = Protocol::LinuxElf, .kernel = kernel});
    };
    EXPECT_THAT(error(make_image(program, [](ImageParts& p) { p.header.e_entry = 0x300'0000; })),
                HasSubstr("entry point 0x3000000 lies in no loadable segment"));
    EXPECT_THAT(load_error({.protocol = Protocol::LinuxElf,
                            .kernel = image,
                            .command_line = std::string(2048, 'x')}),
                HasSubstr("2048 bytes, this kernel takes 2047"));
    const std::vector<u8> module(1);
    EXPECT_THAT(
        load_error(
            {.protocol = Protocol::LinuxElf, .kernel = image, .modules = {{module}, {module}}}),
        HasSubstr("2 modules: Linux takes one"));
}

TEST(Bzimage, StartsAtIts64BitEntryWithItsOwnHeader) {
    auto memory = make_memory();
    const auto file = make_bzimage(good_header());
    const auto loaded =
        load(memory, {.protocol = Protocol::BzImage, .kernel = file, .command_line = "a"});
    ASSERT_TRUE(loaded.ok()) << loaded.error();
    EXPECT_EQ(loaded.value().mode, StartState::Mode::Long64);
    EXPECT_EQ(loaded.value().entry.value(), preferred + 0x200);
    EXPECT_EQ(memory.read<u8>(PhysicalAddress{preferred + 0x201}), 1);
    const BootParameters page = zero_page_of(memory, loaded.value());
    EXPECT_EQ(page.header.setup_sects, setup_sectors);
    EXPECT_EQ(u32{page.header.init_size}, 0x20'0000U);
    EXPECT_EQ(u32{page.header.code32_start}, preferred);
    EXPECT_EQ(text_at(memory, page.header.cmd_line_ptr), "a");
}

TEST(Bzimage, WithoutA64BitEntryItStartsInProtectedMode) {
    auto memory = make_memory();
    const auto file = make_bzimage_with([](SetupHeader& header) { header.xloadflags = 0; });
    const auto loaded = load(memory, {.protocol = Protocol::BzImage, .kernel = file});
    ASSERT_TRUE(loaded.ok()) << loaded.error();
    EXPECT_EQ(loaded.value().mode, StartState::Mode::Protected32);
    EXPECT_EQ(loaded.value().entry.value(), preferred);
}

TEST(Bzimage, OldHeadersStandForWhatTheProtocolSaid) {
    const auto image =
        BzImage::parse(make_bzimage_with([](SetupHeader& header) { header.version = 0x0202; }));
    ASSERT_TRUE(image.ok());
    EXPECT_EQ(u64{image.value().header.pref_address}, 0x10'0000U);
    EXPECT_EQ(u32{image.value().header.init_size}, 0U);
    EXPECT_EQ(u32{image.value().header.cmdline_size}, 255U);
    EXPECT_EQ(u32{image.value().header.initrd_addr_max}, 0x37ff'ffffU);
    EXPECT_FALSE(image.value().has_64_bit_entry());
    EXPECT_FALSE(image.value().payload().ok());
    // A header that ends early: what follows it is code, not fields.
    const auto short_header =
        BzImage::parse(make_bzimage_with([](SetupHeader& header) { header.header_end = 0x24; }));
    ASSERT_TRUE(short_header.ok());
    EXPECT_EQ(u32{short_header.value().header.payload_length}, 0U);
}

TEST(Bzimage, GivesItsPayload) {
    const auto file = make_bzimage(good_header());
    const auto image = BzImage::parse(file);
    ASSERT_TRUE(image.ok());
    const auto payload = image.value().payload();
    ASSERT_TRUE(payload.ok());
    EXPECT_EQ(payload.value().data(), file.data() + code_at + 0x300);
    EXPECT_EQ(payload.value().size(), 0x200U);
}

TEST(Bzimage, SaysWhatIsWrong) {
    struct Row {
        void (*change)(SetupHeader&);
        const char* message;
    };
    const Row rows[] = {
        {[](SetupHeader& h) { h.header = 0; }, "no \"HdrS\" at offset 0x202"},
        {[](SetupHeader& h) { h.boot_flag = 0x1234; }, "0x1234 at offset 0x1fe, expected 0xaa55"},
        {[](SetupHeader& h) { h.version = 0x0109; }, "a zImage for low memory (protocol 1.9)"},
        {[](SetupHeader& h) { h.loadflags = 0; }, "a zImage for low memory"},
        {[](SetupHeader& h) { h.setup_sects = 200; }, "its code begins at 102912: truncated?"},
        {[](SetupHeader& h) {
             h.pref_address = 0x8'0000;
             h.init_size = 0;
         },
         "where the boot information goes"},
        {[](SetupHeader& h) { h.pref_address = ~u64{0}; }, "does not lie in memory"},
        {[](SetupHeader& h) { h.init_size = 64 << 20; }, "does not lie in memory"},
    };
    for (const Row& row : rows) {
        const auto file = make_bzimage_with(row.change);
        EXPECT_THAT(load_error({.protocol = Protocol::BzImage, .kernel = file}),
                    HasSubstr(row.message));
    }
    const auto far = make_bzimage_with([](SetupHeader& h) { h.pref_address = 5 * gib; });
    EXPECT_THAT(load_error({.protocol = Protocol::BzImage, .kernel = far}, 6 * gib),
                HasSubstr("beyond 4 GiB"));
    const auto outside = make_bzimage_with([](SetupHeader& h) { h.payload_length = 0xf00; });
    EXPECT_THAT(BzImage::parse(outside).value().payload().error(), HasSubstr("past the end"));
}

TEST(Bzimage, NeverCrashesOnADamagedFile) {
    const auto file = make_bzimage(good_header());
    std::mt19937 random{1};
    for (usize length = 0; length < file.size(); length += 1 + length / 16) {
        auto memory = make_memory();
        const auto cut = std::span{file}.first(length);
        const auto loaded = load(memory, {.protocol = Protocol::BzImage, .kernel = cut});
        EXPECT_TRUE(length >= code_at || !loaded.ok()) << length;
    }
    for (int round = 0; round < 5'000; ++round) {
        auto damaged = file;
        for (int i = 0; i < 1 + round % 4; ++i) {
            damaged[0x1f1 + random() % sizeof(SetupHeader)] = static_cast<u8>(random());
        }
        auto memory = make_memory();
        const auto loaded = load(memory, {.protocol = Protocol::BzImage, .kernel = damaged});
        if (loaded.ok()) {
            EXPECT_TRUE(memory.is_ram(loaded.value().entry));
        } else {
            EXPECT_FALSE(loaded.error().empty());
        }
        const auto image = BzImage::parse(damaged);
        if (image.ok() && image.value().payload().ok()) {
            const auto payload = image.value().payload().value();
            EXPECT_LE(payload.data() + payload.size(), damaged.data() + damaged.size());
        }
    }
}

}  // namespace
}  // namespace ringfence::sim::machine::boot

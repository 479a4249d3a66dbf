// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "abi/multiboot.h"
#include "sim/machine/boot/multiboot_header.h"
#include "tests/unit/sim/machine/boot/boot_memory.h"
#include "tests/unit/sim/machine/pvh_image.h"

namespace ringfence::sim::machine::boot {
namespace {

using namespace machine::testing;
using namespace boot::testing;
using abi::multiboot::Header;
using abi::multiboot::Information;
using ::testing::HasSubstr;

constexpr u32 magic = 0x1badb002;
constexpr u32 with_addresses = 1U << 16;

Header header_with(u32 flags) {
    Header header{};
    header.magic = magic;
    header.flags = flags;
    header.checksum = 0U - magic - flags;
    return header;
}

/// An ELF file whose code begins with the header.
std::vector<u8> make_elf(u32 flags, bool is_64 = false) {
    const Header header = header_with(flags);
    std::vector<u8> code(12);
    std::memcpy(code.data(), &header, code.size());
    code.insert(code.end(), {0xf4, 0xeb, 0xfd});
    return is_64 ? make_image(code) : make_image32(code);
}

/// A file without structure: some bytes, the header, code. Loads at 2 MiB from its `skipped`-th
/// byte on.
template <typename Change>
std::vector<u8> make_flat(Change change) {
    constexpr u32 base = 0x20'0000;
    constexpr u32 header_at = 0x40;
    std::vector<u8> file(0x200, 0xcc);
    Header header = header_with(with_addresses);
    header.header_address = base + header_at - 0x10;
    header.load_address = base;
    header.load_end_address = base + 0x100;
    header.bss_end_address = base + 0x4000;
    header.entry_address = base + 0x60;
    change(header);
    std::memcpy(file.data() + header_at, &header, sizeof header);
    file[0x10] = 0x11;  // the first that is loaded
    return file;
}

std::vector<u8> make_flat() {
    return make_flat([](Header&) {});
}

std::string error_of(const std::vector<u8>& kernel) {
    return load_error({.protocol = Protocol::Multiboot, .kernel = kernel});
}

TEST(Multiboot, StartsWithTheInformationInEbx) {
    for (const bool is_64 : {false, true}) {
        auto memory = make_memory();
        const auto kernel = make_elf(3, is_64);
        const std::vector<u8> first(5000, 0x5a);
        const std::vector<u8> second(3, 0x77);
        const auto loaded = load(memory, {.protocol = Protocol::Multiboot,
                                          .kernel = kernel,
                                          .command_line = "kernel.elf one two",
                                          .modules = {{first, "env"}, {second, "b c"}}});
        ASSERT_TRUE(loaded.ok()) << loaded.error();
        const StartState& state = loaded.value();
        EXPECT_EQ(state.mode, StartState::Mode::Protected32);
        EXPECT_EQ(state.entry.value(), load_address);
        EXPECT_EQ(register_of(state, cpu::Gpr::Rax), 0x2badb002U);
        const auto information =
            memory.read<Information>(PhysicalAddress{register_of(state, cpu::Gpr::Rbx)});
        EXPECT_EQ(information.flags, 0x24dU) << "memory, command line, modules, map, loader name";
        EXPECT_EQ(information.memory_lower, 639U);
        EXPECT_EQ(information.memory_upper, 15U * 1024);
        EXPECT_EQ(text_at(memory, information.command_line), "kernel.elf one two");
        EXPECT_EQ(text_at(memory, information.loader_name), "ringfence");

        ASSERT_EQ(information.module_count, 2U);
        const auto a = memory.read<abi::multiboot::Module>(PhysicalAddress{information.modules});
        const auto b =
            memory.read<abi::multiboot::Module>(PhysicalAddress{information.modules + 16});
        EXPECT_EQ(a.first % 4096, 0U);
        EXPECT_GT(a.first, load_address) << "behind the kernel, so that what follows is free";
        EXPECT_EQ(a.end, a.first + 5000);
        EXPECT_EQ(memory.read<u8>(PhysicalAddress{a.end - 1}), 0x5a);
        EXPECT_EQ(text_at(memory, a.command_line), "env");
        EXPECT_EQ(b.first, a.first + 8192);
        EXPECT_EQ(b.end, b.first + 3);
        EXPECT_EQ(text_at(memory, b.command_line), "b c");
    }
}

TEST(Multiboot, TheMemoryMapCoversExactlyTheRam) {
    auto memory = make_memory(5 * gib);
    const auto kernel = make_elf(0);
    const auto loaded = load(memory, {.protocol = Protocol::Multiboot, .kernel = kernel});
    ASSERT_TRUE(loaded.ok()) << loaded.error();
    const auto information =
        memory.read<Information>(PhysicalAddress{register_of(loaded.value(), cpu::Gpr::Rbx)});
    u64 usable = 0;
    for (u32 at = 0; at < information.memory_map_bytes;) {
        const auto row = memory.read<abi::multiboot::MemoryMapEntry>(
            PhysicalAddress{information.memory_map + at});
        at += row.size + 4;
        if (row.type == abi::multiboot::MemoryType::Ram) {
            EXPECT_TRUE(memory.is_ram(PhysicalAddress{row.address}, row.bytes));
            usable += row.bytes;
        }
    }
    EXPECT_EQ(usable, 5 * gib - (0x10'0000 - 0x9'fc00));
    EXPECT_EQ(information.memory_upper, (3 * gib - 1 * mib) / 1024) << "up to the device hole";
    EXPECT_EQ(information.module_count, 0U);
}

TEST(Multiboot, AFlatFileIsLoadedByItsHeader) {
    auto memory = make_memory();
    const auto kernel = make_flat();
    const auto loaded = load(memory, {.protocol = Protocol::Multiboot, .kernel = kernel});
    ASSERT_TRUE(loaded.ok()) << loaded.error();
    EXPECT_EQ(loaded.value().entry.value(), 0x20'0060U);
    EXPECT_EQ(memory.read<u8>(PhysicalAddress{0x20'0000}), 0x11);
    EXPECT_EQ(memory.read<u8>(PhysicalAddress{0x20'00ff}), 0xcc);
    EXPECT_EQ(memory.read<u8>(PhysicalAddress{0x20'0100}), 0);
    // Without an end, all of the file is loaded.
    auto other = make_memory();
    const auto whole = make_flat([](Header& header) { header.load_end_address = 0; });
    ASSERT_TRUE(load(other, {.protocol = Protocol::Multiboot, .kernel = whole}).ok());
    EXPECT_EQ(other.read<u8>(PhysicalAddress{0x20'01ef}), 0xcc);
    EXPECT_EQ(other.read<u8>(PhysicalAddress{0x20'01f0}), 0);
}

TEST(Multiboot, SaysWhatIsWrong) {
    EXPECT_THAT(error_of(make_image(std::vector<u8>(4))), HasSubstr("no multiboot header"));
    EXPECT_THAT(error_of({}), HasSubstr("no multiboot header"));
    EXPECT_THAT(error_of(make_elf(0x11)), HasSubstr("requires features 0x10"));
    struct Row {
        void (*change)(Header&);
        const char* message;
    };
    const Row rows[] = {
        {[](Header& h) { h.load_address = 0x30'0000; }, "loading begins at 0x300000"},
        {[](Header& h) { h.load_address = 0x10'0000; }, "loading begins at 0x100000"},
        {[](Header& h) { h.load_end_address = 0x20'0400; }, "the file has 496 bytes"},
        {[](Header& h) { h.load_end_address = 1; }, "the file has 496 bytes"},
        {[](Header& h) { h.bss_end_address = 0xffff'0000; }, "does not lie in memory"},
        {[](Header& h) { h.entry_address = 0x20'4000; }, "entry point 0x204000"},
    };
    for (const Row& row : rows) {
        EXPECT_THAT(error_of(make_flat(row.change)), HasSubstr(row.message));
    }
    std::vector<u8> late(8192 + 64);
    const Header header = header_with(with_addresses);
    std::memcpy(late.data() + 8192 - 16, &header, sizeof header);
    EXPECT_THAT(error_of(late), HasSubstr("past the first 8192 bytes"));
}

TEST(Multiboot, NeverCrashesOnADamagedFile) {
    std::mt19937 random{1};
    for (const auto& file : {make_flat(), make_elf(3)}) {
        for (int round = 0; round < 5'000; ++round) {
            auto damaged = file;
            damaged.resize(round % 3 == 0 ? random() % damaged.size() : damaged.size());
            for (int i = 0; i < round % 4 && !damaged.empty(); ++i) {
                damaged[random() % std::min<usize>(damaged.size(), 0xa0)] =
                    static_cast<u8>(random());
            }
            // A header that fits again, so that more than the checksum is tried.
            Header header = header_with(with_addresses | (random() % 8));
            header.header_address = static_cast<u32>(random());
            header.load_address = header.header_address - random() % 0x80;
            header.load_end_address = header.load_address + random() % 0x400;
            if (round % 2 == 0 && damaged.size() >= 0x80) {
                std::memcpy(damaged.data() + 0x40, &header, sizeof header);
            }
            auto memory = make_memory(2 * mib);
            const auto loaded = load(memory, {.protocol = Protocol::Multiboot, .kernel = damaged});
            if (loaded.ok()) {
                EXPECT_TRUE(memory.is_ram(loaded.value().entry));
            } else {
                EXPECT_FALSE(loaded.error().empty());
            }
        }
    }
}

}  // namespace
}  // namespace ringfence::sim::machine::boot

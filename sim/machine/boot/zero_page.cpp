// SPDX-License-Identifier: MIT
#include "sim/machine/boot/zero_page.h"

#include <fmt/format.h>

#include <array>

#include "arch/x86/pte_4level.h"
#include "arch/x86/segment_descriptor.h"
#include "sim/machine/boot/memory_map.h"

namespace ringfence::sim::machine::boot {

using abi::linux_boot::BootParameters;
using abi::linux_boot::E820Entry;
using abi::linux_boot::E820Type;
using abi::linux_boot::SetupData;
using abi::linux_boot::SetupHeader;
using arch::x86::SegmentDescriptor;

namespace {

Result<void, std::string> put_initramfs(GuestSpace& space, const Source& source,
                                        SetupHeader& header) {
    if (source.modules.size() > 1) {
        return Error{
            fmt::format("{} modules: Linux takes one, its initramfs", source.modules.size())};
    }
    if (source.modules.empty() || source.modules.front().content.empty()) {
        return {};
    }
    const std::span<const u8> content = source.modules.front().content;
    const PhysicalAddress limit{u64{header.initrd_addr_max} + 1};
    RF_TRY_ASSIGN(at, space.put_high(content, limit, "initramfs"));
    header.ramdisk_image = static_cast<u32>(at.value());
    header.ramdisk_size = static_cast<u32>(content.size());
    return {};
}

Result<void, std::string> put_command_line(GuestSpace& space, const Source& source,
                                           SetupHeader& header) {
    if (source.command_line.size() > header.cmdline_size) {
        return Error{fmt::format("kernel command line: {} bytes, this kernel takes {}",
                                 source.command_line.size(), u32{header.cmdline_size})};
    }
    RF_TRY_ASSIGN(text, space.put_text_in_boot_area(source.command_line));
    header.cmd_line_ptr = static_cast<u32>(text.value());
    return {};
}

Result<void, std::string> put_seed(GuestSpace& space, const Source& source, SetupHeader& header) {
    if (!source.random_seed) {
        return {};
    }
    struct {
        SetupData head;
        RandomSeed seed;
    } const node{
        .head = {.next = 0, .type = abi::linux_boot::setup_rng_seed, .length = sizeof(RandomSeed)},
        .seed = *source.random_seed};
    RF_TRY_ASSIGN(at, space.put_in_boot_area(node));
    header.setup_data = at.value();
    return {};
}

void describe_memory(const memory::RamLayout& layout, BootParameters& parameters) {
    for (const MemoryRange& range : memory_map(layout)) {
        parameters.e820_table[parameters.e820_entries++] = E820Entry{
            range.address, range.bytes, range.is_ram ? E820Type::Ram : E820Type::Reserved};
    }
}

/// Maps the first 4 GiB one to one in pages of 2 MiB. The answer is the root.
GuestSpace::Place put_identity_map(GuestSpace& space) {
    using arch::x86::Pte4Level;
    constexpr u64 directories = 4;
    constexpr u64 entries = 512;
    constexpr u64 large_page = 2 * mib;
    RF_TRY_ASSIGN(root,
                  space.take_boot_area((2 + directories) * memory::page_size, memory::page_size));
    const PhysicalAddress pointers = root + memory::page_size;
    const PhysicalAddress first_directory = pointers + memory::page_size;
    const u64 rights = Pte4Level::present.mask | Pte4Level::writable.mask;
    memory::PhysicalMemory& memory = space.memory();
    memory.write(root, pointers.value() | rights);
    for (u64 i = 0; i < directories; ++i) {
        const PhysicalAddress directory = first_directory + i * memory::page_size;
        memory.write(pointers + i * sizeof(u64), directory.value() | rights);
        for (u64 j = 0; j < entries; ++j) {
            const u64 page = (i * entries + j) * large_page;
            memory.write(directory + j * sizeof(u64), page | rights | Pte4Level::page_size.mask);
        }
    }
    return root;
}

}  // namespace

GuestSpace::Place put_zero_page(GuestSpace& space, const Source& source, SetupHeader header) {
    RF_TRY_ASSIGN(at, space.take_boot_area(sizeof(BootParameters), memory::page_size));
    RF_TRY(put_initramfs(space, source, header));
    RF_TRY(put_command_line(space, source, header));
    RF_TRY(put_seed(space, source, header));
    header.type_of_loader = abi::linux_boot::undefined_loader;
    header.vid_mode = abi::linux_boot::normal_video_mode;
    BootParameters parameters{};
    parameters.header = header;
    describe_memory(space.memory().layout(), parameters);
    space.memory().write(at, parameters);
    return at;
}

Result<StartState, std::string> start_linux_64(GuestSpace& space, PhysicalAddress entry,
                                               PhysicalAddress zero_page) {
    RF_TRY_ASSIGN(root, put_identity_map(space));
    const std::array<u64, 4> descriptors = {0, 0, SegmentDescriptor::flat_code64(0),
                                            SegmentDescriptor::flat_data(0)};
    RF_TRY_ASSIGN(table, space.put_in_boot_area(descriptors));
    StartState state;
    state.mode = StartState::Mode::Long64;
    state.entry = entry;
    state.code_selector = abi::linux_boot::code_selector;
    state.data_selector = abi::linux_boot::data_selector;
    state.registers = {{cpu::Gpr::Rsi, zero_page.value()}};
    state.root = root;
    state.descriptor_table = table;
    state.descriptor_table_bytes = sizeof descriptors;
    return state;
}

StartState start_linux_32(PhysicalAddress entry, PhysicalAddress zero_page) {
    StartState state;
    state.entry = entry;
    state.code_selector = abi::linux_boot::code_selector;
    state.data_selector = abi::linux_boot::data_selector;
    state.registers = {{cpu::Gpr::Rsi, zero_page.value()}};
    return state;
}

}  // namespace ringfence::sim::machine::boot

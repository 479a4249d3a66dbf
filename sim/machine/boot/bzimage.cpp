// SPDX-License-Identifier: MIT
#include "sim/machine/boot/bzimage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "sim/machine/boot/zero_page.h"

namespace ringfence::sim::machine::boot {

using abi::linux_boot::SetupHeader;

namespace {

/// [linux/boot]: protocol versions that this loader tells apart
constexpr u16 version_loaded_high = 0x0200;
constexpr u16 version_initrd_addr_max = 0x0203;
constexpr u16 version_cmdline_size = 0x0206;
constexpr u16 version_payload = 0x0208;
constexpr u16 version_pref_address = 0x020a;
constexpr u16 version_xloadflags = 0x020c;

constexpr u32 old_initramfs_end = 0x37ff'ffff;
constexpr u32 old_command_line_bytes = 255;
constexpr u64 high_load_address = 0x10'0000;

/// Reads what the file has of a header.
SetupHeader read_header(std::span<const u8> file) {
    using abi::linux_boot::header_end_base;
    using abi::linux_boot::header_offset;
    SetupHeader header{};
    const std::span<const u8> there = file.subspan(header_offset);
    std::memcpy(&header, there.data(), std::min(there.size(), sizeof header));
    // The header says where it ends; what follows it is code.
    const u64 own = header_end_base - header_offset + header.header_end;
    if (own < sizeof header) {
        std::memset(reinterpret_cast<u8*>(&header) + own, 0, sizeof header - own);
    }
    return header;
}

void fill_in_old_fields(SetupHeader& header) {
    if (header.version < version_initrd_addr_max) {
        header.initrd_addr_max = old_initramfs_end;
    }
    if (header.version < version_cmdline_size) {
        header.cmdline_size = old_command_line_bytes;
    }
    if (header.version < version_payload) {
        header.payload_offset = 0;
        header.payload_length = 0;
    }
    if (header.version < version_pref_address) {
        header.pref_address = high_load_address;
        header.init_size = 0;
    }
    if (header.version < version_xloadflags) {
        header.xloadflags = 0;
    }
}

}  // namespace

bool BzImage::is_one(std::span<const u8> file) {
    constexpr u64 magic_offset = abi::linux_boot::header_offset + offsetof(SetupHeader, header);
    u32 magic = 0;
    if (file.size() < magic_offset + sizeof magic) {
        return false;
    }
    std::memcpy(&magic, file.data() + magic_offset, sizeof magic);
    return magic == abi::linux_boot::header_magic;
}

Result<BzImage, std::string> BzImage::parse(std::span<const u8> file) {
    if (!is_one(file)) {
        return Error{std::string{"kernel: not a bzImage: no \"HdrS\" at offset 0x202"}};
    }
    SetupHeader header = read_header(file);
    if (header.boot_flag != abi::linux_boot::boot_flag) {
        return Error{fmt::format("kernel: not a bzImage: {:#x} at offset 0x1fe, expected {:#x}",
                                 u16{header.boot_flag}, abi::linux_boot::boot_flag)};
    }
    if (header.version < version_loaded_high ||
        !abi::linux_boot::LoadFlags::loaded_high.test(header.loadflags)) {
        return Error{
            fmt::format("kernel: a zImage for low memory (protocol {}.{}), which is not "
                        "supported",
                        header.version >> 8, header.version & 0xff)};
    }
    fill_in_old_fields(header);
    const u64 sectors =
        header.setup_sects != 0 ? header.setup_sects : abi::linux_boot::default_setup_sectors;
    const u64 setup_bytes = (sectors + 1) * abi::linux_boot::sector_bytes;
    if (setup_bytes >= file.size()) {
        return Error{fmt::format("kernel: {} bytes, but its code begins at {}: truncated?",
                                 file.size(), setup_bytes)};
    }
    return BzImage{header, file.subspan(setup_bytes)};
}

Result<std::span<const u8>, std::string> BzImage::payload() const {
    const u64 offset = header.payload_offset;
    const u64 length = header.payload_length;
    if (length == 0) {
        return Error{
            fmt::format("kernel: its header (protocol {}.{}) does not say where the "
                        "compressed kernel is",
                        header.version >> 8, header.version & 0xff)};
    }
    if (offset > code.size() || code.size() - offset < length) {
        return Error{
            fmt::format("kernel: the compressed kernel ({} bytes at {} of the code) lies "
                        "past the end of the file: truncated?",
                        length, offset)};
    }
    return code.subspan(offset, length);
}

bool BzImage::has_64_bit_entry() const {
    return abi::linux_boot::ExtendedLoadFlags::kernel_64.test(header.xloadflags);
}

}  // namespace ringfence::sim::machine::boot

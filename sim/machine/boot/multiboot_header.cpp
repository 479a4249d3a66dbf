// SPDX-License-Identifier: MIT
#include "sim/machine/boot/multiboot_header.h"

#include <algorithm>
#include <cstring>

namespace ringfence::sim::machine::boot {

using abi::multiboot::Header;
using abi::multiboot::HeaderFlags;
using abi::multiboot::short_header_bytes;

Result<MultibootHeader, std::string> find_multiboot_header(std::span<const u8> file) {
    const u64 end = std::min<u64>(file.size(), abi::multiboot::search_bytes);
    for (u64 offset = 0; offset + short_header_bytes <= end; offset += alignof(u32)) {
        Header header{};
        std::memcpy(&header, file.data() + offset, short_header_bytes);
        if (header.magic != abi::multiboot::header_magic ||
            header.magic + header.flags + header.checksum != 0) {
            continue;
        }
        if (HeaderFlags::has_addresses.test(header.flags)) {
            if (offset + sizeof header > end) {
                return Error{std::string{
                    "kernel: its multiboot header runs past the end of the file, or past the first "
                    "8192 bytes"}};
            }
            std::memcpy(&header, file.data() + offset, sizeof header);
        }
        return MultibootHeader{header, offset};
    }
    return Error{
        std::string{"kernel: no multiboot header (version 1) in the first 8192 bytes of the file"}};
}

}  // namespace ringfence::sim::machine::boot

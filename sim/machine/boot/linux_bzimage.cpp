// SPDX-License-Identifier: MIT
// A bzImage as a boot loader starts it: its own code finds a place, decompresses and relocates the
// kernel. [linux/boot]
#include <fmt/format.h>

#include <algorithm>

#include "sim/machine/boot/bzimage.h"
#include "sim/machine/boot/protocols.h"
#include "sim/machine/boot/zero_page.h"

namespace ringfence::sim::machine::boot {

Loaded load_bzimage(memory::PhysicalMemory& memory, const Source& source) {
    RF_TRY_ASSIGN(image, BzImage::parse(source.kernel));
    GuestSpace space{memory};
    const PhysicalAddress at{image.header.pref_address};
    // Decompression takes place within init_size bytes from there.
    const u64 needed = std::max<u64>(image.code.size(), image.header.init_size);
    RF_TRY(space.put_at(at, image.code, needed, "kernel: the code"));
    image.header.code32_start = static_cast<u32>(at.value());
    RF_TRY_ASSIGN(zero_page, put_zero_page(space, source, image.header));
    if (!image.has_64_bit_entry()) {
        return start_linux_32(at, zero_page);
    }
    const PhysicalAddress entry = at + abi::linux_boot::entry_64_offset;
    if (image.code.size() <= abi::linux_boot::entry_64_offset) {
        return Error{
            fmt::format("kernel: its 64-bit entry point lies past the end of its {} bytes "
                        "of code",
                        image.code.size())};
    }
    return start_linux_64(space, entry, zero_page);
}

}  // namespace ringfence::sim::machine::boot

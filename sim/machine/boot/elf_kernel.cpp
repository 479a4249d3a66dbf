// SPDX-License-Identifier: MIT
#include "sim/machine/boot/elf_kernel.h"

#include <fmt/format.h>

namespace ringfence::sim::machine::boot {

using observe::ElfSegment;
using observe::ElfView;

Result<ElfView, std::string> load_elf_kernel(GuestSpace& space, std::span<const u8> file) {
    auto parsed = ElfView::parse(file);
    if (!parsed.ok()) {
        return Error{"kernel: " + parsed.error()};
    }
    bool loaded = false;
    for (const ElfSegment& segment : parsed.value().segments()) {
        if (segment.type != ElfView::segment_load || segment.memory_bytes == 0) {
            continue;
        }
        if (segment.memory_bytes < segment.file_bytes) {
            return Error{
                fmt::format("kernel: the segment at {:#x} is larger in the file ({} bytes) than in "
                            "memory ({})",
                            segment.physical_address, segment.file_bytes, segment.memory_bytes)};
        }
        RF_TRY(space.put_at(PhysicalAddress{segment.physical_address}, segment.content,
                            segment.memory_bytes, "kernel: the segment"));
        loaded = true;
    }
    if (!loaded) {
        return Error{std::string{"kernel: nothing to load: no loadable segment"}};
    }
    return parsed;
}

}  // namespace ringfence::sim::machine::boot

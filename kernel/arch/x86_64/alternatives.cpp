// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/alternatives.h"

#include <cstring>

#include "kernel/arch/x86_64/layout.h"

namespace {

/// Rows that the ALTERNATIVE macro emits.
struct Site {
    ringfence::u64 address;
    ringfence::kernel::arch::Alternative feature;
    ringfence::u32 length;
};

}  // namespace

extern "C" {
extern const Site __alternatives_start[];
extern const Site __alternatives_end[];
}

namespace ringfence::kernel::arch {

namespace {

/// The recommended NOP of each length. [intel/vol2]: NOP, table 4-12
constexpr usize longest_nop = 9;
constexpr u8 nops[longest_nop][longest_nop] = {
    {0x90},
    {0x66, 0x90},
    {0x0f, 0x1f, 0x00},
    {0x0f, 0x1f, 0x40, 0x00},
    {0x0f, 0x1f, 0x44, 0x00, 0x00},
    {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
    {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
    {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
};

}  // namespace

void write_nops(u8* text, usize length) {
    while (length > 0) {
        const usize part = length < longest_nop ? length : longest_nop;
        std::memcpy(text, nops[part - 1], part);
        text += part;
        length -= part;
    }
}

u8* loaded_text(VirtualAddress address) {
    const VirtualAddress region = symbol_address(__entry_region_start);
    if (address >= region) {
        const u64 load = reinterpret_cast<u64>(__entry_load);
        return direct_map(PhysicalAddress{load + (address - region)});
    }
    return direct_map(PhysicalAddress{address - kernel_base()});
}

void apply_alternatives(AlternativeSet kept) {
    for (const Site* site = __alternatives_start; site != __alternatives_end; ++site) {
        if (!kept.keeps(site->feature)) {
            write_nops(loaded_text(VirtualAddress{site->address}), site->length);
        }
    }
}

}  // namespace ringfence::kernel::arch

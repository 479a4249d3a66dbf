// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/symbols.h"

#include "kernel/arch/x86_64/layout.h"

namespace {

/// One row, in order of address.
struct Row {
    ringfence::u32 offset;  ///< from the link's __kernel_base
    ringfence::u32 name;    ///< offset of a NUL-terminated text in the names
};

}  // namespace

extern "C" {
/// Made by embed_symbols.py (kernel_symbols.S); the first link has an empty table.
extern const ringfence::u32 kernel_symbol_count;
extern const Row kernel_symbol_rows[];
extern const char kernel_symbol_names[];
}

namespace ringfence::kernel::arch {

namespace {

/// Where the linker put what lies at `address`: the entry region and the gates stay there.
u64 linked_offset(VirtualAddress address) {
    const bool moves = address < symbol_address(__entry_region_start);
    return address - (moves ? kernel_base() : linked_kernel_base);
}

}  // namespace

bool is_kernel_text(VirtualAddress address) {
    const auto within = [address](const u8* start, const u8* end) {
        return address >= symbol_address(start) && address < symbol_address(end);
    };
    return within(__text_start, __text_end) || within(__entry_text_start, __entry_text_end) ||
           within(__exit_text_start, __exit_text_end) || within(__gate_text_start, __gate_text_end);
}

Symbol find_symbol(VirtualAddress address) {
    if (!is_kernel_text(address) || kernel_symbol_count == 0) {
        return {};
    }
    const u64 wanted = linked_offset(address);
    u32 low = 0;
    u32 high = kernel_symbol_count;
    while (high - low > 1) {
        const u32 middle = low + (high - low) / 2;
        (kernel_symbol_rows[middle].offset <= wanted ? low : high) = middle;
    }
    const Row& row = kernel_symbol_rows[low];
    if (row.offset > wanted) {
        return {};
    }
    return {kernel_symbol_names + row.name, wanted - row.offset};
}

}  // namespace ringfence::kernel::arch

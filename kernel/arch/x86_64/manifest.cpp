// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/manifest.h"

#include <algorithm>

#include "kernel/arch/x86_64/entry_area.h"
#include "kernel/arch/x86_64/isolation.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/ldt.h"

namespace ringfence::kernel::arch {

namespace {

constexpr usize text_parts = 2;
constexpr usize area_parts = std::ranges::count_if(entry_area_parts, &EntryAreaPart::in_manifest);
ManifestEntry entries[text_parts + area_parts];
bool built = false;

PhysicalAddress entry_region_frame(VirtualAddress address) {
    return PhysicalAddress{reinterpret_cast<u64>(__entry_load)} +
           (address - symbol_address(__entry_region_start));
}

ManifestEntry text(const u8* start, const u8* end, std::string_view name) {
    const VirtualAddress first = symbol_address(start);
    return {first,
            entry_region_frame(first),
            symbol_address(end) - first,
            {.executable = true, .global = isolation().global_pages},
            name};
}

ManifestEntry area(const EntryAreaPart& part) {
    return {entry_area_address(part.page),
            entry_area_frame(part.page),
            4 * kib,
            {.writable = part.writable, .global = isolation().global_pages},
            part.name};
}

void build() {
    entries[0] = text(__entry_text_start, __entry_text_end, "entry_text");
    entries[1] = text(__exit_text_start, __exit_text_end, "exit_text");
    usize next = text_parts;
    for (const EntryAreaPart& part : entry_area_parts) {
        if (part.in_manifest) {
            entries[next++] = area(part);
        }
    }
    built = true;
}

}  // namespace

std::span<const ManifestEntry> manifest() {
    if (!built) {
        build();
    }
    return entries;
}

std::string_view name_in_manifest(VirtualAddress address, bool writable) {
    for (const ManifestEntry& entry : manifest()) {
        if (address - entry.start < entry.size) {
            return entry.name;
        }
    }
    if (address - ldt_start < Ldt::most_bytes && !writable) {
        return "ldt";
    }
    return address - espfix_start < espfix_bytes ? "espfix_stack" : "";
}

}  // namespace ringfence::kernel::arch

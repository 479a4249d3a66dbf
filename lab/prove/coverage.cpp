// SPDX-License-Identifier: MIT
#include "lab/prove/coverage.h"

#include <algorithm>

#include "lab/machine/bytes.h"
#include "sim/observe/disassembly.h"
#include "sim/observe/elf_view.h"

namespace ringfence::lab::prove {

namespace {

/// What the file loads in `range`; empty unless one segment holds all of it.
std::span<const u8> loaded_bytes(std::string_view elf, sim::observe::AddressRange range) {
    const auto view = sim::observe::ElfView::parse(machine::as_span(elf));
    if (!view.ok()) {
        return {};
    }
    const u64 bytes = range.end - range.first;
    for (const sim::observe::ElfSegment& segment : view.value().segments()) {
        const u64 offset = range.first.value() - segment.virtual_address;
        if (segment.type == sim::observe::ElfView::segment_load &&
            range.first.value() >= segment.virtual_address &&
            offset + bytes <= segment.content.size()) {
            return segment.content.subspan(offset, bytes);
        }
    }
    return {};
}

bool is_filling(std::span<const u8> instruction, bool is_nop) {
    constexpr u8 breakpoint = 0xcc;
    return is_nop || instruction.front() == breakpoint ||
           std::ranges::all_of(instruction, [](u8 byte) { return byte == 0; });
}

}  // namespace

std::vector<VirtualAddress> instructions_in(std::string_view elf,
                                            sim::observe::AddressRange range) {
    std::vector<VirtualAddress> found;
    const std::span<const u8> bytes = loaded_bytes(elf, range);
    for (usize at = 0; at < bytes.size();) {
        const auto shape = sim::observe::first_instruction(bytes.subspan(at));
        const usize length = shape ? shape->length : 1;
        if (shape && !is_filling(bytes.subspan(at, length), shape->is_nop)) {
            found.push_back(range.first + at);
        }
        at += length;
    }
    return found;
}

std::vector<VirtualAddress> unreached(std::span<const VirtualAddress> all,
                                      const std::set<VirtualAddress>& reached) {
    std::vector<VirtualAddress> left;
    std::ranges::copy_if(all, std::back_inserter(left),
                         [&](VirtualAddress address) { return !reached.contains(address); });
    return left;
}

std::vector<UnreachedCode> by_symbol(std::span<const VirtualAddress> addresses,
                                     const sim::observe::SymbolTable& symbols) {
    std::vector<UnreachedCode> found;
    for (const VirtualAddress address : addresses) {
        const auto hit = symbols.find(address);
        const std::string name = hit ? std::string{hit->name} : std::string{"(no symbol)"};
        if (found.empty() || found.back().symbol != name) {
            found.push_back({name, 0});
        }
        ++found.back().instructions;
    }
    return found;
}

}  // namespace ringfence::lab::prove

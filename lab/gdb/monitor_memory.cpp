// SPDX-License-Identifier: MIT
// What translates addresses, and what is cached of it and of memory.
#include <fmt/format.h>

#include <algorithm>

#include "arch/x86/pte_4level.h"
#include "lab/gdb/monitor.h"

namespace ringfence::lab::gdb {

namespace {

using sim::machine::DebugView;
using sim::mmu::PagingMode;
using sim::mmu::Rights;
using Entry = arch::x86::Pte4Level;

const char* mode_name(PagingMode mode) {
    switch (mode) {
        case PagingMode::Off:
            return "no paging";
        case PagingMode::TwoLevel:
            return "2-level paging";
        case PagingMode::Pae:
            return "PAE paging";
        case PagingMode::FourLevel:
            return "4-level paging";
        case PagingMode::FiveLevel:
            return "5-level paging";
    }
    return "";
}

/// The flags that entries of every mode and level have in common.
std::string flags_of(u64 entry) {
    if (!Entry::present.test(entry)) {
        return "not present";
    }
    std::string flags = Entry::writable.test(entry) ? "present writable" : "present read-only";
    flags += Entry::user.test(entry) ? " user" : " supervisor";
    flags += Entry::accessed.test(entry) ? " accessed" : "";
    flags += Entry::dirty.test(entry) ? " dirty" : "";
    flags += Entry::page_size.test(entry) ? " PS" : "";
    flags += Entry::global.test(entry) ? " global" : "";
    flags += Entry::nx.test(entry) ? " NX" : "";
    return flags;
}

std::string rights_of(const Rights& rights) {
    return fmt::format("{}{}{}", rights.user ? "u" : "s", rights.writable ? "w" : "-",
                       rights.executable ? "x" : "-");
}

std::string size_of(u64 bytes) {
    return bytes >= gib   ? fmt::format("{} GiB", bytes / gib)
           : bytes >= mib ? fmt::format("{} MiB", bytes / mib)
                          : fmt::format("{} KiB", bytes / kib);
}

constexpr const char* not_timed = "the machine is not timed: run it with --mode timed\n";

/// A row of pages that lie one behind the other, in both kinds of address.
struct Stretch {
    u64 first = 0;
    u64 bytes = 0;
    u64 physical = 0;
    sim::mmu::Translation page;

    [[nodiscard]] bool goes_on_with(const Stretch& next) const {
        return bytes != 0 && first + bytes == next.first && physical + bytes == next.physical &&
               page.rights == next.page.rights && page.size_shift == next.page.size_shift &&
               page.global == next.page.global;
    }
    [[nodiscard]] std::string line() const {
        return fmt::format("{:#018x} {:#012x} {:>9} in pages of {:<6} {}{}\n", first, physical,
                           size_of(bytes), size_of(bit(page.size_shift)), rights_of(page.rights),
                           page.global ? " global" : "");
    }
};

/// The bits of an address that one entry of the last step of a walk covers.
unsigned shift_of(PagingMode mode, unsigned level) {
    constexpr unsigned page_bits = 12;
    const unsigned index_bits = mode == PagingMode::TwoLevel ? 10 : 9;
    return page_bits + (level - 1) * index_bits;
}

/// Addresses that the mode has: the others are skipped.
struct AddressSpace {
    u64 last;         ///< of the lower half, or of all
    u64 upper_first;  ///< 0: there is no upper half
};

AddressSpace space_of(PagingMode mode) {
    const bool is_long = mode == PagingMode::FourLevel || mode == PagingMode::FiveLevel;
    if (!is_long) {
        return {.last = low_mask(sim::mmu::legacy_address_bits), .upper_first = 0};
    }
    const unsigned bits = mode == PagingMode::FiveLevel ? 57 : 48;
    return {.last = low_mask(bits - 1), .upper_first = ~low_mask(bits - 1)};
}

}  // namespace

std::string show_walk(const MonitorContext& context, u64 address) {
    const DebugView view = context.machine.debug_view();
    const auto& paging = view.paging();
    if (paging.mode() == PagingMode::Off) {
        return fmt::format("{:#x}: no paging, physical {:#x}\n", address, address);
    }
    if (!paging.is_canonical(VirtualAddress{address})) {
        return fmt::format("{:#x}: not canonical\n", address);
    }
    std::string text = fmt::format("{:#x}: {}, CR3 {:#x}, PCID {}\n", address,
                                   mode_name(paging.mode()), paging.cr3, paging.pcid());
    const auto path = view.walk(VirtualAddress{address});
    for (const auto& step : path.entries()) {
        text += fmt::format("  level {} at {:#x}: {:#018x} {}\n", step.level, step.where.value(),
                            step.entry, flags_of(step.entry));
    }
    if (path.present) {
        const auto& page = path.result;
        const auto place = view.translate(VirtualAddress{address});
        return text + fmt::format("  physical {:#x}, in a page of {}, {}{}\n",
                                  place ? place->value() : 0, size_of(bit(page.size_shift)),
                                  rights_of(page.rights), page.global ? " global" : "");
    }
    return text + (path.reserved ? "  a reserved bit is set\n" : "  not mapped\n");
}

std::string show_tables(const MonitorContext& context, u64 first, u64 last) {
    const DebugView view = context.machine.debug_view();
    const PagingMode mode = view.paging().mode();
    if (mode == PagingMode::Off) {
        return "no paging\n";
    }
    constexpr unsigned most_lines = 2000;
    const AddressSpace space = space_of(mode);
    if (space.upper_first == 0) {
        last = std::min(last, space.last);
    }
    std::string text;
    Stretch stretch;
    unsigned lines = 0;
    const auto put = [&] {
        text += stretch.bytes != 0 ? stretch.line() : "";
        lines += stretch.bytes != 0 ? 1 : 0;
    };
    for (u64 at = first; at <= last && lines < most_lines;) {
        if (at > space.last && at < space.upper_first) {
            at = space.upper_first;
            continue;
        }
        const auto path = view.walk(VirtualAddress{at});
        const unsigned level = path.length == 0 ? 3 : path.entries().back().level;
        const unsigned shift = path.present ? path.result.size_shift : shift_of(mode, level);
        const u64 start = align_down(at, bit(shift));
        if (path.present) {
            const u64 physical = align_down(path.result.page.value(), bit(shift));
            const Stretch next{start, bit(shift), physical, path.result};
            if (stretch.goes_on_with(next)) {
                stretch.bytes += next.bytes;
            } else {
                put();
                stretch = next;
            }
        }
        if (start + bit(shift) <= at) {
            break;  // the end of the address space
        }
        at = start + bit(shift);
    }
    put();
    if (lines >= most_lines) {
        return text + "and more: name a range\n";
    }
    return text.empty() ? "nothing is mapped\n" : text;
}

std::string show_tlbs(const MonitorContext& context) {
    const DebugView view = context.machine.debug_view();
    std::string text;
    for (const auto& page : view.cached_pages()) {
        text += fmt::format("{} {:#018x} {:#012x} {:>6} {} {}\n", page.array, page.start.value(),
                            page.physical.value(), size_of(page.bytes), rights_of(page.rights),
                            page.global ? "global" : fmt::format("PCID {}", page.pcid));
    }
    return text.empty() ? "the TLBs are empty\n" : text;
}

std::string show_line(const MonitorContext& context, u64 address) {
    const DebugView view = context.machine.debug_view();
    if (!view.timed()) {
        return not_timed;
    }
    const auto place = view.translate(VirtualAddress{address});
    if (!place) {
        return fmt::format("{:#x}: not mapped\n", address);
    }
    std::string text = fmt::format("{:#x}, physical {:#x}:", address, place->value());
    for (const auto& level : view.caches(*place)) {
        text += fmt::format(" {} {}", level.name, level.holds ? "yes" : "no");
    }
    return text + "\n";
}

std::string show_caches(const MonitorContext& context) {
    const DebugView view = context.machine.debug_view();
    if (!view.timed()) {
        return not_timed;
    }
    std::string text;
    for (const auto& level : view.caches(PhysicalAddress{})) {
        text += fmt::format("{:<4}{:>8}, {:>2} ways: {} hits, {} misses\n", level.name,
                            size_of(level.bytes), level.ways, level.hits, level.misses);
    }
    return text;
}

}  // namespace ringfence::lab::gdb

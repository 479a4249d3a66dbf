// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/boot_layout.h"

#include <string_view>

#include "abi/pvh.h"
#include "arch/x86/vulnerability.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/ldt.h"
#include "kernel/core/command_line.h"
#include "kernel/core/log/log.h"
#include "paging/error.h"
#include "paging/formats/x86_4level.h"
#include "paging/mapper.h"

namespace {

using Format = ringfence::paging::X86FourLevel;
using Table = Format::Word[512];
constexpr unsigned spare_tables = 6;

}  // namespace

// Of boot.S, at their physical addresses: the tables that are loaded, and some that are zero.
extern "C" {
extern Table boot_root;
extern Table boot_direct_map_directories;
extern Table boot_page_directories[4];
extern Table boot_spare_tables[spare_tables];
}

namespace ringfence::kernel::arch {

namespace {

constexpr u64 page = 4 * kib;
/// What one entry of a root covers.
constexpr u64 root_span = 512 * gib;

template <typename T>
PhysicalAddress physical(const T& boot_object) {
    return PhysicalAddress{reinterpret_cast<u64>(&boot_object)};
}

/// The boot tables as the page-table library sees them, in the identity mapping.
class BootTableMemory {
public:
    using Word = Format::Word;

    template <typename>
    Word read(PhysicalAddress entry) const {
        return *word(entry);
    }
    template <typename>
    Word compare_exchange(PhysicalAddress entry, Word expected, Word desired) {
        const Word found = *word(entry);
        if (found == expected) {
            *word(entry) = desired;
        }
        return found;
    }
    Result<PhysicalAddress, paging::PagingError> allocate_table() {
        if (taken_ == spare_tables) {
            return Error{paging::PagingError::OutOfTables};
        }
        return physical(boot_spare_tables[taken_++]);
    }
    void free_table(PhysicalAddress /*table*/) {}

private:
    static Word* word(PhysicalAddress entry) { return reinterpret_cast<Word*>(entry.value()); }

    unsigned taken_ = 0;
};

/// Nothing was mapped there before, so nothing of it is cached.
struct NothingStale {
    void invalidate(const paging::StaleRange& /*stale*/) const {}
    void invalidate_everything(bool /*global*/) const {}
};

/// SplitMix64: each number of the sequence is a mix of all bits of the seed.
class Draw {
public:
    explicit Draw(u64 seed) : state_(seed) {}

    /// Less than `bound`; its bias is `bound` in 2^64.
    u64 below(u64 bound) {
        state_ += 0x9e37'79b9'7f4a'7c15;
        u64 mix = (state_ ^ state_ >> 30) * 0xbf58'476d'1ce4'e5b9;
        mix = (mix ^ mix >> 27) * 0x94d0'49bb'1331'11eb;
        return (mix ^ mix >> 31) % bound;
    }

private:
    u64 state_;
};

/// The places of a region that may grow to what one root entry has left behind it.
struct Room {
    unsigned first_root_entry;
    unsigned root_entries;
    u64 span;  ///< of starts within an entry, in bytes
    u64 step;

    [[nodiscard]] VirtualAddress draw(Draw& draw) const {
        const u64 entry = first_root_entry + draw.below(root_entries);
        return VirtualAddress{sign_extend(entry * root_span + draw.below(span / step) * step, 48)};
    }
};
/// Root entry 256 is the linked direct map's, which the boot tables still hold. They map 4 GiB.
constexpr Room direct_map_room{257, 127, root_span - 3 * gib, gib};
constexpr Room stacks_room{384, 64, root_span / 2, page};
constexpr Room devices_room{448, 62, root_span / 2, page};
static_assert(devices_room.first_root_entry + devices_room.root_entries <= ldt_root_index);

std::string_view command_line_of(u32 start_info) {
    const auto* info = reinterpret_cast<const abi::pvh::StartInfo*>(u64{start_info});
    const bool given = info->magic == abi::pvh::start_info_magic && info->command_line != 0;
    return given ? std::string_view(reinterpret_cast<const char*>(info->command_line))
                 : std::string_view();
}

/// What is known this early of anything that a program cannot foresee, and what the loader adds.
u64 entropy(std::string_view command_line) {
    u64 seed = read_tsc();
    u64 random = 0;
    if (x86::has(ThisCpu{}, x86::cpuid_feature::rdrand) && read_random(random)) {
        seed ^= random;
    }
    constexpr u64 multiplier = 0x100'0000'01b3;  // FNV-1a's
    for (const char digit : find_option(command_line, kaslr_seed_option).value_or("")) {
        seed = (seed ^ static_cast<u8>(digit)) * multiplier;
    }
    return seed;
}

/// The image may start behind the linked one, which the boot tables still hold, and must end with
/// its GiB.
u64 draw_image_displacement(Draw& draw) {
    const u64 end = reinterpret_cast<u64>(__image_end_physical);
    return boot_image_limit + draw.below((gib - boot_image_limit - end) / page) * page;
}

void map_image(u64 displacement) {
    const PhysicalAddress start{reinterpret_cast<u64>(__image_start_physical)};
    const PhysicalAddress end{reinterpret_cast<u64>(__image_end_physical)};
    BootTableMemory memory;
    paging::Mapper<Format, BootTableMemory> mapper(memory, physical(boot_root));
    auto outcome = mapper.map({.start = linked_kernel_base + displacement + start.value(),
                               .frame = start,
                               .size = end - start,
                               .attributes = {.writable = true, .executable = true}});
    RF_ASSERT(outcome.ok());
    std::move(outcome).value().consume(NothingStale{});
}

void map_direct(VirtualAddress start) {
    const auto index = [](u64 address, unsigned level) {
        return address >> paging::Geometry<Format>::shift(level) & 511;
    };
    boot_root[index(start.value(), 4)] =
        Format::make_table(physical(boot_direct_map_directories), 4);
    for (unsigned i = 0; i < std::size(boot_page_directories); ++i) {
        boot_direct_map_directories[index(start.value(), 3) + i] =
            Format::make_table(physical(boot_page_directories[i]), 3);
    }
}

}  // namespace

extern "C" void choose_layout(u32 start_info) {
    const std::string_view command_line = command_line_of(start_info);
    if (has_flag(command_line, "nokaslr")) {
        return;
    }
    Draw draw(entropy(command_line));
    layout_displacements = {.image = draw_image_displacement(draw),
                            .direct_map = direct_map_room.draw(draw) - direct_map_start(),
                            .kernel_stacks = stacks_room.draw(draw) - kernel_stacks_start(),
                            .device_registers = devices_room.draw(draw) - device_registers_start()};
    map_image(layout_displacements.image);
    map_direct(direct_map_start() + layout_displacements.direct_map);
}

}  // namespace ringfence::kernel::arch

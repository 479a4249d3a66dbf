// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/ldt.h"

#include <utility>

#include "arch/x86/segment_descriptor.h"
#include "arch/x86/selector_error_code.h"
#include "kernel/arch/x86_64/descriptor_tables.h"
#include "kernel/arch/x86_64/entry_area.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/mutation.h"
#include "kernel/arch/x86_64/table_memory.h"
#include "kernel/arch/x86_64/tlb.h"

namespace ringfence::kernel::arch {

namespace {

using x86::SegmentDescriptor;
using x86::Selector;

constexpr unsigned entries_per_page = page_size / sizeof(u64);

KernelMapper mapper_of(const Ldt::Place& place) {
    if (place.kernel_root == place.user_root || mutated(Mutation::LdtUnmapped)) {
        return {table_memory, place.kernel_root};
    }
    return {table_memory,
            place.kernel_root,
            {.root = place.user_root, .first_index = ldt_root_index, .count = 1}};
}

bool is_16bit_data(u64 descriptor) {
    return SegmentDescriptor::code_or_data.test(descriptor) &&
           !SegmentDescriptor::code.test(descriptor) &&
           !SegmentDescriptor::default_big.test(descriptor);
}

Result<void, MapError> map_page(VirtualAddress page, PhysicalAddress frame, bool writable,
                                const Ldt::Place& place) {
    auto outcome = mapper_of(place).map(
        {.start = page, .frame = frame, .size = page_size, .attributes = {.writable = writable}});
    if (!outcome.ok()) {
        return Error{MapError::OutOfMemory};
    }
    std::move(outcome).value().consume(place.tlb);
    return {};
}

}  // namespace

u64 Ldt::entry(unsigned index) const {
    return direct_map<u64>(pages_[index / entries_per_page])[index % entries_per_page];
}

Result<void, MapError> Ldt::map_table_page(unsigned number, Place place) {
    if (pages_[number].value() != 0) {
        return {};
    }
    const auto frame = allocate_zeroed_frame(FrameUse::Ldt);
    if (!frame.ok()) {
        return Error{MapError::OutOfMemory};
    }
    const auto mapped = map_page(ldt_start + number * page_size, frame.value(),
                                 mutated(Mutation::LdtWritable), place);
    if (!mapped.ok()) {
        frames().release(frame.value());
        return mapped;
    }
    pages_[number] = frame.value();
    return {};
}

Result<void, MapError> Ldt::map_espfix_page(VirtualAddress page, Place place) {
    RF_TRY(map_page(page, entry_area_frame(EntryAreaPage::EntryStack), true, place));
    espfix_page_ = page;
    return {};
}

Result<void, MapError> Ldt::set(unsigned index, u64 descriptor, Place place) {
    if (is_16bit_data(descriptor) && espfix_page_.value() == 0) {
        RF_TRY(map_espfix_page(espfix_start, place));
    }
    // All up to the entry's: the processor may look at any below the limit.
    for (unsigned number = 0; number <= index / entries_per_page; ++number) {
        RF_TRY(map_table_page(number, place));
    }
    direct_map<u64>(pages_[index / entries_per_page])[index % entries_per_page] = descriptor;
    entries_ = index < entries_ ? entries_ : index + 1;
    return {};
}

void Ldt::release(Place place) {
    constexpr u64 area_bytes = u64{1} << 39;  // what a root entry translates
    auto outcome = mapper_of(place).unmap(ldt_start, area_bytes, [](const paging::Leaf& leaf) {
        if (leaf.start < espfix_start) {
            frames().release(leaf.frame);
        }
    });
    RF_ASSERT(outcome.ok());  // a whole root entry: nothing to split, no memory needed
    std::move(outcome).value().consume(place.tlb);
    entries_ = 0;
    espfix_page_ = {};
    for (PhysicalAddress& page : pages_) {
        page = {};
    }
}

bool Ldt::is_16bit_stack(u64 selector) const {
    const auto narrow = static_cast<u16>(selector);
    const unsigned index = Selector::index.get(narrow);
    return Selector::local.test(narrow) && index < entries_ && is_16bit_data(entry(index));
}

VirtualAddress Ldt::aim_espfix_stack(u64 stack_pointer, Place place) {
    constexpr u64 kept_bits = 0xffff'0000;
    const VirtualAddress page = espfix_start + (stack_pointer & kept_bits);
    if (page != espfix_page_) {
        auto outcome = mapper_of(place).unmap(espfix_start, espfix_bytes);
        RF_ASSERT(outcome.ok());
        std::move(outcome).value().consume(place.tlb);
        // The two tables that this takes are those that were freed just now.
        const bool mapped = map_espfix_page(page, place).ok();
        RF_ASSERT(mapped);
    }
    return page + page_size;
}

void load_ldt(const Ldt* ldt) {
    // The processor sees the GDT read-only; this is its other view.
    auto* const gdt = direct_map<u64>(entry_area_frame(EntryAreaPage::Gdt));
    auto* const descriptor = gdt + ldt_selector / sizeof(u64);
    if (ldt == nullptr) {
        load_local_table(0);
        descriptor[0] = 0;
        descriptor[1] = 0;
        return;
    }
    const u64 base = ldt_start.value();
    descriptor[0] = SegmentDescriptor::ldt_low(base, ldt->entries() * sizeof(u64) - 1);
    descriptor[1] = SegmentDescriptor::ldt_high(base);
    load_local_table(ldt_selector);
}

}  // namespace ringfence::kernel::arch

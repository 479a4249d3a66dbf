// SPDX-License-Identifier: MIT
// What mutations do to page tables and to the pages that those share with programs.
#include <cstring>
#include <utility>

#include "kernel/arch/x86_64/alternatives.h"
#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/entry_area.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/kernel_tables.h"
#include "kernel/arch/x86_64/mutation.h"
#include "kernel/arch/x86_64/table_memory.h"
#include "kernel/arch/x86_64/tlb.h"
#include "kernel/core/log/log.h"

namespace ringfence::kernel::arch {

namespace {

using Word = Format::Word;

constexpr u64 page = 4 * kib;
constexpr paging::Attributes writable{.writable = true};

/// A KernelTlb that knows of one PCID.
struct TlbOfOnePcid {
    void invalidate(const paging::StaleRange& stale) { invalidate_page(stale.first); }
    void invalidate_everything(bool /*global*/) {}
};

void expect(KernelMapper::Outcome outcome) {
    if (!outcome.ok()) {
        panic("cannot make the mutation");
    }
    std::move(outcome).value().consume(KernelTlb{});
}

/// Root entries as they are in memory: the mapper would not replace one.
Word* entries_of(PhysicalAddress root) {
    return direct_map<Word>(root);
}

unsigned root_index(VirtualAddress address) {
    return paging::Geometry<Format>::index(address, Format::levels);
}

PhysicalAddress zeroed_frame() {
    const auto frame = allocate_zeroed_frame(FrameUse::PageTable);
    if (!frame.ok()) {
        panic("no memory for the mutation");
    }
    return frame.value();
}

/// The user table gets a whole root entry of the kernel's.
void clone_root_entry(PhysicalAddress to, PhysicalAddress from, VirtualAddress address) {
    entries_of(to)[root_index(address)] = entries_of(from)[root_index(address)];
}

void map(PhysicalAddress root, VirtualAddress start, PhysicalAddress frame) {
    expect(KernelMapper(table_memory, root)
               .map({.start = start, .frame = frame, .size = page, .attributes = writable}));
}

/// The frame is mapped in all user tables, and free to be used again.
void map_and_free(PhysicalAddress root) {
    const PhysicalAddress frame = zeroed_frame();
    map(root, symbol_address(__exit_text_end), frame);
    frames().release(frame);
}

/// A page on each side of every stack.
void map_guard_pages(PhysicalAddress root) {
    for (const EntryAreaPart& part : entry_area_parts) {
        if (part.page >= EntryAreaPage::EntryStack && part.in_manifest) {
            map(root, entry_area_address(part.page) - page, zeroed_frame());
        }
    }
}

void map_cpu_state(PhysicalAddress root) {
    const VirtualAddress start = VirtualAddress{reinterpret_cast<u64>(&cpu_state)}.align_down(page);
    map(root, start, PhysicalAddress{reinterpret_cast<u64>(__cpu_state_load)});
}

void protect(PhysicalAddress root, VirtualAddress start, u64 size, paging::Attributes wanted) {
    expect(KernelMapper(table_memory, root).protect(start, size, wanted));
}

/// The copy is of before the text is patched and gets its literal.
void map_copy_of_text(PhysicalAddress root) {
    const VirtualAddress start = symbol_address(__entry_text_start);
    const u64 size = symbol_address(__entry_text_end) - start;
    KernelMapper mapper(table_memory, root);
    expect(mapper.unmap(start, size));
    for (u64 offset = 0; offset < size; offset += page) {
        const PhysicalAddress frame = zeroed_frame();
        std::memcpy(direct_map(frame), loaded_text(start + offset), page);
        expect(mapper.map({.start = start + offset,
                           .frame = frame,
                           .size = page,
                           .attributes = {.executable = true, .global = true}}));
    }
}

void make_text_writable(PhysicalAddress root) {
    const VirtualAddress start = symbol_address(__entry_text_start);
    protect(root, start, symbol_address(__entry_text_end) - start,
            {.writable = true, .executable = true, .global = true});
}

}  // namespace

void mutate_manifest(PhysicalAddress manifest_root, PhysicalAddress kernel_root) {
    switch (active_mutation) {
        case Mutation::KernelImageInUserTable:
            clone_root_entry(manifest_root, kernel_root, symbol_address(__text_start));
            return;
        case Mutation::KernelStacksInUserTable:
            clone_root_entry(manifest_root, kernel_root, kernel_stacks_start());
            return;
        case Mutation::CpuStateInUserTable:
            map_cpu_state(manifest_root);
            return;
        case Mutation::PageTableInUserTable:
            map(manifest_root, direct_map_start() + kernel_root.value(), kernel_root);
            return;
        case Mutation::InitMemoryInUserTable:
            map_and_free(manifest_root);
            return;
        case Mutation::GuardPagesMapped:
            map_guard_pages(manifest_root);
            return;
        case Mutation::TextClonedWritable:
            make_text_writable(manifest_root);
            return;
        case Mutation::TextCopiedTooEarly:
            map_copy_of_text(manifest_root);
            return;
        case Mutation::IdtWritable:
            protect(manifest_root, entry_area_address(EntryAreaPage::Idt), page,
                    {.writable = true, .global = true});
            return;
        case Mutation::NmiStackUnmapped:
            expect(KernelMapper(table_memory, manifest_root)
                       .unmap(entry_area_address(EntryAreaPage::NmiStack), page));
            return;
        default:
            return;
    }
}

void map_root_in_itself(PhysicalAddress user_root) {
    constexpr unsigned index = 0x1ed;  // where Windows has it
    entries_of(user_root)[index] =
        Format::make_table(user_root, Format::levels);  // present, writable, user
}

void fill_tss_page() {
    *direct_map<CpuState>(entry_area_frame(EntryAreaPage::Tss) + page / 2) = cpu_state;
}

void replace_in_one_pcid(VirtualAddress address) {
    auto entry = PageEntry::find(table_memory, kernel_root(), address);
    RF_ASSERT(entry && entry->present());
    const PhysicalAddress old = Format::leaf(entry->read(), 1);
    entry->replace(zeroed_frame(), writable).consume(TlbOfOnePcid{});
    frames().release(old);
}

PhysicalAddress nobodys_root() {
    static const PhysicalAddress root = zeroed_frame();
    return root;
}

void mirror_late(PhysicalAddress kernel_root, PhysicalAddress user_root) {
    for (unsigned index = 0; index < user_root_entries; ++index) {
        const Word word = entries_of(kernel_root)[index];
        if (Format::present(word) && !Format::present(entries_of(user_root)[index])) {
            // Without what keeps the kernel from executing it.
            entries_of(user_root)[index] = Format::make_table(Format::table(word), Format::levels);
        }
    }
}

}  // namespace ringfence::kernel::arch

// SPDX-License-Identifier: MIT
#include "lab/prove/inventory.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "arch/x86/cr3.h"
#include "lab/prove/machine_tables.h"
#include "paging/formats/x86_4level.h"
#include "paging/walker.h"

namespace ringfence::lab::prove {

namespace {

using arch::x86::Cr3;
using audit::Content;
using Format = paging::X86FourLevel;

constexpr VirtualAddress last_address{~u64{0}};

}  // namespace

std::string_view name_of(WordKind kind) {
    constexpr std::array<std::string_view, word_kind_count> names{
        "small number",          "descriptor", "address in the manifest", "the program's own",
        "address of the kernel", "unknown"};
    return names[static_cast<usize>(kind)];
}

u64 ProcessInventory::bytes() const {
    u64 sum = 0;
    for (const InventoryPage& page : pages) {
        sum += page.bytes;
    }
    return sum;
}

u64 ProcessInventory::bytes_outside_manifest() const {
    u64 sum = 0;
    for (const InventoryPage& page : pages) {
        sum += page.part == nullptr ? page.bytes : 0;
    }
    return sum;
}

u64 ProcessInventory::words_of(WordKind kind) const {
    u64 count = 0;
    for (const InventoryPage& page : pages) {
        count += static_cast<u64>(std::ranges::count(page.words, kind, &InventoryWord::kind));
    }
    return count;
}

void InventoryTaker::user_entered(VirtualAddress /*target*/) {
    const sim::machine::DebugView view = machine_->debug_view();
    const auto registers = view.entry_registers();
    if (!registers.four_levels) {
        return;
    }
    const PhysicalAddress root = Cr3::root(registers.cr3);
    Raw& raw = taken_[root.value()];
    if (raw.entries++ == 0) {
        raw.order = taken_.size();
    }
    raw.pages.clear();
    const auto general = view.general_registers();
    raw.registers.assign(general.begin(), general.end());
    const MachineTables tables(view);
    const audit::TableReader reader(tables);
    const paging::Walker<Format, audit::TableReader> walker(reader, root);
    walker.for_each_leaf({manifest_.kernel_start, last_address}, [&](const paging::Leaf& leaf) {
        RawPage page;
        page.page.address = leaf.start;
        page.page.frame = leaf.frame;
        page.page.bytes = leaf.size;
        page.page.writable = leaf.attributes.writable;
        page.page.executable = leaf.attributes.executable;
        page.page.part = manifest_.find(leaf.start);
        // What is not listed is a fault whatever it holds, and may be all of memory.
        if (page.page.part != nullptr) {
            page.content.resize(leaf.size);
            if (!view.read(leaf.frame, page.content)) {
                page.content.clear();
            }
        }
        raw.pages.push_back(std::move(page));
    });
    note_kernel_addresses(raw, root);
}

/// While the kernel's tables are there to be asked.
void InventoryTaker::note_kernel_addresses(Raw& raw, PhysicalAddress root) const {
    raw.kernel_addresses.clear();
    const auto kernel_root = manifest_.kernel_root_of(root);
    if (!kernel_root) {
        return;
    }
    const MachineTables tables(machine_->debug_view());
    const audit::TableReader reader(tables);
    const paging::Walker<Format, audit::TableReader> walker(reader, *kernel_root);
    for (const RawPage& taken : raw.pages) {
        const audit::Part* const part = taken.page.part;
        if (part == nullptr || part->content == Content::Text ||
            is_descriptor_table(part->content)) {
            continue;
        }
        for (u64 offset = 0; offset + sizeof(u64) <= taken.content.size(); offset += sizeof(u64)) {
            u64 value = 0;
            std::memcpy(&value, taken.content.data() + offset, sizeof value);
            const VirtualAddress address{value};
            if (address >= manifest_.kernel_start && walker.find(address).ok()) {
                raw.kernel_addresses.push_back(value);
            }
        }
    }
}

std::vector<ProcessInventory> InventoryTaker::inventories() const {
    std::vector<ProcessInventory> result(taken_.size());
    for (const auto& [root, raw] : taken_) {
        ProcessInventory& process = result[raw.order - 1];
        process.root = PhysicalAddress{root};
        process.entries = raw.entries;
        for (const RawPage& taken : raw.pages) {
            InventoryPage page = taken.page;
            page.bytes_in_use = static_cast<u64>(
                std::ranges::count_if(taken.content, [](u8 byte) { return byte != 0; }));
            if (page.part != nullptr && page.part->content == Content::Text) {
                describe_text(page, taken.content);
            } else if (page.part != nullptr) {
                describe_data(page, taken.content, raw);
            }
            process.pages.push_back(std::move(page));
        }
    }
    return result;
}

void InventoryTaker::describe_text(InventoryPage& page, const std::vector<u8>& content) const {
    for (const auto& function : kernel_.symbols().functions_in(page.address, page.bytes)) {
        if (!function.name.starts_with("__")) {  // the bounds of sections
            page.functions.push_back(function.name);
        }
    }
    const std::string_view image = kernel_.loaded(page.address, page.bytes);
    for (usize i = 0; i < content.size(); ++i) {
        const bool same = i < image.size() && static_cast<u8>(image[i]) == content[i];
        page.bytes_changed += same ? 0 : 1;
    }
}

void InventoryTaker::describe_data(InventoryPage& page, const std::vector<u8>& content,
                                   const Raw& raw) const {
    for (u64 offset = 0; offset + sizeof(u64) <= content.size(); offset += sizeof(u64)) {
        u64 value = 0;
        std::memcpy(&value, content.data() + offset, sizeof value);
        if (value != 0) {
            page.words.push_back({offset, value, kind_of(value, page, raw)});
        }
    }
}

WordKind InventoryTaker::kind_of(u64 value, const InventoryPage& page, const Raw& raw) const {
    if (is_descriptor_table(page.part->content)) {
        return WordKind::Descriptor;
    }
    const VirtualAddress address{value};
    if (value < audit::first_telling_value) {
        return WordKind::Small;
    }
    const auto among = [value](const std::vector<u64>& values) {
        return std::ranges::find(values, value) != values.end();
    };
    if (among(raw.registers) || address < manifest_.user_end) {
        return WordKind::Own;
    }
    if (manifest_.reaches(address)) {
        return WordKind::Manifest;
    }
    return among(raw.kernel_addresses) ? WordKind::Kernel : WordKind::Unknown;
}

}  // namespace ringfence::lab::prove

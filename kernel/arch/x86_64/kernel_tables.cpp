// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/kernel_tables.h"

#include "kernel/arch/x86_64/entry_area.h"
#include "kernel/arch/x86_64/isolation.h"
#include "kernel/arch/x86_64/kernel_pages.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/manifest.h"
#include "kernel/arch/x86_64/mutation.h"
#include "kernel/arch/x86_64/table_memory.h"
#include "kernel/arch/x86_64/tlb.h"
#include "kernel/core/log/log.h"

namespace ringfence::kernel::arch {

namespace {

PhysicalAddress own_root;
VirtualAddress next_device = device_registers_start();

PhysicalAddress zeroed_frame_or_panic() {
    const auto frame = allocate_zeroed_frame(FrameUse::PageTable);
    if (!frame.ok()) {
        panic("no memory for the kernel's page tables");
    }
    return frame.value();
}

void map_or_panic(PhysicalAddress root, const paging::MapRequest& request) {
    KernelMapper mapper(table_memory, root);
    auto outcome = mapper.map(request);
    if (!outcome.ok()) {
        panic("cannot map the kernel");
    }
    std::move(outcome).value().consume(KernelTlb{});
}

void map_direct(PhysicalAddress start, PhysicalAddress end) {
    if (start < end) {
        map_or_panic(own_root, {.start = direct_map_start() + start.value(),
                                .frame = start,
                                .size = end - start,
                                .attributes = {.writable = true, .global = kernel_pages_global()},
                                .largest_page = 2 * mib});
    }
}

/// Leaves out the image, so that its read-only parts have no writable alias.
void map_direct_without_image(const RamRange& range) {
    const PhysicalAddress image_start{reinterpret_cast<u64>(__image_start_physical)};
    const PhysicalAddress image_end{reinterpret_cast<u64>(__image_end_physical)};
    if (range.end <= image_start || range.start >= image_end) {
        map_direct(range.start, range.end);
        return;
    }
    map_direct(range.start, image_start);
    map_direct(image_end, range.end);
}

void map_image(const u8* start, const u8* end, paging::Attributes attributes) {
    attributes.global = kernel_pages_global();
    const VirtualAddress first = symbol_address(start);
    map_or_panic(own_root, {.start = first,
                            .frame = PhysicalAddress{first - kernel_base()},
                            .size = symbol_address(end) - first,
                            .attributes = attributes,
                            .largest_page = 2 * mib});
}

/// What of the entry region entry code needs once the kernel's table is loaded.
void map_rest_of_entry_region() {
    const auto map = [](const u8* start, const u8* end, const u8* load,
                        paging::Attributes attributes) {
        attributes.global = kernel_pages_global();
        map_or_panic(own_root, {.start = symbol_address(start),
                                .frame = PhysicalAddress{reinterpret_cast<u64>(load)},
                                .size = symbol_address(end) - symbol_address(start),
                                .attributes = attributes});
    };
    map(__gate_text_start, __gate_text_end, __gates_load, {.executable = true});
    map(__cpu_state_start, __cpu_state_end, __cpu_state_load, {.writable = true});
}

void map_manifest(PhysicalAddress root) {
    for (const auto& entry : manifest()) {
        map_or_panic(root, {.start = entry.start,
                            .frame = entry.frame,
                            .size = entry.size,
                            .attributes = entry.attributes});
    }
}

/// What of the entry area no user table holds: only the kernel's tables map it.
void map_rest_of_entry_area() {
    for (const EntryAreaPart& part : entry_area_parts) {
        if (!part.in_manifest) {
            map_or_panic(own_root, {.start = entry_area_address(part.page),
                                    .frame = entry_area_frame(part.page),
                                    .size = 4 * kib,
                                    .attributes = {.writable = part.writable}});
        }
    }
}

/// Root entries are copied into each address space, so those of regions that grow later must exist
/// before the first one does.
void reserve_root_entry(VirtualAddress region) {
    const PhysicalAddress placeholder = zeroed_frame_or_panic();
    map_or_panic(own_root, {.start = region, .frame = placeholder, .size = 4 * kib});
    KernelMapper mapper(table_memory, own_root);
    auto outcome = mapper.unmap(region, 4 * kib);
    RF_ASSERT(outcome.ok());
    std::move(outcome).value().consume(KernelTlb{});
    frames().release(placeholder);
}

/// The root entries of a kernel half, remembered so that filling a new root touches only those.
class SharedHalf {
public:
    void remember(PhysicalAddress root) {
        const KernelMapper source(table_memory, root);
        for (unsigned index = user_root_entries; index < root_entries; ++index) {
            if (const auto entry = source.root_entry(index); entry != 0) {
                RF_ASSERT(count_ < most);
                entries_[count_] = {index, entry};
                ++count_;
            }
        }
    }
    void fill(PhysicalAddress root) const {
        KernelMapper target(table_memory, root);
        for (unsigned i = 0; i < count_; ++i) {
            target.share_root_entry(entries_[i].index, entries_[i].word).consume(KernelTlb{});
        }
    }

private:
    static constexpr unsigned most = 8;  // direct map (512 GiB each), stacks, devices, image
    struct RootEntry {
        unsigned index;
        Format::Word word;
    };
    RootEntry entries_[most];
    unsigned count_ = 0;
};

SharedHalf kernel_half;
SharedHalf manifest_half;

}  // namespace

void build_kernel_tables(const RamRange* ram, usize count) {
    // The shared design's kernel pages survive changes of address space, as classic kernels have
    // it.
    set_kernel_pages_global(!isolation().enabled && isolation().global_pages);
    const auto pair = frames().allocate(1, FrameUse::Root);
    if (!pair.ok()) {
        panic("no memory for the kernel's page tables");
    }
    own_root = pair.value();
    __builtin_memset(direct_map(own_root), 0, 8 * kib);
    for (usize i = 0; i < count; ++i) {
        map_direct_without_image(ram[i]);
    }
    map_image(__text_start, __text_end, {.executable = true});
    map_image(__rodata_start, __rodata_end, {});
    map_image(__data_start, __data_end, {.writable = true});
    map_manifest(own_root);
    map_rest_of_entry_region();
    map_rest_of_entry_area();
    reserve_root_entry(kernel_stacks_start());
    reserve_root_entry(device_registers_start());
    // Template of every user table's kernel half; its tables hold the manifest and nothing else.
    const PhysicalAddress manifest_root = zeroed_frame_or_panic();
    map_manifest(manifest_root);
    if (has_mutations) {
        mutate_manifest(manifest_root, own_root);
    }
    manifest_half.remember(manifest_root);
    manifest_half.fill(own_root + 4 * kib);
    kernel_half.remember(own_root);
}

PhysicalAddress kernel_root() {
    return own_root;
}

void fill_kernel_half(PhysicalAddress root) {
    kernel_half.fill(root);
}

void fill_user_manifest(PhysicalAddress user_root) {
    manifest_half.fill(user_root);
}

VirtualAddress map_device(PhysicalAddress registers) {
    const VirtualAddress address = next_device;
    next_device += 4 * kib;
    map_or_panic(own_root, {.start = address,
                            .frame = registers,
                            .size = 4 * kib,
                            .attributes = {.writable = true,
                                           .global = kernel_pages_global(),
                                           .memory_type = paging::MemoryType::Device}});
    return address;
}

}  // namespace ringfence::kernel::arch

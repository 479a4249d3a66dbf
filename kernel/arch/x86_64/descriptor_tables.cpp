// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/descriptor_tables.h"

#include "arch/x86/segment_descriptor.h"
#include "arch/x86/task_state_segment.h"
#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/entry_area.h"
#include "kernel/arch/x86_64/instructions.h"

// Of paranoid.S.
extern "C" {
extern const ringfence::u8 paranoid_stack_end_1[], paranoid_stack_end_2[], paranoid_stack_end_8[],
    paranoid_stack_end_18[];
}

namespace ringfence::kernel::arch {

namespace {

/// The writable view of a page that the CPU sees read-only.
template <typename T>
T* writable(EntryAreaPage page) {
    return direct_map<T>(entry_area_frame(page));
}

void fill_gdt() {
    using x86::SegmentDescriptor;
    auto* gdt = writable<u64>(EntryAreaPage::Gdt);
    const u64 tss = entry_area_address(EntryAreaPage::Tss).value();
    gdt[kernel_code_selector / 8] = SegmentDescriptor::flat_code64(0);
    gdt[kernel_data_selector / 8] = SegmentDescriptor::flat_data(0);
    gdt[user_code32_selector / 8] = SegmentDescriptor::flat_code32(3);
    gdt[user_data_selector / 8] = SegmentDescriptor::flat_data(3);
    gdt[user_code_selector / 8] = SegmentDescriptor::flat_code64(3);
    gdt[task_selector / 8] = SegmentDescriptor::tss_low(tss, sizeof(x86::TaskStateSegment64) - 1);
    gdt[task_selector / 8 + 1] = SegmentDescriptor::tss_high(tss);
}

void fill_tss() {
    auto* tss = writable<x86::TaskStateSegment64>(EntryAreaPage::Tss);
    const auto set = [&](InterruptStack number, EntryAreaPage page) {
        tss->ist[static_cast<unsigned>(number) - 1] = entry_area_stack_top(page).value();
    };
    set(InterruptStack::DoubleFault, EntryAreaPage::DoubleFaultStack);
    set(InterruptStack::Nmi, EntryAreaPage::NmiStack);
    set(InterruptStack::MachineCheck, EntryAreaPage::MachineCheckStack);
    set(InterruptStack::Debug, EntryAreaPage::DebugStack);
    tss->io_map_base = sizeof(x86::TaskStateSegment64);  // past the limit: no port is allowed
}

void fill_paranoid_stacks() {
    const auto set = [](InterruptStack number, const u8* end) {
        cpu_state.paranoid_stack_tops[static_cast<unsigned>(number) - 1] =
            symbol_address(end).value();
    };
    set(InterruptStack::DoubleFault, paranoid_stack_end_8);
    set(InterruptStack::Nmi, paranoid_stack_end_2);
    set(InterruptStack::MachineCheck, paranoid_stack_end_18);
    set(InterruptStack::Debug, paranoid_stack_end_1);
}

void reload_segments() {
    asm volatile(
        "pushq %0\n\t"
        "leaq 1f(%%rip), %%rax\n\t"
        "pushq %%rax\n\t"
        "lretq\n"
        "1:\n\t"
        "movl %1, %%ss\n\t"
        "movl %2, %%ds\n\t"
        "movl %2, %%es\n\t"
        "movl %2, %%fs\n\t"
        "movl %2, %%gs\n\t" ::"i"(kernel_code_selector),
        "r"(u32{kernel_data_selector}), "r"(0)
        : "rax", "memory");
}

}  // namespace

InterruptStack interrupt_stack_of(u64 vector) {
    switch (vector) {
        case 1:
            return InterruptStack::Debug;
        case 2:
            return InterruptStack::Nmi;
        case 8:
            return InterruptStack::DoubleFault;
        case 18:
            return InterruptStack::MachineCheck;
        default:
            return InterruptStack::Ordinary;
    }
}

void load_descriptor_tables() {
    fill_gdt();
    fill_tss();
    fill_paranoid_stacks();

    // LTR marks the TSS busy, which is a write: it goes through the writable view of the GDT.
    constexpr u16 gdt_limit = ldt_selector + 16 - 1;
    load_gdt({gdt_limit, reinterpret_cast<u64>(writable<u64>(EntryAreaPage::Gdt))});
    reload_segments();
    load_task_register(task_selector);
    load_local_table(0);
    load_gdt({gdt_limit, entry_area_address(EntryAreaPage::Gdt).value()});

    // Loading a null GS cleared the base. The other one is the program's while the kernel runs.
    write_msr(x86::Msr::IA32_GS_BASE, reinterpret_cast<u64>(&cpu_state));
    write_msr(x86::Msr::IA32_KERNEL_GS_BASE, 0);
}

}  // namespace ringfence::kernel::arch

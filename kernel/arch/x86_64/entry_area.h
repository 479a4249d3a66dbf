// SPDX-License-Identifier: MIT
// The per-CPU entry area: what the CPU itself, and entry code before it has switched tables, must
// reach while a program's table is loaded. Each part has pages of its own; the pages between the
// stacks are not mapped.
#pragma once

#include <string_view>

#include "base/address.h"
#include "kernel/arch/x86_64/layout.h"

namespace ringfence::kernel::arch {

/// Page numbers within the area.
enum class EntryAreaPage : u8 {
    Gdt = 0,
    Idt = 1,
    Tss = 2,
    Scratch = 3,  ///< the user stack pointer while SYSCALL and SYSRET are under way
    EntryStack = 5,
    DoubleFaultStack = 7,
    NmiStack = 9,
    MachineCheckStack = 11,
    DebugStack = 13,
    SharedIdt = 15,  ///< of the shared design; in no user table
};

struct EntryAreaPart {
    EntryAreaPage page;
    bool writable;  ///< only where the CPU or entry code writes
    std::string_view name;
    bool in_manifest = true;
};

inline constexpr EntryAreaPart entry_area_parts[] = {
    {EntryAreaPage::Gdt, false, "gdt"},
    {EntryAreaPage::Idt, false, "idt"},
    {EntryAreaPage::Tss, false, "tss"},
    {EntryAreaPage::Scratch, true, "scratch"},
    {EntryAreaPage::EntryStack, true, "entry_stack"},
    {EntryAreaPage::DoubleFaultStack, true, "double_fault_stack"},
    {EntryAreaPage::NmiStack, true, "nmi_stack"},
    {EntryAreaPage::MachineCheckStack, true, "machine_check_stack"},
    {EntryAreaPage::DebugStack, true, "debug_stack"},
    {EntryAreaPage::SharedIdt, false, "shared_idt", false},
};

inline VirtualAddress entry_area_address(EntryAreaPage page) {
    return symbol_address(__entry_area) + static_cast<u64>(page) * 4 * kib;
}
/// One past a stack's page.
inline VirtualAddress entry_area_stack_top(EntryAreaPage page) {
    return entry_area_address(page) + 4 * kib;
}

/// Takes frames for all parts (zeroed). Out of memory stops the kernel.
void allocate_entry_area();
[[nodiscard]] PhysicalAddress entry_area_frame(EntryAreaPage page);

/// Zeroes what a program left on the entry stack, on the stacks of exceptions that interrupted its
/// way out, and in the scratch slot, so that the next one cannot find it there. Called when the
/// address space changes, with interrupts off.
void clear_entry_stack();
/// The same for an IST stack that a trap from user mode went through.
void clear_ist_stack(EntryAreaPage page);

}  // namespace ringfence::kernel::arch

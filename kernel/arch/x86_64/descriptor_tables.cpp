// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/descriptor_tables.h"

#include "arch/x86/efer.h"
#include "arch/x86/idt_gate.h"
#include "arch/x86/rflags.h"
#include "arch/x86/segment_descriptor.h"
#include "arch/x86/task_state_segment.h"
#include "base/compiler.h"
#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/entry_area.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/isolation.h"

namespace {

/// Rows of trap_stubs.S: a vector and its stub, ended by vector ~0.
struct TrapStub {
    ringfence::u64 vector;
    ringfence::u64 address;
};

}  // namespace

extern "C" {
extern const TrapStub trap_stubs_isolated[];
extern const TrapStub trap_stubs_shared[];
void syscall_isolated();
void syscall_shared();
}

namespace ringfence::kernel::arch {

namespace {

/// Gates name these by number; 0 is the ordinary stack.
enum class Ist : u8 { None = 0, DoubleFault = 1, Nmi = 2, MachineCheck = 3, Debug = 4 };

Ist stack_of(u64 vector) {
    switch (vector) {
        case 1:
            return Ist::Debug;
        case 2:
            return Ist::Nmi;
        case 8:
            return Ist::DoubleFault;
        case 18:
            return Ist::MachineCheck;
        default:
            return Ist::None;
    }
}

/// INT3 and INTO may be executed by programs.
unsigned privilege_of(u64 vector) {
    return vector == 3 || vector == 4 ? 3 : 0;
}

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
    gdt[user_data_selector / 8] = SegmentDescriptor::flat_data(3);
    gdt[user_code_selector / 8] = SegmentDescriptor::flat_code64(3);
    gdt[task_selector / 8] = SegmentDescriptor::tss_low(tss, sizeof(x86::TaskStateSegment64) - 1);
    gdt[task_selector / 8 + 1] = SegmentDescriptor::tss_high(tss);
}

void fill_tss() {
    auto* tss = writable<x86::TaskStateSegment64>(EntryAreaPage::Tss);
    const auto set = [&](Ist number, EntryAreaPage page) {
        tss->ist[static_cast<unsigned>(number) - 1] = entry_area_stack_top(page).value();
    };
    set(Ist::DoubleFault, EntryAreaPage::DoubleFaultStack);
    set(Ist::Nmi, EntryAreaPage::NmiStack);
    set(Ist::MachineCheck, EntryAreaPage::MachineCheckStack);
    set(Ist::Debug, EntryAreaPage::DebugStack);
    tss->rsp[0] = entry_area_stack_top(EntryAreaPage::EntryStack).value();
    tss->io_map_base = sizeof(x86::TaskStateSegment64);  // past the limit: no port is allowed
}

void fill_idt(const TrapStub* stubs) {
    auto* idt = writable<x86::IdtGate64>(EntryAreaPage::Idt);
    for (; stubs->vector != ~u64{0}; ++stubs) {
        idt[stubs->vector] = x86::IdtGate64::make(
            stubs->address, kernel_code_selector, x86::SystemSegmentType::InterruptGate,
            privilege_of(stubs->vector), static_cast<unsigned>(stack_of(stubs->vector)));
    }
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

void load_descriptor_tables(bool isolated) {
    fill_gdt();
    fill_tss();
    fill_idt(isolated ? trap_stubs_isolated : trap_stubs_shared);

    // LTR marks the TSS busy, which is a write: it goes through the writable view of the GDT.
    constexpr u16 gdt_limit = task_selector + 16 - 1;
    load_gdt({gdt_limit, reinterpret_cast<u64>(writable<u64>(EntryAreaPage::Gdt))});
    reload_segments();
    load_task_register(task_selector);
    load_local_table(0);
    load_gdt({gdt_limit, entry_area_address(EntryAreaPage::Gdt).value()});
    load_idt({4 * kib - 1, entry_area_address(EntryAreaPage::Idt).value()});

    // Loading a null GS cleared the base. The other one is the program's while the kernel runs.
    write_msr(x86::Msr::IA32_GS_BASE, reinterpret_cast<u64>(&cpu_state));
    write_msr(x86::Msr::IA32_KERNEL_GS_BASE, 0);
}

void enable_system_calls(bool isolated) {
    using x86::Rflags;
    // SYSRET adds 16 to the base for CS and 8 for SS, and sets RPL 3.
    constexpr u64 star = x86::Star::syscall_selector.make(kernel_code_selector) |
                         x86::Star::sysret_selector.make(kernel_data_selector);
    write_msr(x86::Msr::IA32_STAR, star);
    write_msr(x86::Msr::IA32_LSTAR,
              reinterpret_cast<u64>(isolated ? &syscall_isolated : &syscall_shared));
    // Nothing that a program can set may steer the entry: interrupts, traps, direction, AC, NT.
    write_msr(x86::Msr::IA32_FMASK, Rflags::status | Rflags::tf.mask | Rflags::interrupt.mask |
                                        Rflags::df.mask | Rflags::iopl.mask | Rflags::nt.mask |
                                        Rflags::rf.mask | Rflags::ac.mask | Rflags::id.mask);
}

void set_interrupt_stack(VirtualAddress kernel_stack_top) {
    if (!isolation().enabled) {
        writable<x86::TaskStateSegment64>(EntryAreaPage::Tss)->rsp[0] = kernel_stack_top.value();
    }
}

}  // namespace ringfence::kernel::arch

// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/entry_paths.h"

#include "arch/x86/efer.h"
#include "arch/x86/exception_vector.h"
#include "arch/x86/idt_gate.h"
#include "arch/x86/rflags.h"
#include "arch/x86/task_state_segment.h"
#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/descriptor_tables.h"
#include "kernel/arch/x86_64/entry_area.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/ldt.h"
#include "kernel/arch/x86_64/ldt_exit.h"
#include "kernel/arch/x86_64/mutation.h"

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
void exit_iret_path_isolated();
void exit_iret_path_shared();
void exit_sysret_isolated();
void exit_sysret_shared();
void syscall_from_compatibility_mode();
void exit_iret_path_espfix_isolated();
void exit_iret_path_espfix_shared();
}

namespace ringfence::kernel::arch {

namespace {

using Path = void (*)();

/// What the processor and the kernel need to know of a design's paths.
struct Paths {
    Path system_call;
    ExitPaths exits;
    Path exit_to_16bit_stack;
    EntryAreaPage idt;
    const TrapStub* stubs;
};

constexpr usize design_count = 2;
const Paths paths[design_count] = {
    {syscall_shared,
     {exit_iret_path_shared, exit_sysret_shared},
     exit_iret_path_espfix_shared,
     EntryAreaPage::SharedIdt,
     trap_stubs_shared},
    {syscall_isolated,
     {exit_iret_path_isolated, exit_sysret_isolated},
     exit_iret_path_espfix_isolated,
     EntryAreaPage::Idt,
     trap_stubs_isolated},
};

Design selected = Design::Shared;
EntrySetting selected_setting{Design::Shared, nullptr};
/// Crossings before the isolated paths were selected last, and those within earlier selections.
u64 crossings_before = 0;
u64 counted_crossings = 0;

u64 all_crossings() {
    return entry_counters.entries_from_user + entry_counters.exits_to_user +
           2 * entry_counters.paranoid_entries;
}

/// INT3 and INTO may be executed by programs.
unsigned privilege_of(u64 vector) {
    return vector == 3 || vector == 4 ? 3 : 0;
}

/// Both clear RFLAGS.TF; only an interrupt gate clears IF.
x86::SystemSegmentType gate_type_of(u64 vector) {
    return mutated(Mutation::GatesLeaveInterruptsOn) && vector < x86::first_user_vector &&
                   interrupt_stack_of(vector) == InterruptStack::Ordinary
               ? x86::SystemSegmentType::TrapGate
               : x86::SystemSegmentType::InterruptGate;
}

void fill_idt(const Paths& design) {
    auto* idt = direct_map<x86::IdtGate64>(entry_area_frame(design.idt));
    for (const TrapStub* stub = design.stubs; stub->vector != ~u64{0}; ++stub) {
        idt[stub->vector] = x86::IdtGate64::make(
            stub->address, kernel_code_selector, gate_type_of(stub->vector),
            privilege_of(stub->vector), static_cast<unsigned>(interrupt_stack_of(stub->vector)));
    }
}

/// Isolated: the entry stack, which is in the user table. Shared: the thread's own.
RF_DESIGN_CHANGE void aim_interrupts() {
    const VirtualAddress top = selected == Design::Isolated
                                   ? entry_area_stack_top(EntryAreaPage::EntryStack)
                                   : VirtualAddress{cpu_state.kernel_stack_top};
    direct_map<x86::TaskStateSegment64>(entry_area_frame(EntryAreaPage::Tss))->rsp[0] = top.value();
}

void enable_system_calls() {
    using x86::Rflags;
    // SYSRET adds 16 to the base for CS and 8 for SS; to compatibility mode it adds nothing for CS.
    constexpr u64 star = x86::Star::syscall_selector.make(kernel_code_selector) |
                         x86::Star::sysret_selector.make(user_code32_selector);
    write_msr(x86::Msr::IA32_STAR, star);
    // From compatibility mode. SYSENTER faults for a null selector.
    write_msr(x86::Msr::IA32_CSTAR, reinterpret_cast<u64>(&syscall_from_compatibility_mode));
    write_msr(x86::Msr::IA32_SYSENTER_CS, 0);
    // Nothing that a program can set may steer the entry: interrupts, traps, direction, AC, NT.
    constexpr u64 masked = Rflags::status | Rflags::tf.mask | Rflags::interrupt.mask |
                           Rflags::df.mask | Rflags::iopl.mask | Rflags::nt.mask | Rflags::rf.mask |
                           Rflags::ac.mask | Rflags::id.mask;
    const u64 kept = mutated(Mutation::SyscallLeavesInterruptsOn) ? Rflags::interrupt.mask : u64{0};
    write_msr(x86::Msr::IA32_FMASK, masked & ~kept);
}

RF_DESIGN_CHANGE void point_at(Design design) {
    const Paths& chosen = paths[static_cast<usize>(design)];
    selected = design;
    cpu_state.exits = chosen.exits;
    load_idt({4 * kib - 1, entry_area_address(chosen.idt).value()});
    write_msr(x86::Msr::IA32_LSTAR, reinterpret_cast<u64>(chosen.system_call));
    const bool aimed_too_late =
        mutated(Mutation::EntryStackKeptWhenShared) && design == Design::Shared;
    const bool aimed_never = mutated(Mutation::ThreadStackKeptWhenIsolated) &&
                             design == Design::Isolated && cpu_state.kernel_stack_top != 0;
    if (!aimed_too_late && !aimed_never) {
        aim_interrupts();
    }
}

/// Programs without an LDT leave by the design's own ways, which know nothing of LDTs.
RF_DESIGN_CHANGE void select_ldt(const Ldt* ldt) {
    if (ldt == nullptr && selected_setting.ldt() == nullptr) {
        return;
    }
    if (!(ldt == nullptr && mutated(Mutation::LdtKeptForOthers))) {
        load_ldt(ldt);
    }
    if (ldt == nullptr) {
        cpu_state.exits = paths[static_cast<usize>(selected)].exits;
    } else {
        cpu_state.exits = {exit_iret_with_ldt, exit_sysret_with_ldt};
        note_stale_ldt_selectors();
    }
}

}  // namespace

void set_up_entry_paths(Design design) {
    for (const Paths& each : paths) {
        fill_idt(each);
    }
    enable_system_calls();
    point_at(design);
    selected_setting = {design, nullptr};
}

RF_DESIGN_CHANGE void select_entry_paths(EntrySetting setting) {
    if (setting == selected_setting) {
        return;
    }
    if (setting.design() != selected) {
        counted_crossings = isolated_crossings();
        crossings_before = all_crossings();
        point_at(setting.design());
    }
    select_ldt(setting.ldt());
    selected_setting = setting;
}

void select_changed_ldt(EntrySetting setting) {
    select_ldt(setting.ldt());
    selected_setting = setting;
}

void forget_ldt(const Ldt& ldt) {
    if (selected_setting.ldt() == &ldt) {
        select_changed_ldt({selected, nullptr});
    }
}

ExitsWithLdt exits_with_ldt() {
    const Paths& chosen = paths[static_cast<usize>(selected)];
    return {chosen.exits, chosen.exit_to_16bit_stack};
}

Design selected_design() {
    return selected;
}

void set_kernel_stack(VirtualAddress top) {
    cpu_state.kernel_stack_top = top.value();
    if (mutated(Mutation::CpuDataBesideTss)) {
        fill_tss_page();
    }
    if (selected == Design::Shared) {
        aim_interrupts();
    }
}

u64 isolated_crossings() {
    return counted_crossings +
           (selected == Design::Isolated ? all_crossings() - crossings_before : 0);
}

}  // namespace ringfence::kernel::arch

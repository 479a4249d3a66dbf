// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/entry_area.h"

#include "base/compiler.h"
#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/mutation.h"
#include "kernel/core/log/log.h"
#include "kernel/core/memory/frame_allocator.h"

namespace ringfence::kernel::arch {

namespace {

PhysicalAddress part_frames[16];

/// EntryCounters::paranoid_entries when the stacks of NMI, #MC and #DB were last cleared.
u64 cleared_after = 0;

/// Words at the top of a stack that one entry can have written: five by the CPU, error code,
/// vector, RDI, and what alignment skips; for an IRET that faulted, the refused frame as well.
constexpr usize words_per_entry = 16;

void clear_top(EntryAreaPage page) {
    auto* top = reinterpret_cast<u64*>(entry_area_stack_top(page).value());
    for (usize i = 1; i <= words_per_entry; ++i) {
        top[-static_cast<i64>(i)] = 0;
    }
}

}  // namespace

void allocate_entry_area() {
    for (const auto& part : entry_area_parts) {
        const auto frame = allocate_zeroed_frame(FrameUse::Kernel);
        if (!frame.ok()) {
            panic("no memory for the entry area");
        }
        part_frames[static_cast<usize>(part.page)] = frame.value();
    }
}

PhysicalAddress entry_area_frame(EntryAreaPage page) {
    const PhysicalAddress frame = part_frames[static_cast<usize>(page)];
    RF_ASSERT(frame.value() != 0);
    return frame;
}

void clear_entry_stack() {
    if (mutated(Mutation::EntryFrameLeft)) {
        return;
    }
    clear_top(EntryAreaPage::EntryStack);
    *reinterpret_cast<u64*>(entry_area_address(EntryAreaPage::Scratch).value()) = 0;
    // One that came while the exit ran on the program's table has left its stack pointer there.
    if (entry_counters.paranoid_entries != cleared_after) {
        cleared_after = entry_counters.paranoid_entries;
        clear_top(EntryAreaPage::NmiStack);
        clear_top(EntryAreaPage::MachineCheckStack);
        clear_top(EntryAreaPage::DebugStack);
    }
}

void clear_ist_stack(EntryAreaPage page) {
    if (mutated(Mutation::IstFrameLeft)) {
        return;
    }
    clear_top(page);
}

}  // namespace ringfence::kernel::arch

// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/nmi_stack.h"

#include "kernel/arch/x86_64/entry_area.h"

extern "C" {
// entry.S and exit.S
extern const ringfence::u8 syscall_isolated[], trap_isolated[];
extern const ringfence::u8 frame_copy_isolated[], frame_copy_isolated_end[];
extern const ringfence::u8 frame_copy_shared[], frame_copy_shared_end[];
extern const ringfence::u8 exit_sysret_isolated[], exit_iret_path_isolated[];
// paranoid.S
extern const ringfence::u8 paranoid_stack_2[], paranoid_stack_end_2[];
}

namespace ringfence::kernel::arch {

namespace {

/// first <= address < end
bool lies_in(u64 address, VirtualAddress first, VirtualAddress end) {
    return address >= first.value() && address < end.value();
}
bool lies_in(u64 address, const u8* first, const u8* end) {
    return lies_in(address, symbol_address(first), symbol_address(end));
}

/// A stack pointer may be at the end of its stack, and has room for what the way back needs.
bool is_on_stack(u64 pointer, VirtualAddress first, VirtualAddress end) {
    constexpr u64 room = 2 * sizeof(u64);
    return lies_in(pointer, first + room, end + 1);
}

}  // namespace

bool is_nmi_stack_in_use(const TrapFrame& interrupted) {
    // The ways of SYSCALL and SYSRET: the stack pointer may be the program's, and be anything. No
    // NMI is handled there.
    if (lies_in(interrupted.rip, syscall_isolated, trap_isolated) ||
        lies_in(interrupted.rip, exit_sysret_isolated, exit_iret_path_isolated)) {
        return false;
    }
    // From user mode: until the frame has been copied to the thread's stack. Others take that way,
    // too, from other stacks.
    const VirtualAddress bottom = entry_area_address(EntryAreaPage::NmiStack);
    const VirtualAddress top = entry_area_stack_top(EntryAreaPage::NmiStack);
    if (lies_in(interrupted.rip, frame_copy_isolated, frame_copy_isolated_end) ||
        lies_in(interrupted.rip, frame_copy_shared, frame_copy_shared_end)) {
        return is_on_stack(interrupted.rdi, bottom, top);
    }
    // From kernel mode: from the first instruction to the IRET.
    return is_on_stack(interrupted.rsp, bottom, top) ||
           is_on_stack(interrupted.rsp, symbol_address(paranoid_stack_2),
                       symbol_address(paranoid_stack_end_2));
}

}  // namespace ringfence::kernel::arch

// SPDX-License-Identifier: MIT
// Runs 32-bit code that may fault, and says what happened. As tests/system/guest/traps.h, for
// protected mode without paging.
#pragma once

#include "arch/x86/exception_vector.h"
#include "arch/x86/idt_gate.h"
#include "arch/x86/rflags.h"
#include "arch/x86/task_state_segment.h"
#include "base/types.h"

namespace ringfence::system_test {

/// Selectors of the tests' GDT.
inline constexpr u16 kernel_code = 0x08;
inline constexpr u16 kernel_data = 0x10;
inline constexpr u16 user_code = 0x1b;
inline constexpr u16 user_data = 0x23;
inline constexpr u16 main_task = 0x28;
/// From here to gdt_bytes the entries are an image's own.
inline constexpr u16 free_selector = 0x30;
inline constexpr u16 gdt_bytes = 0x100;

/// The vector by which code below CPL 0 ends a run.
inline constexpr u8 done_vector = 0x80;

/// What the entry of a vector pushes, and the processor before it.
struct TrapFrame {
    u32 edi, esi, ebp, handler_esp, ebx, edx, ecx, eax;
    u32 vector;
    u32 error_code;
    u32 eip, cs, eflags;
    u32 esp, ss;         ///< only if the privilege level changed
    u32 es, ds, fs, gs;  ///< only from virtual-8086 mode
};

/// How a run ended.
struct Trap {
    static constexpr u32 none = 256;
    u32 vector = none;  ///< `none`: the code came to its end
    TrapFrame frame{};
    u32 frame_address = 0;

    [[nodiscard]] bool is(arch::x86::ExceptionVector wanted) const {
        return vector == static_cast<u32>(wanted);
    }
};

/// Calls `function(argument)` at CPL 0 until it returns or traps.
Trap run_in_supervisor(u32 function, u32 argument = 0);
template <typename Function>
Trap run_in_supervisor(Function function) {
    return run_in_supervisor(reinterpret_cast<u32>(static_cast<void (*)()>(function)));
}
/// Returns by IRETD with these words on the stack.
template <u32 count>
Trap run_by_iret(const u32 (&words)[count]);
Trap run_by_iret(const u32* words, u32 count);
/// Runs code at CPL 3 until it traps; `int $0x80` counts as the end.
Trap run_in_user(u32 eip);

void set_descriptor(u16 selector, u64 descriptor);
u64 descriptor(u16 selector);
void set_gate(u8 vector, u64 gate);
/// The gate that leads to the vector's recording entry.
u64 recording_gate(u8 vector, u16 selector = kernel_code,
                   arch::x86::SystemSegmentType type = arch::x86::SystemSegmentType::InterruptGate,
                   unsigned privilege = 0);
/// The main task, whose inner stack for CPL 0 traps use.
arch::x86::TaskStateSegment32& main_state();
u32 inner_stack_top();
u32 user_stack_top();

template <u32 count>
Trap run_by_iret(const u32 (&words)[count]) {
    return run_by_iret(words, count);
}

}  // namespace ringfence::system_test

extern "C" {
extern const ringfence::u8 trap_entries[], resume_here[], run_iret_instruction[];
extern ringfence::u32 resume_esp;
}

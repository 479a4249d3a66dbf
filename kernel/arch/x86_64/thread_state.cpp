// SPDX-License-Identifier: MIT
#include "kernel_arch/thread_state.h"

#include "arch/x86/page_fault_error_code.h"
#include "arch/x86/rflags.h"
#include "arch/x86/selector_error_code.h"
#include "base/compiler.h"
#include "kernel/arch/x86_64/cpu_state.h"
#include "kernel/arch/x86_64/descriptor_tables.h"
#include "kernel/arch/x86_64/entry_paths.h"
#include "kernel/arch/x86_64/extended_state.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/ldt_exit.h"
#include "kernel/arch/x86_64/tlb.h"
#include "kernel/core/errors.h"
#include "kernel_arch/user_access.h"

extern "C" {
void switch_stacks(ringfence::u64* save, ringfence::u64 load);
void thread_begin();
[[noreturn]] void leave_kernel(const ringfence::kernel::arch::TrapFrame* from,
                               ringfence::kernel::arch::TrapFrame* place, void (*exit_path)());
}

namespace ringfence::kernel::arch {

namespace {

/// What switch_stacks pops, and where it returns to.
struct SwitchFrame {
    u64 r15, r14, r13, r12, rbx, rbp;
    u64 return_address;
    u64 padding[2];  ///< so that the stack is aligned to 16 where thread_begin calls
};

SegmentSelectors read_selectors() {
    SegmentSelectors s;
    asm volatile("mov %%ds, %0" : "=rm"(s.ds));
    asm volatile("mov %%es, %0" : "=rm"(s.es));
    asm volatile("mov %%fs, %0" : "=rm"(s.fs));
    asm volatile("mov %%gs, %0" : "=rm"(s.gs));
    return s;
}

/// A load of a selector, which may fault if it names an LDT that has changed since the program
/// loaded it. Then, as in Linux, the register becomes null.
#define RF_LOAD_SEGMENT(segment)                  \
    "771: mov %k0, %%" segment                    \
    "\n\t"                                        \
    ".pushsection .text.segment_faults, \"ax\"\n" \
    "772: xorl %k0, %k0\n\t"                      \
    "jmp 771b\n\t"                                \
    ".popsection\n\t"                             \
    ".pushsection .exception_table, \"a\"\n\t"    \
    ".balign 8\n\t"                               \
    ".quad 771b, 772b\n\t"                        \
    ".popsection\n\t"

inline void load_ds(u32 selector) {
    asm volatile(RF_LOAD_SEGMENT("ds") : "+r"(selector));
}
inline void load_es(u32 selector) {
    asm volatile(RF_LOAD_SEGMENT("es") : "+r"(selector));
}
inline void load_fs(u32 selector) {
    asm volatile(RF_LOAD_SEGMENT("fs") : "+r"(selector));
}
/// Loading GS writes the active base, which is the kernel's: do it to the program's. Interrupts are
/// off, and an NMI looks at the base itself.
inline void load_gs(u32 selector) {
    asm volatile("swapgs\n\t" RF_LOAD_SEGMENT("gs") "swapgs" : "+r"(selector));
}

/// A selector that is null but not 0: its base is 0. Some processors keep the base of before, which
/// may be another program's. [amd/vol2]: 4.5.3
bool clears_base(u16 selector) {
    return selector != 0 && x86::Selector::is_null(selector);
}

/// `s` came from the registers of a program.
void load_selectors(const SegmentSelectors& s) {
    load_ds(s.ds);
    load_es(s.es);
    load_fs(s.fs);
    load_gs(s.gs);
    if (clears_base(s.fs)) {
        write_msr(x86::Msr::IA32_FS_BASE, 0);
    }
    if (clears_base(s.gs)) {
        write_msr(x86::Msr::IA32_KERNEL_GS_BASE, 0);
    }
}

/// A selector that is not null brings its own base.
void load_segment_bases(const ThreadState& thread) {
    if (thread.selectors.fs == 0) {
        write_msr(x86::Msr::IA32_FS_BASE, thread.fs_base);
    }
    if (thread.selectors.gs == 0) {
        // While the kernel runs, the program's GS base is the one that SWAPGS will bring.
        write_msr(x86::Msr::IA32_KERNEL_GS_BASE, thread.gs_base);
    }
}

/// As Linux: a base that a program asks for comes with a null selector.
void set_segment_base(ThreadState& running, bool fs, u64 base) {
    running.selectors = read_selectors();
    (fs ? running.fs_base : running.gs_base) = base;
    (fs ? running.selectors.fs : running.selectors.gs) = 0;
    load_selectors(running.selectors);
    load_segment_bases(running);
}

void place_switch_frame(ThreadState& thread, VirtualAddress stack_top, void (*entry)(void*),
                        void* argument) {
    RF_ASSERT(stack_top.is_aligned(16));
    auto* frame = reinterpret_cast<SwitchFrame*>(stack_top.value()) - 1;
    *frame = {};
    frame->r12 = reinterpret_cast<u64>(argument);
    frame->rbx = reinterpret_cast<u64>(entry);
    frame->return_address = reinterpret_cast<u64>(&thread_begin);
    thread.saved_stack_pointer = reinterpret_cast<u64>(frame);
}

}  // namespace

TrapFrame TrapFrame::for_program(VirtualAddress entry, VirtualAddress stack) {
    TrapFrame frame{};
    frame.rip = entry.value();
    frame.cs = user_code_selector;
    frame.rflags = x86::Rflags::fixed_one.mask | x86::Rflags::interrupt.mask;
    frame.rsp = stack.value();
    frame.ss = user_data_selector;
    return frame;
}

void TrapFrame::hide_absence() {
    error_code |= x86::PageFaultErrorCode::present.mask;
}

u64 TrapFrame::syscall_argument(unsigned index) const {
    const u64 arguments[] = {rdi, rsi, rdx, r10, r8, r9};
    RF_ASSERT(index < 6);
    return arguments[index];
}

void TrapFrame::restart_syscall() {
    constexpr u64 syscall_length = 2;  // 0F 05
    rip -= syscall_length;
    rax = error_code;
    vector = finished_syscall_vector;  // RCX no longer equals RIP: leave by IRET
}

void TrapFrame::set_traced_syscall(u64 number) {
    constexpr i32 none = -1;
    if (static_cast<i32>(number) != none) {
        vector = syscall_vector;
        error_code = number;
    } else if (vector >= syscall_vector) {
        vector = finished_syscall_vector;
        error_code = number;
    }
}

TrapFrame& user_frame(const ThreadState& thread) {
    return *(reinterpret_cast<TrapFrame*>(thread.kernel_stack_top.value()) - 1);
}

void prepare_thread(ThreadState& thread, VirtualAddress stack_top, void (*entry)(void*),
                    void* argument) {
    place_switch_frame(thread, stack_top, entry, argument);
    thread.kernel_stack_top = stack_top;
    thread.fs_base = 0;
    thread.gs_base = 0;
    thread.selectors = {};
    thread.extended = initial_extended_state();
}

void prepare_fork(ThreadState& child, const ThreadState& parent, VirtualAddress stack_top,
                  void (*entry)(void*), void* argument) {
    place_switch_frame(child, stack_top - sizeof(TrapFrame), entry, argument);
    child.kernel_stack_top = stack_top;
    child.fs_base = parent.fs_base;
    child.gs_base = parent.gs_base;
    child.selectors = read_selectors();
    child.extended = {};
    copy_extended_state(child.extended);
}

void reset_user_registers(ThreadState& running) {
    running.fs_base = 0;
    running.gs_base = 0;
    running.selectors = {};
    load_selectors(running.selectors);
    load_segment_bases(running);
    load_extended_state(initial_extended_state());
    running.debug = {};
    running.step_forced = false;
}

void switch_threads(ThreadState& from, ThreadState& to) {
    ++entry_counters.thread_switches;
    forget_user_fault();  // who runs next may use the page
    save_extended_state(from.extended);
    load_extended_state(to.extended);
    from.selectors = read_selectors();
    if (from.selectors != to.selectors) {
        load_selectors(to.selectors);
    }
    load_segment_bases(to);
    set_kernel_stack(to.kernel_stack_top);
    switch_stacks(&from.saved_stack_pointer, to.saved_stack_pointer);
}

void return_to_user(const TrapFrame& frame) {
    auto* place = reinterpret_cast<TrapFrame*>(cpu_state.kernel_stack_top) - 1;
    ++entry_counters.exits_to_user;
    leave_kernel(&frame, place, cpu_state.exits.by_iret);
}

void reload_ldt_selectors() {
    const SegmentSelectors now = read_selectors();
    const auto load_if_local = [](u16 selector, void (*load)(u32)) {
        if (x86::Selector::local.test(selector)) {
            load(selector);
        }
    };
    load_if_local(now.ds, load_ds);
    load_if_local(now.es, load_es);
    load_if_local(now.fs, load_fs);
    load_if_local(now.gs, load_gs);
}

bool set_thread_pointer(ThreadState& thread, VirtualAddress address) {
    if (address >= user_end) {
        return false;
    }
    thread.fs_base = address.value();
    return true;
}

i64 arch_prctl(ThreadState& running, u64 operation, u64 address) {
    constexpr u64 set_gs = 0x1001;
    constexpr u64 set_fs = 0x1002;
    constexpr u64 get_fs = 0x1003;
    constexpr u64 get_gs = 0x1004;
    const auto failure = [](Errno error) { return -static_cast<i64>(error); };
    switch (operation) {
        case set_fs:
        case set_gs:
            if (VirtualAddress{address} >= user_end) {
                return failure(Errno::Eperm);
            }
            set_segment_base(running, operation == set_fs, address);
            return 0;
        case get_fs:
        case get_gs: {
            // What the registers say: the base may be that of a segment that the program loaded.
            const u64 base = read_msr(operation == get_fs ? x86::Msr::IA32_FS_BASE
                                                          : x86::Msr::IA32_KERNEL_GS_BASE);
            return put_user(VirtualAddress{address}, base) ? 0 : failure(Errno::Efault);
        }
        default:
            return failure(Errno::Einval);
    }
}

}  // namespace ringfence::kernel::arch

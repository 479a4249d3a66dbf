// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/panic.h"

#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/symbols.h"
#include "kernel/core/log/log.h"
#include "kernel_arch/cpu.h"

namespace ringfence::kernel {
namespace arch {

namespace {

bool panicking = false;

/// A function's frame: [sysv/abi]: 3.2.2, with frame pointers kept.
struct StackFrame {
    const StackFrame* caller;
    u64 return_address;
};

void print_place(VirtualAddress address) {
    const Symbol symbol = find_symbol(address);
    if (symbol.name.empty()) {
        log_important("  {}", address);
    } else {
        log_important("  {} {}+{x}", address, symbol.name, symbol.offset);
    }
}

/// Follows frame pointers upwards for as long as they make sense. A corrupt one may still fault:
/// the panic in a panic then stops the machine at once.
void print_callers(const StackFrame* frame) {
    constexpr int deepest = 32;
    for (int depth = 0; depth < deepest; ++depth) {
        const bool kernel_pointer = (reinterpret_cast<u64>(frame) >> 63) != 0;
        const bool aligned = (reinterpret_cast<u64>(frame) & 7) == 0;
        if (!kernel_pointer || !aligned || !is_kernel_text(VirtualAddress{frame->return_address})) {
            return;
        }
        print_place(VirtualAddress{frame->return_address});
        if (frame->caller <= frame) {
            return;
        }
        frame = frame->caller;
    }
}

void print_registers(const TrapFrame& f) {
    log_important("rip {x} cs {x} rflags {x} rsp {x} ss {x}", f.rip, f.cs, f.rflags, f.rsp, f.ss);
    log_important("rax {x} rbx {x} rcx {x} rdx {x} rsi {x} rdi {x}", f.rax, f.rbx, f.rcx, f.rdx,
                  f.rsi, f.rdi);
    log_important("rbp {x} r8 {x} r9 {x} r10 {x} r11 {x}", f.rbp, f.r8, f.r9, f.r10, f.r11);
    log_important("r12 {x} r13 {x} r14 {x} r15 {x}", f.r12, f.r13, f.r14, f.r15);
    log_important("vector {} error {x} cr2 {x} cr3 {x} cr4 {x}", f.vector, f.error_code, read_cr2(),
                  read_cr3(), read_cr4());
}

void begin_panic(std::string_view message) {
    disable_interrupts();
    if (panicking) {
        exit_machine(abi::MachineExit::KernelPanic);
    }
    panicking = true;
    log_important("kernel panic: {}", message);
    // Not by layout_displacements: that is low in memory, where nothing is mapped any more.
    if (const u64 moved_by = kernel_base() - linked_kernel_base; moved_by != 0) {
        log_important("the image lies {x} above its linked addresses", moved_by);
    }
}

}  // namespace

void panic_with_frame(std::string_view message, const TrapFrame& frame, VirtualAddress address) {
    begin_panic(message);
    if (address.value() != 0) {
        log_important("address {}", address);
    }
    print_registers(frame);
    log_important("backtrace:");
    print_place(frame.instruction_pointer());
    if (!frame.from_user()) {
        print_callers(reinterpret_cast<const StackFrame*>(frame.rbp));
    }
    exit_machine(abi::MachineExit::KernelPanic);
}

}  // namespace arch

void panic(std::string_view message) {
    arch::begin_panic(message);
    log_important("backtrace:");
    arch::print_callers(static_cast<const arch::StackFrame*>(__builtin_frame_address(0)));
    arch::exit_machine(abi::MachineExit::KernelPanic);
}

}  // namespace ringfence::kernel

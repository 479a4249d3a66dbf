// SPDX-License-Identifier: MIT
// struct rt_sigframe as Linux lays it out. [linux/abi]: arch/x86/include/asm/sigframe.h,
// include/uapi/asm/sigcontext.h, ucontext.h
#include "kernel_arch/signal_frame.h"

#include <cstddef>

#include "arch/x86/rflags.h"
#include "arch/x86/segment_descriptor.h"
#include "kernel/arch/x86_64/descriptor_tables.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/signal_extended_state.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel::arch {

namespace {

/// struct sigcontext_64
struct SignalContext {
    u64 r8, r9, r10, r11, r12, r13, r14, r15;
    u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    u16 cs, gs, fs, ss;
    u64 error_code, vector, old_mask, cr2;
    u64 extended_state;  ///< where it is (signal_extended_state.h), or 0
    u64 reserved[8];
};
static_assert(sizeof(SignalContext) == 256);

/// struct ucontext
struct UserContext {
    u64 flags;
    u64 link;
    SignalStack stack;
    SignalContext registers;
    u64 blocked;
};
static_assert(sizeof(UserContext) == 304);

struct SignalFrame {
    u64 return_address;  ///< sa_restorer
    UserContext context;
    SignalInfoImage information;
};
static_assert(sizeof(SignalFrame) == 440);

constexpr u64 red_zone = 128;  // [sysv/abi]: 3.2.2
constexpr u64 stack_alignment = 16;
/// There is an XSAVE header behind FXSAVE's part of the extended state.
constexpr u64 uc_fp_xstate = 0x1;
/// The context's SS is real.
constexpr u64 uc_sigcontext_ss = 0x2;
/// SS is restored whatever it is. Set for 64-bit code only; a program may clear it. [linux/abi]:
/// arch/x86/include/uapi/asm/ucontext.h
constexpr u64 uc_strict_restore_ss = 0x4;

u64 context_flags(const TrapFrame& frame) {
    return uc_sigcontext_ss | (frame.cs == user_code_selector ? uc_strict_restore_ss : 0) |
           (signal_frame_has_xsave() ? uc_fp_xstate : 0);
}

struct FramePlaces {
    VirtualAddress frame;
    VirtualAddress extended_state;  ///< above it
};

/// Where the frame goes: below the red zone, or at the top of the alternate stack. The handler
/// finds the stack pointer as after a call: 8 below a multiple of 16.
FramePlaces frame_places(const TrapFrame& frame, const SignalDelivery& delivery) {
    const u64 top = delivery.use_alternate_stack
                        ? delivery.alternate_stack.base + delivery.alternate_stack.size
                        : frame.rsp - red_zone;
    const VirtualAddress extended_state =
        VirtualAddress{top - signal_extended_state_bytes()}.align_down(
            signal_extended_state_alignment);
    return {.frame = (extended_state - sizeof(SignalFrame)).align_down(stack_alignment) - 8,
            .extended_state = extended_state};
}

/// What lies below the alternate stack belongs to others.
bool leaves_alternate_stack(VirtualAddress frame, const SignalDelivery& delivery) {
    const SignalStack& stack = delivery.alternate_stack;
    const bool used = delivery.use_alternate_stack || stack.flags == SignalStack::in_use;
    return used && !stack.holds(frame);
}

SignalContext context_of(const TrapFrame& f, const SignalDelivery& delivery,
                         VirtualAddress extended_state) {
    SignalContext c{};
    c.r8 = f.r8;
    c.r9 = f.r9;
    c.r10 = f.r10;
    c.r11 = f.r11;
    c.r12 = f.r12;
    c.r13 = f.r13;
    c.r14 = f.r14;
    c.r15 = f.r15;
    c.rdi = f.rdi;
    c.rsi = f.rsi;
    c.rbp = f.rbp;
    c.rbx = f.rbx;
    c.rdx = f.rdx;
    c.rax = f.rax;
    c.rcx = f.rcx;
    c.rsp = f.rsp;
    c.rip = f.rip;
    c.rflags = f.rflags;
    c.cs = static_cast<u16>(f.cs);
    c.ss = static_cast<u16>(f.ss);
    const bool by_syscall = f.vector >= TrapFrame::syscall_vector;
    c.error_code = by_syscall ? 0 : f.error_code;
    c.vector = by_syscall ? 0 : f.vector;
    c.old_mask = delivery.blocked;
    c.cr2 = delivery.fault_address;
    c.extended_state = extended_state.value();
    return c;
}

void restore_registers(TrapFrame& f, const SignalContext& c) {
    f.r8 = c.r8;
    f.r9 = c.r9;
    f.r10 = c.r10;
    f.r11 = c.r11;
    f.r12 = c.r12;
    f.r13 = c.r13;
    f.r14 = c.r14;
    f.r15 = c.r15;
    f.rdi = c.rdi;
    f.rsi = c.rsi;
    f.rbp = c.rbp;
    f.rbx = c.rbx;
    f.rdx = c.rdx;
    f.rax = c.rax;
    f.rcx = c.rcx;
    f.rsp = c.rsp;
    f.rip = c.rip;
}

/// Flags that a signal frame restores; the others (NT and ID of those that a program can set) stay
/// as the handler left them. [linux/abi]: arch/x86/kernel/signal.c, FIX_EFLAGS
constexpr u64 restored_flags = x86::Rflags::status | x86::Rflags::tf.mask | x86::Rflags::df.mask |
                               x86::Rflags::rf.mask | x86::Rflags::ac.mask;
static_assert(!x86::Rflags::iopl.test(restored_flags));

/// Leaves SS alone if 64-bit code can run with it: present data of DPL 3 that can be written,
/// whatever its size and direction. Else it becomes the standard one. LAR gives bits 8 to 23 of the
/// descriptor's second half in place. [intel/vol2]: LAR
void make_stack_segment_valid(TrapFrame& f) {
    using S = x86::SegmentDescriptor;
    constexpr u64 looked_at =
        S::code_or_data.mask | S::code.mask | S::writable.mask | S::dpl.mask | S::present.mask;
    constexpr u64 wanted = looked_at & ~S::code.mask;
    u32 rights = 0;
    bool found = false;
    asm volatile("lar %2, %0" : "+r"(rights), "=@ccz"(found) : "r"(static_cast<u32>(f.ss)));
    if (!found || (u64{rights} << 32 & looked_at) != wanted) {
        f.ss = user_data_selector;
    }
}

/// CS and SS are the program's choice as far as they are user segments; IRET judges the rest.
void restore_privileged(TrapFrame& f, const SignalContext& c, u64 flags) {
    constexpr u64 user_privilege = 3;
    f.rflags = (f.rflags & ~restored_flags) | (c.rflags & restored_flags);
    f.cs = c.cs | user_privilege;
    f.ss = c.ss | user_privilege;
    if ((flags & uc_strict_restore_ss) == 0 && f.cs == user_code_selector) {
        make_stack_segment_valid(f);
    }
    f.forget_origin();
}

}  // namespace

u64 most_signal_frame_bytes() {
    constexpr u64 padding = signal_extended_state_alignment - 1 + stack_alignment - 1 + 8;
    const u64 most = sizeof(SignalFrame) + signal_extended_state_bytes() + padding;
    return (most + stack_alignment - 1) / stack_alignment * stack_alignment;
}

bool push_signal_frame(TrapFrame& frame, const SignalDelivery& delivery) {
    const auto [place, extended_state] = frame_places(frame, delivery);
    if (leaves_alternate_stack(place, delivery)) {
        return false;
    }
    SignalFrame image{};
    image.return_address = delivery.restorer.value();
    image.context.flags = context_flags(frame);
    image.context.stack = delivery.alternate_stack;
    image.context.registers = context_of(frame, delivery, extended_state);
    image.context.blocked = delivery.blocked;
    image.information = delivery.information;
    if (!push_extended_state(extended_state) || !copy_to_user(place, &image, sizeof(image))) {
        return false;
    }
    frame.rdi = delivery.number;
    frame.rsi = (place + offsetof(SignalFrame, information)).value();
    frame.rdx = (place + offsetof(SignalFrame, context)).value();
    frame.rax = 0;  // no vector registers hold arguments, for variadic handlers
    frame.rsp = place.value();
    frame.rip = delivery.handler.value();
    frame.cs = user_code_selector;
    if (frame.ss != user_data_selector) {
        make_stack_segment_valid(frame);
    }
    frame.rflags &= ~(x86::Rflags::df.mask | x86::Rflags::tf.mask | x86::Rflags::rf.mask);
    frame.forget_syscall();
    return true;
}

bool pop_signal_frame(TrapFrame& frame, SignalReturn& result) {
    // The handler's RET has taken the return address off the stack.
    const VirtualAddress place{frame.rsp - offsetof(SignalFrame, context)};
    SignalFrame image;
    if (!copy_from_user(&image, place, sizeof(image))) {
        return false;
    }
    const SignalContext& context = image.context.registers;
    restore_registers(frame, context);
    restore_privileged(frame, context, image.context.flags);
    result = {image.context.blocked, image.context.stack};
    return pop_extended_state(VirtualAddress{context.extended_state});
}

}  // namespace ringfence::kernel::arch

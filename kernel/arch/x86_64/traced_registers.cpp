// SPDX-License-Identifier: MIT
// General registers, segments and flags of a thread that is stopped for its tracer.
#include <cstddef>

#include "arch/x86/rflags.h"
#include "arch/x86/segment_descriptor.h"
#include "arch/x86/selector_error_code.h"
#include "kernel/arch/x86_64/flag_loads.h"
#include "kernel/arch/x86_64/ldt.h"
#include "kernel_arch/traced_thread.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel::arch {

namespace x86 = ::ringfence::arch::x86;

namespace {

/// Flags that a tracer may change. [linux/abi]: arch/x86/kernel/ptrace.c, FLAG_MASK
constexpr u64 traced_flags = x86::Rflags::status | x86::Rflags::tf.mask | x86::Rflags::df.mask |
                             x86::Rflags::nt.mask | x86::Rflags::rf.mask | x86::Rflags::ac.mask;
static_assert(!x86::Rflags::iopl.test(traced_flags) && !x86::Rflags::interrupt.test(traced_flags) &&
              !x86::Rflags::vm.test(traced_flags));

constexpr u64 user_privilege = 3;

/// The base that a selector brings along; only the LDT has segments of programs with one.
u64 base_of(u16 selector, u64 own_base, const AddressSpace& space) {
    if (selector == 0) {
        return own_base;
    }
    const Ldt* const ldt = space.ldt();
    const unsigned index = x86::Selector::index.get(selector);
    if (ldt == nullptr || !x86::Selector::local.test(selector) || index >= ldt->entries()) {
        return 0;
    }
    return x86::SegmentDescriptor::base(ldt->entry(index));
}

enum class Null : u8 { Allowed, Refused };

/// Null, or of ring 3. Whether there is such a segment is seen when it is loaded.
Fallible<u16> checked_selector(u64 value, Null null) {
    const auto selector = static_cast<u16>(value);
    const bool of_user = (selector & user_privilege) == user_privilege;
    if (!of_user && (selector != 0 || null == Null::Refused)) {
        return Error{Errno::Eio};
    }
    return selector;
}

Fallible<void> put_selector(u64& to, u64 value) {
    RF_TRY_ASSIGN(selector, checked_selector(value, Null::Refused));
    to = selector;
    return {};
}
Fallible<void> put_selector(u16& to, u64 value) {
    RF_TRY_ASSIGN(selector, checked_selector(value, Null::Allowed));
    to = selector;
    return {};
}

Fallible<void> put_base(u64& to, u64 value) {
    if (VirtualAddress{value} >= user_end) {
        return Error{Errno::Eio};
    }
    to = value;
    return {};
}

/// A tracer that writes TF takes it over for the program.
void put_flags(ThreadState& state, u64 value) {
    TrapFrame& frame = user_frame(state);
    if (x86::Rflags::tf.test(value)) {
        state.step_forced = false;
    } else if (state.step_forced) {
        value |= x86::Rflags::tf.mask;
    }
    frame.rflags = (frame.rflags & ~traced_flags) | (value & traced_flags);
}

/// The general registers, which TrapFrame has in Linux's order.
constexpr usize general_registers = 15;
static_assert(offsetof(UserRegisters, rdi) == offsetof(TrapFrame, rdi));
static_assert(offsetof(UserRegisters, r8) == offsetof(TrapFrame, r8));
static_assert(offsetof(UserRegisters, orig_rax) == general_registers * sizeof(u64));

constexpr usize index_of(usize offset) {
    return offset / sizeof(u64);
}
#define RF_INDEX(field) index_of(offsetof(UserRegisters, field))

Fallible<void> put_special(ThreadState& state, usize index, u64 value) {
    TrapFrame& frame = user_frame(state);
    switch (index) {
        case RF_INDEX(orig_rax):
            frame.set_traced_syscall(value);
            return {};
        case RF_INDEX(rip):
            frame.rip = value;
            return {};
        case RF_INDEX(cs):
            return put_selector(frame.cs, value);
        case RF_INDEX(rflags):
            put_flags(state, value);
            return {};
        case RF_INDEX(rsp):
            frame.rsp = value;
            return {};
        case RF_INDEX(ss):
            return put_selector(frame.ss, value);
        case RF_INDEX(fs_base):
            return put_base(state.fs_base, value);
        case RF_INDEX(gs_base):
            return put_base(state.gs_base, value);
        case RF_INDEX(ds):
            return put_selector(state.selectors.ds, value);
        case RF_INDEX(es):
            return put_selector(state.selectors.es, value);
        case RF_INDEX(fs):
            return put_selector(state.selectors.fs, value);
        case RF_INDEX(gs):
            return put_selector(state.selectors.gs, value);
        default:
            return Error{Errno::Eio};
    }
}
#undef RF_INDEX

Fallible<void> put_register(ThreadState& state, usize index, u64 value) {
    if (index >= general_registers) {
        return put_special(state, index, value);
    }
    reinterpret_cast<u64*>(&user_frame(state))[index] = value;
    return {};
}

}  // namespace

UserRegisters read_registers(const ThreadState& state, const AddressSpace& space) {
    const TrapFrame& f = user_frame(state);
    UserRegisters all{};
    __builtin_memcpy(&all, &f, general_registers * sizeof(u64));
    all.orig_rax = f.traced_syscall();
    all.rip = f.rip;
    all.cs = f.cs;
    all.rflags = state.step_forced ? f.rflags & ~x86::Rflags::tf.mask : f.rflags;
    all.rsp = f.rsp;
    all.ss = f.ss;
    all.fs_base = base_of(state.selectors.fs, state.fs_base, space);
    all.gs_base = base_of(state.selectors.gs, state.gs_base, space);
    all.ds = state.selectors.ds;
    all.es = state.selectors.es;
    all.fs = state.selectors.fs;
    all.gs = state.selectors.gs;
    return all;
}

Fallible<void> write_registers(ThreadState& state, usize first, std::span<const u64> words) {
    for (usize i = 0; i < words.size(); ++i) {
        RF_TRY(put_register(state, first + i, words[i]));
    }
    return {};
}

void set_single_step(ThreadState& state, std::span<const u8> code) {
    TrapFrame& frame = user_frame(state);
    const bool is_own = x86::Rflags::tf.test(frame.rflags) && !state.step_forced;
    frame.rflags |= x86::Rflags::tf.mask;
    state.step_forced = !is_own && !loads_flags(code);
}

void clear_single_step(ThreadState& state) {
    if (state.step_forced) {
        user_frame(state).rflags &= ~x86::Rflags::tf.mask;
        state.step_forced = false;
    }
}

Fallible<std::optional<u64>> traced_arch_prctl(ThreadState& state, const AddressSpace& space,
                                               u64 operation, u64 address) {
    enum Operation : u64 { SetGs = 0x1001, SetFs = 0x1002, GetFs = 0x1003, GetGs = 0x1004 };
    switch (operation) {
        case Operation::SetGs:
        case Operation::SetFs: {
            if (VirtualAddress{address} >= user_end) {
                return Error{Errno::Eperm};
            }
            const bool fs = operation == Operation::SetFs;
            (fs ? state.selectors.fs : state.selectors.gs) = 0;
            (fs ? state.fs_base : state.gs_base) = address;
            return std::optional<u64>();
        }
        case Operation::GetFs:
            return std::optional(base_of(state.selectors.fs, state.fs_base, space));
        case Operation::GetGs:
            return std::optional(base_of(state.selectors.gs, state.gs_base, space));
        default:
            return Error{Errno::Einval};
    }
}

}  // namespace ringfence::kernel::arch

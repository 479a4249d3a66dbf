// SPDX-License-Identifier: MIT
// SYSCALL, SYSRET, SYSENTER and SYSEXIT. [intel/vol3]: 5.8.7, 5.8.8; [amd/vol3]: SYSCALL, SYSRET
//
// They read no descriptor: the segment registers get fixed flat contents.
#include "arch/x86/debug_registers.h"
#include "arch/x86/msr.h"
#include "sim/isa/x86/binder.h"
#include "sim/isa/x86/descriptors.h"
#include "sim/isa/x86/system_checks.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Efer;
using arch::x86::Rflags;
using arch::x86::Star;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SegmentRegister;

constexpr unsigned user_cpl = 3;
/// Distances between the selectors that the instructions derive from one MSR.
constexpr u16 stack_after_code = 8;
constexpr u16 sysret_code64 = 16;
constexpr u16 sysexit_code32 = 16;
constexpr u16 sysexit_code64 = 32;

constexpr u16 with_rpl(u16 selector, unsigned rpl) {
    return Selector::rpl.set(selector, static_cast<u16>(rpl));
}

/// Loads CS and SS with flat segments of privilege `cpl` and changes to it.
void enter_flat(Cpu& cpu, unsigned cpl, u16 code_selector, u16 stack_selector, bool code64) {
    const u64 code =
        code64 ? SegmentDescriptor::flat_code64(cpl) : SegmentDescriptor::flat_code32(cpl);
    cpu.set_segment(SegmentRegister::Cs, make_segment(with_rpl(code_selector, cpl), code), 0);
    cpu.set_segment(SegmentRegister::Ss,
                    make_segment(with_rpl(stack_selector, cpl), SegmentDescriptor::flat_data(cpl)),
                    0);
    cpu.set_cpl(cpl);
}

bool require_syscall_enabled(Cpu& cpu) {
    return Efer::sce.test(cpu.efer()) || cpu.raise(ExceptionVector::InvalidOpcode);
}

/// Where SYSCALL goes. Intel has it in 64-bit mode only; AMD also in compatibility mode.
bool syscall_target(Cpu& cpu, u64& out) {
    if (cpu.code64()) {
        out = cpu.msr.lstar;
        return true;
    }
    if (!is_amd(cpu) || !cpu.long_mode_active()) {
        return cpu.raise(ExceptionVector::InvalidOpcode);
    }
    out = cpu.msr.cstar;
    return true;
}

bool syscall(Cpu& cpu, const Op& op) {
    u64 target;
    if (!require_syscall_enabled(cpu) || !syscall_target(cpu, target)) {
        return false;
    }
    const u64 return_rip = next_rip(cpu, op);
    const u64 rflags = cpu.rflags();
    cpu.recorder.syscall(VirtualAddress{rip_of(cpu, op)}, cpu.cpl() == user_cpl);
    const auto selector = static_cast<u16>(Star::syscall_selector.get(cpu.msr.star));
    cpu.gpr[Gpr::Rcx] = return_rip;
    cpu.gpr[Gpr::R11] = Rflags::rf.set(rflags, 0);
    enter_flat(cpu, 0, with_rpl(selector, 0), static_cast<u16>(selector + stack_after_code), true);
    cpu.set_rflags(rflags & ~cpu.msr.fmask & ~Rflags::rf.mask);
    // Whether a single-step trap follows is decided with the new TF, so that a kernel that masks it
    // is never stepped.
    cpu.no_debug_trap = !cpu.single_step();
    cpu.rip = target;
    return true;
}

/// AMD checks the address only when it is fetched, in user mode; Intel here, at CPL 0 and on the
/// user's stack.
bool check_sysret_target(Cpu& cpu, bool to_code64) {
    if (!to_code64 || is_amd(cpu) || is_canonical(cpu, cpu.gpr[Gpr::Rcx])) {
        return true;
    }
    return cpu.raise(ExceptionVector::GeneralProtection);
}

/// AMD leaves the attributes of SS as they are. [amd/vol3]: SYSRET
void keep_stack_attributes(Cpu& cpu, const cpu::Segment& before, u64 base) {
    cpu::Segment stack = before;
    stack.selector = cpu.segment(SegmentRegister::Ss).selector;
    cpu.set_segment(SegmentRegister::Ss, stack, base);
}

template <bool to_code64>
bool sysret(Cpu& cpu, const Op& /*op*/) {
    if (!require_syscall_enabled(cpu) || !require_code64(cpu) || !require_cpl0(cpu) ||
        !check_sysret_target(cpu, to_code64)) {
        return false;
    }
    constexpr u64 never_loaded = Rflags::rf.mask | Rflags::vm.mask;
    const auto selector = static_cast<u16>(Star::sysret_selector.get(cpu.msr.star));
    const auto code = static_cast<u16>(selector + (to_code64 ? sysret_code64 : 0));
    const cpu::Segment stack_before = cpu.segment(SegmentRegister::Ss);
    const u64 stack_base_before = cpu.gpr.base(SegmentRegister::Ss);
    enter_flat(cpu, user_cpl, code, static_cast<u16>(selector + stack_after_code), to_code64);
    if (is_amd(cpu)) {
        keep_stack_attributes(cpu, stack_before, stack_base_before);
    }
    cpu.set_rflags(cpu.gpr[Gpr::R11] & ~never_loaded);
    // Unlike IRET, a TF that SYSRET loads traps at once. [linux/abi]: arch/x86/entry/entry_64.S
    cpu.due_debug = cpu.single_step() ? arch::x86::Dr6::bs.mask : 0;
    cpu.rip = to_code64 ? cpu.gpr[Gpr::Rcx] : static_cast<u32>(cpu.gpr[Gpr::Rcx]);
    cpu.recorder.user_entered(VirtualAddress{cpu.rip});
    return true;
}

/// Protected mode, and a code selector in IA32_SYSENTER_CS. AMD has neither instruction in long
/// mode. [amd/vol3]: SYSENTER
bool require_sysenter(Cpu& cpu) {
    if (is_amd(cpu) && cpu.long_mode_active()) {
        return cpu.raise(ExceptionVector::InvalidOpcode);
    }
    const bool has_target = !Selector::is_null(static_cast<u16>(cpu.msr.sysenter_cs));
    return (cpu.protected_mode() && has_target) || cpu.raise(ExceptionVector::GeneralProtection);
}

bool sysenter(Cpu& cpu, const Op& op) {
    if (!require_sysenter(cpu)) {
        return false;
    }
    cpu.recorder.syscall(VirtualAddress{rip_of(cpu, op)}, cpu.cpl() == user_cpl);
    const bool long_mode = cpu.long_mode_active();
    const auto selector = with_rpl(static_cast<u16>(cpu.msr.sysenter_cs), 0);
    enter_flat(cpu, 0, selector, static_cast<u16>(selector + stack_after_code), long_mode);
    cpu.set_rflags(cpu.rflags() & ~(Rflags::vm.mask | Rflags::interrupt.mask | Rflags::rf.mask));
    cpu.gpr[Gpr::Rsp] = long_mode ? cpu.msr.sysenter_esp : static_cast<u32>(cpu.msr.sysenter_esp);
    cpu.rip = long_mode ? cpu.msr.sysenter_eip : static_cast<u32>(cpu.msr.sysenter_eip);
    return true;
}

template <bool to_code64>
bool sysexit(Cpu& cpu, const Op& /*op*/) {
    if (!require_sysenter(cpu) || !require_cpl0(cpu)) {
        return false;
    }
    const u64 stack = cpu.gpr[Gpr::Rcx];
    const u64 target = cpu.gpr[Gpr::Rdx];
    if (to_code64 && !(is_canonical(cpu, stack) && is_canonical(cpu, target))) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    const auto code = static_cast<u16>(static_cast<u16>(cpu.msr.sysenter_cs) +
                                       (to_code64 ? sysexit_code64 : sysexit_code32));
    enter_flat(cpu, user_cpl, code, static_cast<u16>(code + stack_after_code), to_code64);
    cpu.gpr[Gpr::Rsp] = to_code64 ? stack : static_cast<u32>(stack);
    cpu.rip = to_code64 ? target : static_cast<u32>(target);
    cpu.recorder.user_entered(VirtualAddress{cpu.rip});
    return true;
}

bool bind_syscall(const Instruction& /*in*/, OpBuilder& out) {
    return out.transfer<syscall>();
}
bool bind_sysret(const Instruction& in, OpBuilder& out) {
    return in.info.operand_width == 64 ? out.transfer<sysret<true>>()
                                       : out.transfer<sysret<false>>();
}
bool bind_sysenter(const Instruction& /*in*/, OpBuilder& out) {
    return out.transfer<sysenter>();
}
bool bind_sysexit(const Instruction& in, OpBuilder& out) {
    return in.info.operand_width == 64 ? out.transfer<sysexit<true>>()
                                       : out.transfer<sysexit<false>>();
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_SYSCALL, bind_syscall},
    {ZYDIS_MNEMONIC_SYSRET, bind_sysret},
    {ZYDIS_MNEMONIC_SYSENTER, bind_sysenter},
    {ZYDIS_MNEMONIC_SYSEXIT, bind_sysexit},
};

}  // namespace

std::span<const BinderRow> fast_call_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86

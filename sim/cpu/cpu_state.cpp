// SPDX-License-Identifier: MIT
// What of a processor is saved and restored.
#include <array>

#include "sim/cpu/cpu.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::cpu {

namespace {

constexpr std::array<const char*, 16> register_names{"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                                     "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                                     "r12", "r13", "r14", "r15"};
constexpr std::array<const char*, segment_register_count> segment_names{"es", "cs", "ss",
                                                                        "ds", "fs", "gs"};
constexpr std::array<const char*, segment_register_count> base_names{
    "es_base", "cs_base", "ss_base", "ds_base", "fs_base", "gs_base"};

void visit_general(state::Visitor& visitor, RegisterFile& registers) {
    for (unsigned i = 0; i < register_names.size(); ++i) {
        visitor.field(register_names[i], registers[static_cast<Gpr>(i)]);
    }
}

void visit_base(state::Visitor& visitor, std::string_view name, RegisterFile& registers,
                SegmentRegister which) {
    u64 base = registers.base(which);
    visitor.field(name, base);
    registers.set_base(which, base);
}

void visit_direction(state::Visitor& visitor, i64& direction) {
    visitor.field("direction", direction);
    visitor.require(direction == 1 || direction == -1, "direction: expected 1 or -1");
}

void visit_table(state::Visitor& visitor, TableRegister& table) {
    visitor.field("base", table.base);
    visitor.field("limit", table.limit);
}

}  // namespace

void Segment::visit_state(state::Visitor& visitor) {
    visitor.field("selector", selector);
    visitor.field("usable", usable);
    visitor.field("limit", limit);
    visitor.field("descriptor", descriptor);
}

void SystemSegment::visit_state(state::Visitor& visitor) {
    Segment::visit_state(visitor);
    visitor.field("base", base);
}

void LazyFlags::visit_state(state::Visitor& visitor) {
    visitor.field("result", result);
    visitor.field("carries", carries);
}

void ModelSpecificRegisters::visit_state(state::Visitor& visitor) {
    visitor.field("star", star);
    visitor.field("lstar", lstar);
    visitor.field("cstar", cstar);
    visitor.field("fmask", fmask);
    visitor.field("kernel_gs_base", kernel_gs_base);
    visitor.field("sysenter_cs", sysenter_cs);
    visitor.field("sysenter_esp", sysenter_esp);
    visitor.field("sysenter_eip", sysenter_eip);
    visitor.field("tsc_aux", tsc_aux);
    visitor.field("xcr0", xcr0);
    visitor.field("pat", pat);
    visitor.field("misc_enable", misc_enable);
    visitor.field("spec_ctrl", spec_ctrl);
    visitor.field("tsx_ctrl", tsx_ctrl);
    visitor.field("mcg_status", mcg_status, arch::x86::McgStatus::defined);
    visitor.field("debug_control", debug_control, arch::x86::DebugControl::branch_trap.mask);
    visitor.field("system_configuration", system_configuration);
    visitor.part("memory_types", memory_types);
}

void PendingException::visit_state(state::Visitor& visitor) {
    constexpr auto last_vector = static_cast<ExceptionVector>(31);
    visitor.field("vector", vector, last_vector);
    visitor.field("error_code", error_code);
    visitor.field("address", address);
    visitor.field("software", software);
}

/// Of a transaction that does not run nothing is left.
void Transaction::visit_state(state::Visitor& visitor) {
    visitor.field("depth", depth, deepest);
    if (!active()) {
        return;
    }
    visitor.field("fallback", fallback);
    visitor.field("requested_status", requested_status);
    visitor.part("checkpoint", checkpoint);
}

void Checkpoint::visit_state(state::Visitor& visitor) {
    visit_general(visitor, gpr);
    for (unsigned i = 0; i < segment_register_count; ++i) {
        visit_base(visitor, base_names[i], gpr, static_cast<SegmentRegister>(i));
    }
    visitor.part("flags", flags);
    visitor.part("fpu", fpu);
    visit_direction(visitor, direction);
}

namespace {

void visit_vectors(state::Visitor& visitor, const char* name, std::array<Xmm, 16>& vectors) {
    std::array<u64, 2 * 16> words;
    for (unsigned i = 0; i < vectors.size(); ++i) {
        words[2 * i] = vectors[i].low;
        words[2 * i + 1] = vectors[i].high;
    }
    visitor.field(name, words);
    for (unsigned i = 0; i < vectors.size(); ++i) {
        vectors[i] = {words[2 * i], words[2 * i + 1]};
    }
}

}  // namespace

void FpuState::visit_state(state::Visitor& visitor) {
    std::array<u64, 8> significands;
    std::array<u16, 8> sign_exponents;
    for (unsigned i = 0; i < registers.size(); ++i) {
        significands[i] = registers[i].significand;
        sign_exponents[i] = registers[i].sign_exponent;
    }
    visit_vectors(visitor, "xmm", xmm);
    visit_vectors(visitor, "upper", upper);
    visitor.field("significands", significands);
    visitor.field("sign_exponents", sign_exponents);
    for (unsigned i = 0; i < registers.size(); ++i) {
        registers[i] = {significands[i], sign_exponents[i]};
    }
    visitor.field("last_instruction_pointer", last_instruction_pointer);
    visitor.field("last_data_pointer", last_data_pointer);
    visitor.field("mxcsr", mxcsr, mxcsr::writable);
    visitor.field("control", control);
    visitor.field("status", status);
    visitor.field("last_opcode", last_opcode);
    visitor.field("valid", valid);
}

void Cpu::visit_state(state::Visitor& visitor) {
    visit_registers(visitor);
    visit_segments(visitor);
    visit_events(visitor);
    visitor.part("transaction", transaction_);
    visitor.part("msr", msr);
    visitor.part("fpu", fpu);
    visitor.part("mmu", mmu);
    // Not state: block, deadline, retired, pending (used within a run), engine, timed, ports, pins,
    // interrupts, clock, recorder (wiring); model, places (configuration); code_context_,
    // executes_to_breakpoint_, watches_data_, watches_ports_ (follow from the rest)
    visitor.require(transaction_.active() == (mmu.written() != nullptr),
                    "a transaction of the processor or of memory alone");
    if (visitor.loading() && visitor.ok()) {
        set_cpl(cpl_);
        update_breakpoints();
    }
}

void Cpu::visit_registers(state::Visitor& visitor) {
    visit_general(visitor, gpr);
    visitor.field("rip", rip);
    visitor.part("flags", flags);
    visitor.field("other_flags", other_flags_);
    visit_direction(visitor, direction);
    visitor.field("cycles", cycles);
    visitor.field("cr2", cr2);
    visitor.field("breakpoint_addresses", breakpoint_addresses_);
    visitor.field("dr6", dr6);
    visitor.field("dr7", dr7_);
}

void Cpu::visit_segments(state::Visitor& visitor) {
    constexpr unsigned lowest_privilege = 3;
    visitor.field("cpl", cpl_, lowest_privilege);
    for (unsigned i = 0; i < segment_register_count; ++i) {
        const auto which = static_cast<SegmentRegister>(i);
        visitor.group(segment_names[i], [&] {
            segments_[i].visit_state(visitor);
            visit_base(visitor, "base", gpr, which);
        });
    }
    visitor.part("ldtr", ldtr);
    visitor.part("task", task);
    visitor.group("gdtr", [&] { visit_table(visitor, gdtr); });
    visitor.group("idtr", [&] { visit_table(visitor, idtr); });
}

void Cpu::visit_events(state::Visitor& visitor) {
    visitor.field("interrupt_shadow", interrupt_shadow);
    visitor.field("debug_shadow", debug_shadow);
    visitor.field("nmi_blocked", nmi_blocked);
    visitor.field("halted", halted);
    visitor.field("shutdown", shutdown);
    visitor.field("due_debug", due_debug);
    visitor.field("port_breakpoints_met", port_breakpoints_met);
    visitor.field("held_debug", held_debug);
    visitor.field("breakpoints_suppressed", breakpoints_suppressed);
    visitor.optional("deferred", deferred);
    visitor.field("no_debug_trap", no_debug_trap);
}

}  // namespace ringfence::sim::cpu

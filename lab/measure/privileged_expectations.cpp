// SPDX-License-Identifier: MIT
// Privileged instructions, changes of privilege, what is forwarded to those who run in vain.
#include "arch/x86/cpuid.h"
#include "lab/measure/expectation_rows.h"
#include "lab/measure/preset_view.h"

namespace ringfence::lab::measure {

namespace {

using sim::presets::CpuModel;

/// An instruction after which all is fetched anew: shorter than that it cannot be.
Expectation serialising(const CpuModel& cpu, const std::string& path) {
    const PresetView view(cpu);
    const double refill = view.at("core.mispredict_penalty");
    return view.at(path) >= refill ? Expectation{view.at(path), {path}} : Expectation{refill, {}};
}

/// "privileged.cr3_write.no_flush" and the like: another way to the same figure.
Expectation parent(const CpuModel& cpu, const std::string& name) {
    return serialising(cpu, name.substr(0, name.rfind('.')));
}

Expectation no_flush(const CpuModel& cpu, const std::string& name) {
    return cpu.has(arch::x86::cpuid_feature::pcid) ? parent(cpu, name) : Expectation{};
}

Expectation invpcid(const CpuModel& cpu, const std::string& path) {
    return cpu.has(arch::x86::cpuid_feature::invpcid) ? serialising(cpu, path) : Expectation{};
}

Expectation if_transactions(const CpuModel& cpu, const std::string& path) {
    return cpu.has(arch::x86::cpuid_feature::rtm) && PresetView(cpu).has(path) ? as_it_is(cpu, path)
                                                                               : Expectation{};
}

/// XABORT has to be done, then it is noticed as an exception is.
Expectation transaction_abort(const CpuModel& cpu, const std::string& path) {
    const PresetView view(cpu);
    if (!cpu.has(arch::x86::cpuid_feature::rtm) || !view.has(path)) {
        return {};
    }
    return {
        view.at(path) + view.at("core.exception_start") + view.at("execution.microcode.latency"),
        {path}};
}

/// Begins once the instruction is the oldest and the exception has started.
Expectation fault(const CpuModel& cpu, const std::string& path) {
    const PresetView view(cpu);
    return {view.at(path) + view.at("core.exception_start"), {path}};
}

}  // namespace

void add_privileged(std::vector<Measurement>& rows) {
    const auto add = [&rows](std::string name, auto expect) {
        rows.push_back({std::move(name), "cycles", Guest::Supervisor, expect});
    };
    add("privileged.syscall", serialising);
    add("privileged.sysret", serialising);
    add("privileged.swapgs", as_it_is);
    add("privileged.cr3_write", serialising);
    add("privileged.cr3_write.no_flush", no_flush);
    add("privileged.iret", serialising);
    add("privileged.page_fault", fault);
    add("privileged.exception", fault);
    add("privileged.interrupt", as_it_is);
    add("privileged.interrupt.software", parent);
    add("privileged.invlpg", serialising);
    add("privileged.invpcid_page", invpcid);
    add("privileged.invpcid_all", invpcid);
    add("privileged.read_msr", as_it_is);
    add("privileged.write_msr", serialising);
    add("privileged.control_register", serialising);
    add("privileged.control_register.cr4", parent);
    add("privileged.cpuid", serialising);
    add("privileged.verw_clear", as_it_is);
    add("privileged.port_io", serialising);
    add("privileged.port_io.in", parent);
    add("privileged.read_time", as_it_is);
    add("privileged.other_system", serialising);
    const auto add_program = [&rows](std::string name, auto expect) {
        rows.push_back({std::move(name), "cycles", Guest::Program, expect});
    };
    add_program("privileged.xbegin", if_transactions);
    add_program("privileged.xend", if_transactions);
    add_program("privileged.transaction_abort", transaction_abort);
    rows.push_back({"vulnerability.fault_forward", "data, 0, none", Guest::Supervisor, as_it_is});
    rows.push_back({"vulnerability.terminal_fault", "0 or 1", Guest::Supervisor, as_it_is});
    rows.push_back({"identity.clock_hz", "Hz", Guest::Supervisor, as_it_is});
}

}  // namespace ringfence::lab::measure

// SPDX-License-Identifier: MIT
#include "lab/guest_run.h"

#include <fmt/format.h>

#include "lab/error.h"
#include "lab/syscall_names.h"

namespace ringfence::lab {

namespace {

constexpr int fatal_signal_base = 128;
constexpr usize tail_lines = 20;

std::string times(u64 count) {
    return count == 1 ? "once" : fmt::format("{} times", count);
}

/// A kernel that ended the machine in good order must have said how the program ended.
std::string missing_report(const machine::GuestReport& report) {
    return report.exit ? "" : "the kernel ended the machine without the program's exit status";
}

}  // namespace

std::string design_name(Design design) {
    return design == Design::Shared ? "shared" : "isolated";
}

std::string kernel_command_line(Design design, Pcid pcid, const std::string& kaslr_seed) {
    std::string line = design == Design::Shared ? "pti=off" : "pti=on";
    if (pcid == Pcid::Forbidden) {
        line += " nopcid";
    }
    return line + (kaslr_seed.empty() ? " nokaslr" : " kaslr_seed=" + kaslr_seed);
}

int shell_status(const abi::control::ExitStatus& exit) {
    return exit.signal != 0 ? fatal_signal_base + static_cast<int>(exit.signal)
                            : static_cast<int>(exit.code);
}

std::string machine_problem(const machine::MachineOutcome& outcome,
                            const machine::GuestReport& report) {
    if (!report.protocol_error.empty()) {
        return report.protocol_error;
    }
    switch (outcome.end) {
        case machine::MachineEnd::Finished:
            return missing_report(report);
        case machine::MachineEnd::KernelPanic:
            return "kernel panic: " + outcome.detail;
        case machine::MachineEnd::TripleFault:
            return "triple fault: " + outcome.detail;
        case machine::MachineEnd::Hang:
            return "the guest hangs: " + outcome.detail;
        case machine::MachineEnd::Broken:
            return outcome.detail;
        case machine::MachineEnd::InstructionLimit:
        case machine::MachineEnd::Stopped:
            return {};
    }
    return {};
}

std::string log_tail(const std::string& kernel_log) {
    usize start = kernel_log.size();
    for (usize lines = 0; start > 0; --start) {
        if (kernel_log[start - 1] == '\n' && start != kernel_log.size() && ++lines == tail_lines) {
            break;
        }
    }
    std::string tail;
    while (start < kernel_log.size()) {
        const usize end = std::min(kernel_log.find('\n', start), kernel_log.size());
        tail += fmt::format("  {}\n", std::string_view(kernel_log).substr(start, end - start));
        start = end + 1;
    }
    return tail.empty() ? tail : "the end of the kernel's log:\n" + tail;
}

std::vector<std::string> shortcomings(const machine::MachineOutcome& outcome,
                                      const machine::GuestReport& report) {
    std::vector<std::string> lines;
    for (const auto& call : report.unknown_syscalls) {
        lines.push_back(fmt::format("the kernel has no {}: the program called it {} and got ENOSYS",
                                    syscall_name(call.number), times(call.count)));
    }
    for (const auto& instruction : outcome.unimplemented) {
        lines.push_back(fmt::format(
            "the machine has no instruction '{}' ({}, {} code at {:#x}): it raised #UD {}",
            instruction.instruction, instruction.bytes, instruction.user ? "user" : "kernel",
            instruction.address, times(instruction.count)));
    }
    return lines;
}

std::unique_ptr<machine::MachineBackend> make_backend(machine::MachineKind kind,
                                                      CpuSelection cpus) {
    if (kind == machine::MachineKind::Builtin) {
        return machine::make_builtin_backend(std::move(cpus));
    }
    if (!cpus.built_in()) {
        fail(Failure::Usage, "--cpu-file and --what-if: QEMU has one processor of its own");
    }
    return machine::make_qemu_backend();
}

}  // namespace ringfence::lab

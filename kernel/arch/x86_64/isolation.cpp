// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/isolation.h"

#include "kernel/arch/x86_64/mutation.h"
#include "kernel/core/command_line.h"
#include "kernel/core/log/log.h"
#include "kernel_arch/isolation_status.h"

namespace ringfence::kernel::arch {

namespace {

Isolation decided_at_boot;

IsolationRequest requested_by(std::string_view command_line) {
    const auto value = find_option(command_line, "pti");
    if (has_flag(command_line, "nopti") || value == "off") {
        return IsolationRequest::Off;
    }
    return value == "on" ? IsolationRequest::On : IsolationRequest::Auto;
}

}  // namespace

Isolation decide_isolation(std::string_view command_line, bool cpu_affected, bool has_pcid,
                           bool has_invpcid, bool has_global_pages) {
    Isolation result;
    result.required = cpu_affected;
    result.requested = requested_by(command_line);
    result.enabled = result.requested == IsolationRequest::On ||
                     (result.requested == IsolationRequest::Auto && cpu_affected);
    const bool use_invpcid = has_invpcid && !has_flag(command_line, "noinvpcid");
    // All PCIDs can be flushed by INVPCID or by toggling CR4.PGE, else not at all.
    // [intel/vol3]: 4.10.4.1
    result.pcid =
        has_pcid && (use_invpcid || has_global_pages) && !has_flag(command_line, "nopcid");
    result.invpcid = result.pcid && use_invpcid;
    result.global_pages = has_global_pages;
    return result;
}

std::string_view describe_isolation(const Isolation& isolation, char (&buffer)[128]) {
    const bool asked = isolation.requested != IsolationRequest::Auto;
    return format_to(buffer, "isolation: {} ({}; required by CPU: {}), PCID {}, INVPCID {}",
                     isolation.enabled ? "enabled" : "disabled",
                     asked ? "requested by command line" : "decided by CPU",
                     isolation.required ? "yes" : "no", isolation.pcid ? "on" : "off",
                     isolation.invpcid ? "on" : "off");
}

const Isolation& isolation() {
    return decided_at_boot;
}

void set_isolation(const Isolation& decided) {
    decided_at_boot = decided;
}

Design boot_design() {
    const bool isolated = decided_at_boot.enabled && !mutated(Mutation::ReportedNotEnabled);
    return isolated ? Design::Isolated : Design::Shared;
}

abi::control::Isolation isolation_status() {
    using Requested = abi::control::IsolationRequest;
    const Isolation& decided = decided_at_boot;
    return {.required = decided.required,
            .requested = decided.requested == IsolationRequest::On    ? Requested::On
                         : decided.requested == IsolationRequest::Off ? Requested::Off
                                                                      : Requested::Auto,
            .enabled = decided.enabled,
            .pcid = decided.pcid};
}

}  // namespace ringfence::kernel::arch

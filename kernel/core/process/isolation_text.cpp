// SPDX-License-Identifier: MIT
#include "kernel/core/process/isolation_text.h"

#include "kernel/core/process/process_table.h"
#include "kernel_arch/isolation_status.h"

namespace ringfence::kernel {

namespace {

using abi::control::IsolationRequest;
using arch::Design;

class Lines {
public:
    Lines& answer(std::string_view key, bool yes, std::string_view reason) {
        return line(key, yes ? "yes" : "no", reason);
    }
    Lines& line(std::string_view key, std::string_view answer, std::string_view reason) {
        text_.append(key).append(" ").append(answer).append(": ").append(reason).append("\n");
        return *this;
    }
    [[nodiscard]] String take() { return std::move(text_); }

private:
    String text_;
};

std::string_view why_required(bool required) {
    return required ? "the CPU does not say that it keeps supervisor data from user loads"
                    : "the CPU keeps supervisor data from user loads";
}

void add_required(Lines& lines) {
    const bool required = arch::isolation_status().required != 0;
    lines.answer("required", required, why_required(required));
}

void add_requested_of_system(Lines& lines) {
    switch (arch::isolation_status().requested) {
        case IsolationRequest::On:
            lines.line("requested", "on", "by the command line");
            return;
        case IsolationRequest::Off:
            lines.line("requested", "off", "by the command line");
            return;
        case IsolationRequest::Auto:
            lines.line("requested", "auto", "nothing on the command line");
            return;
    }
}

void add_requested(Lines& lines, const IsolationSetting& setting) {
    const std::string_view lasting =
        setting.keep_on_exec ? "by prctl, kept when it executes" : "by prctl, until it executes";
    switch (setting.choice) {
        case IsolationChoice::System:
            add_requested_of_system(lines);
            return;
        case IsolationChoice::Isolated:
            lines.line("requested", "on", lasting);
            return;
        case IsolationChoice::Shared:
            lines.line("requested", "off", lasting);
            return;
    }
}

/// Whether a table that user mode runs on shows no more than the manifest.
bool holds_only_manifest(const arch::AddressSpace::Exposure& exposure) {
    return exposure.outside_manifest == 0;
}

String bytes_text(const arch::AddressSpace::Exposure& exposure) {
    return String()
        .append_decimal(exposure.supervisor_bytes)
        .append(" bytes of supervisor memory in its table, ")
        .append_decimal(exposure.outside_manifest)
        .append(" of them outside the manifest");
}

}  // namespace

Fallible<String> isolation_of_system(u32) {
    Lines lines;
    add_required(lines);
    add_requested_of_system(lines);
    const bool enabled = arch::system_design() == Design::Isolated;
    const bool at_boot = arch::isolation_status().enabled != 0;
    lines.answer("enabled", enabled,
                 enabled == at_boot ? "since boot" : "changed through /proc/ringfence/design");
    u64 exposed = 0;
    u64 all = 0;
    for (const Ref<Process>& process : processes().all()) {
        if (process->memory) {
            ++all;
            exposed += holds_only_manifest(process->memory->tables().exposure()) ? 0 : 1;
        }
    }
    lines.answer("effective", exposed == 0,
                 String().append_decimal(exposed).append(" of ").append_decimal(all).append(
                     " processes have more than the manifest in their tables"));
    const bool pcid = arch::isolation_status().pcid != 0;
    lines.answer("pcid", pcid,
                 pcid ? "a change of root keeps the TLB" : "a change of root flushes");
    return lines.take();
}

String isolation_of(const Process& process) {
    Lines lines;
    add_required(lines);
    if (!process.memory) {
        return lines.take();  // it has ended
    }
    MemorySpace& memory = *process.memory;
    add_requested(lines, memory.isolation);
    const bool enabled = memory.tables().design() == Design::Isolated;
    lines.answer("enabled", enabled,
                 memory.isolation.choice == IsolationChoice::System ? "as the system is"
                                                                    : "as was asked for");
    const auto exposure = memory.tables().exposure();
    lines.answer("effective", holds_only_manifest(exposure), bytes_text(exposure));
    return lines.take();
}

}  // namespace ringfence::kernel

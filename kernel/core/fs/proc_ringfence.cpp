// SPDX-License-Identifier: MIT
// /proc/ringfence: the design that runs and why, the file that changes it, what memory is used for,
// and where the planted secret lies, if there is one.
#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/planted_secret.h"
#include "kernel/core/process/isolation_choice.h"
#include "kernel/core/process/isolation_text.h"
#include "kernel/core/process/usage_report.h"
#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

namespace {

constexpr std::string_view isolated = "isolated";
constexpr std::string_view shared = "shared";

Fallible<String> design(u32) {
    return String(arch::system_design() == arch::Design::Isolated ? isolated : shared).append("\n");
}

Fallible<void> set_design(std::string_view text) {
    if (!current_process().credentials.may(Capability::SysAdmin)) {
        return ringfence::Error{Errno::Eperm};
    }
    if (text != isolated && text != shared) {
        return ringfence::Error{Errno::Einval};
    }
    return change_system_design(text == isolated ? arch::Design::Isolated : arch::Design::Shared);
}

Fallible<String> secret_address(u32) {
    return String().append_hex(planted_secret().address.value()).append("\n");
}

Fallible<String> secret_length(u32) {
    return String().append_decimal(planted_secret().size).append("\n");
}

Fallible<String> secret_check(u32) {
    return String(secret_is_intact() ? "intact\n" : "changed\n");
}

// The files of a secret come last, so that they can be left out.
constexpr ProcEntry entries[] = {
    {"isolation", isolation_of_system}, {"design", design, 0644, set_design},
    {"usage", usage_text, 0400},        {"secret_address", secret_address},
    {"secret_length", secret_length},   {"secret_check", secret_check},
};
constexpr usize entries_without_secret = 3;

}  // namespace

Ref<Inode> make_proc_ringfence(u64 number, Ref<Inode> parent) {
    const std::span<const ProcEntry> all = entries;
    const bool planted = planted_secret().size != 0;
    return make_ref<ProcTextGroup>(number, planted ? all : all.first(entries_without_secret),
                                   std::move(parent));
}

}  // namespace ringfence::kernel

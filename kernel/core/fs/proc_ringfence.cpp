// SPDX-License-Identifier: MIT
// /proc/ringfence: the design that runs and why, and where the planted secret lies, if there is
// one.
#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/planted_secret.h"
#include "kernel_arch/isolation_status.h"

namespace ringfence::kernel {

namespace {

using abi::control::IsolationRequest;

std::string_view yes_or_no(u32 value) {
    return value != 0 ? "yes" : "no";
}

Fallible<String> isolation(u32) {
    const abi::control::Isolation status = arch::isolation_status();
    const std::string_view requested = status.requested == IsolationRequest::On    ? "on"
                                       : status.requested == IsolationRequest::Off ? "off"
                                                                                   : "auto";
    String text;
    text.append("required ").append(yes_or_no(status.required));
    text.append("\nrequested ").append(requested);
    text.append("\nenabled ").append(yes_or_no(status.enabled));
    text.append("\npcid ").append(yes_or_no(status.pcid)).append("\n");
    return text;
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
    {"isolation", isolation},
    {"secret_address", secret_address},
    {"secret_length", secret_length},
    {"secret_check", secret_check},
};
constexpr usize entries_without_secret = 1;

}  // namespace

Ref<Inode> make_proc_ringfence(u64 number, Ref<Inode> parent) {
    const std::span<const ProcEntry> all = entries;
    const bool planted = planted_secret().size != 0;
    return make_ref<ProcTextGroup>(number, planted ? all : all.first(entries_without_secret),
                                   std::move(parent));
}

}  // namespace ringfence::kernel

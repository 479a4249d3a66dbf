// SPDX-License-Identifier: MIT
// Runs a program on the kernel in the built-in machine, with an observer of the test's own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/machine/guest_machine.h"

namespace ringfence::kernel_tests {

struct GuestOptions {
    std::string cpu = "skylake-sp";
    std::string command_line;
    std::string kaslr_seed{};          ///< empty: the kernel stays where its symbols are
    std::vector<std::string> program;  ///< host path first
    bool strict_tlb = false;
    bool timed = false;
    std::string kernel = RINGFENCE_KERNEL_IMAGE;
    u64 instruction_limit = ~u64{0};
    std::string_view input{};  ///< standard input; outlives the guest
};

/// One run. The kernel image and what the host heard stay readable afterwards.
class Guest {
public:
    /// `observer` may be null; it is told of the machine before the run by `attach`.
    Guest(const GuestOptions& options, sim::observe::Observer* observer);

    [[nodiscard]] sim::machine::Machine& machine() { return guest_->machine(); }
    [[nodiscard]] const lab::machine::KernelImage& kernel() const { return kernel_; }
    [[nodiscard]] const lab::machine::GuestReport& report() const { return guest_->report(); }
    [[nodiscard]] const std::string& output() const { return guest_->output(); }

    sim::machine::MachineEnd run() { return guest_->run(); }
    [[nodiscard]] lab::machine::GuestMoment save() const { return guest_->save(); }
    /// Goes on with a machine that is made of `moment`.
    void resume(const lab::machine::GuestMoment& moment) { guest_.emplace(moment, run_); }

private:
    lab::machine::KernelImage kernel_;
    lab::machine::GuestRunOptions run_;
    std::optional<lab::machine::GuestMachine> guest_;
};

/// By how much the kernel lies off its linked addresses: kernel/arch/x86_64/boot_layout.h
struct Displacements {
    u64 image;
    u64 direct_map;
    u64 kernel_stacks;
    u64 device_registers;
};

/// Those of a kernel that has booted.
[[nodiscard]] Displacements displacements_of(Guest& guest);

}  // namespace ringfence::kernel_tests

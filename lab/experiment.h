// SPDX-License-Identifier: MIT
// What the verbs that run the project's own guest programs have in common: which processors and
// designs, how many at a time, where the results go.
#pragma once

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "lab/captured_run.h"
#include "lab/command_line.h"
#include "lab/comparison.h"
#include "lab/cpu_selection.h"
#include "lab/guest_kernel.h"
#include "lab/machine/stop_request.h"

namespace ringfence::lab {

struct ExperimentOptions : CommonOptions {
    CpuOptions cpus;
    KernelOptions kernel;
    std::vector<Design> designs = {Design::Shared, Design::Isolated};
    std::string json;
    Mode mode = Mode::Timed;
    unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
};

/// Declares them.
void add_experiment_options(CLI::App& app, ExperimentOptions& options);

/// Parses a verb's arguments, which name no program. True when --help was printed.
[[nodiscard]] bool parse_experiment(CLI::App& app, const std::vector<std::string>& arguments);

/// A guest that holds the project's program `name` as /bin/NAME, and starts it with `arguments`.
/// `secret`: what the kernel is to keep for itself, or empty.
[[nodiscard]] std::string pack_experiment(const std::string& name,
                                          const std::vector<std::string>& arguments,
                                          const std::string& secret);

/// What all runs of an experiment share. Not copied: it holds the stop request.
class Experiment {
public:
    /// Checks what can be checked before the first run: processors, kernel image, output file.
    explicit Experiment(const ExperimentOptions& options);

    [[nodiscard]] machine::MachineBackend& backend() const { return *backend_; }
    [[nodiscard]] const CpuSelection& cpus() const { return cpus_; }
    /// The runs of the chosen processors and designs, in report order.
    [[nodiscard]] std::vector<Setup> matrix() const {
        return make_matrix(cpus_.names(), options_.designs, *backend_);
    }
    [[nodiscard]] const GuestKernel& kernel() const { return kernel_; }
    /// Ends all runs; for those that are not `run`'s.
    [[nodiscard]] machine::StopRequest& stop() { return stop_; }

    /// What `run` asks of a machine. Refers to `initramfs`.
    [[nodiscard]] machine::MachineRequest request(const Setup& setup, const std::string& initramfs,
                                                  const std::string& kaslr_seed = {}) const;

    /// Runs `initramfs` once. Throws as run_captured does.
    [[nodiscard]] CapturedRun run(const Setup& setup, const std::string& initramfs,
                                  const std::string& kaslr_seed = {});

    /// Runs job(0) to job(count - 1) in parallel under the options' timeout, with progress shown.
    /// Answers the exit status that a signal asks for, or nothing when all are done. Throws
    /// Failure::Own after the timeout.
    [[nodiscard]] std::optional<int> run_all(usize count, const std::function<void(usize)>& job);

private:
    const ExperimentOptions& options_;
    CpuSelection cpus_;
    GuestKernel kernel_;
    std::unique_ptr<machine::MachineBackend> backend_;
    machine::StopRequest stop_;
};

}  // namespace ringfence::lab

// SPDX-License-Identifier: MIT
// The results of one program in several designs, and what can be said of them: are they the same
// program's, and what did each design cost more than the shared one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/types.h"
#include "lab/captured_run.h"

namespace ringfence::lab {

/// A cell of the run matrix.
struct Setup {
    std::string cpu;
    Design design = Design::Shared;
    bool pcid = false;  ///< the kernel uses PCID

    /// "shared", "isolated", or "isolated, no PCID" where the processor would have it.
    std::string label;
};

/// One quantity of a run, in the order of the report.
enum class Metric {
    Cycles,
    Instructions,
    User,
    Entry,
    Kernel,
    Exit,
    Syscalls,
    Interrupts,
    PageFaults,
    ContextSwitches,
    RootWrites,
    InstructionTlbMisses,
    DataTlbMisses,
};
inline constexpr usize metric_count = 13;

/// Nothing where the machine does not count.
using Metrics = std::array<std::optional<u64>, metric_count>;

struct RunResult {
    Setup setup;
    abi::control::ExitStatus exit{};
    std::string output;
    std::string error;
    Metrics metrics;
    std::optional<sim::observe::CostStack> stack;  ///< its total is Metric::Cycles
    std::optional<u64> boot_instructions;  ///< before the first user instruction; not in `metrics`
    std::vector<std::string> shortcomings;
    std::optional<u64> entries_watched{};  ///< into user mode, with every rule holding at each

    [[nodiscard]] std::optional<u64> at(Metric metric) const {
        return metrics[static_cast<usize>(metric)];
    }
};

/// The runs of the matrix in report order: for each processor the shared design, the isolated one,
/// and where the processor has PCID the isolated one without it.
[[nodiscard]] std::vector<Setup> make_matrix(const std::vector<std::string>& cpus,
                                             const std::vector<Design>& designs,
                                             const machine::MachineBackend& backend);

/// What the machine and the kernel counted, from the first user instruction on.
[[nodiscard]] Metrics collect_metrics(const machine::MachineOutcome& outcome,
                                      const machine::GuestReport& report);

/// What there is to compare of a run that was not stopped.
[[nodiscard]] RunResult result_of(const Setup& setup, CapturedRun run);

/// One line that says how two runs of the same program differ in what can be seen from outside;
/// empty when all agree.
[[nodiscard]] std::string find_disagreement(const std::vector<RunResult>& results);

/// The run of the shared design on the same processor, or null.
[[nodiscard]] const RunResult* baseline_of(const RunResult& result,
                                           const std::vector<RunResult>& results);

}  // namespace ringfence::lab

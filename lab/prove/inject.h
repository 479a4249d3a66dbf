// SPDX-License-Identifier: MIT
// Exhaustive event injection: each kind of event before each instruction of the ways in and out of
// the kernel that a program uses, one run for each, and every run must end as the calm one.
//
// A calm run is recorded, and saved now and then; each further run goes on from the nearest saved
// state. Nothing depends on the host: the same plan gives the same result with any number of jobs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "abi/control_channel.h"
#include "lab/machine/kernel_image.h"
#include "lab/machine/stop_request.h"
#include "lab/prove/event_kind.h"
#include "lab/prove/watcher.h"
#include "sim/presets/cpu_model.h"

namespace ringfence::lab::prove {

/// What it refers to outlives the call.
struct InjectionPlan {
    sim::presets::CpuModel cpu;
    const machine::KernelImage& kernel;
    std::string_view initramfs;
    std::string command_line{};
    u64 memory_mib = 64;
    std::vector<EventKind> kinds{all_event_kinds.begin(), all_event_kinds.end()};
    usize times_each = 1;     ///< at so many of the moments at which a place is reached; at least 1
    usize outer_samples = 8;  ///< nested kinds: places of the first event; at least 1
    usize most_runs = ~usize{0};  ///< of each kind: fewer than all are spread evenly; at least 1
    u8 timer_vector = 64;         ///< of the kernel's timer interrupt
    usize jobs = 1;               ///< threads
    /// Makes who watches each run besides; null: nobody.
    MakeWatcher make_watcher{};
    /// Called after each run with the number of those done and of all; null: nobody. From any of
    /// the threads, one call at a time.
    std::function<void(usize done, usize all)> on_progress{};
    machine::StopRequest& stop;
};

/// An event that changed something.
struct InjectionFailure {
    std::string place;     ///< "syscall_isolated+0x3, in a system call"
    VirtualAddress rip;    ///< of the instruction before which the event was raised
    u64 instructions = 0;  ///< that had retired then
    std::string what;      ///< what went wrong, in one line
};

/// Places to which a kind of event cannot come.
struct InjectionExclusion {
    usize places = 0;
    std::string_view reason;
};

struct InjectionKindResult {
    EventKind kind{};
    usize possible = 0;    ///< places to which it can come
    usize places = 0;      ///< at which it was raised: all of them, unless `most_runs` is fewer
    usize runs = 0;        ///< with it
    usize delivered = 0;   ///< of the runs: it came before the instruction where it was raised
    usize waited = 0;      ///< it came later: it was masked, as it has to be there
    usize never_came = 0;  ///< it was masked until the machine ended
    usize survived = 0;    ///< the run ended as the calm one, and nobody found anything
    std::vector<InjectionFailure> failures{};
    std::vector<InjectionExclusion> exclusions{};
};

struct InjectionResult {
    bool stopped = false;                      ///< a stop request ended it: the rest means nothing
    u64 calm_instructions = 0;                 ///< from the first user instruction to the end
    usize places = 0;                          ///< that the calm run comes to
    abi::control::ExitStatus calm_exit{};      ///< of the program
    std::string calm_output{};                 ///< what it wrote to its standard output
    std::vector<std::string> calm_findings{};  ///< of a watcher, in a run without events
    std::vector<InjectionKindResult> kinds{};  ///< as in the plan
    usize path_instructions = 0;               ///< that the kernel's paths consist of
    /// Those of them before which no event was injected, ascending. What several programs and
    /// designs have in common of them is what none reaches (by_symbol in coverage.h).
    std::vector<VirtualAddress> unreached{};

    /// Nothing went wrong anywhere.
    [[nodiscard]] bool holds() const;
};

/// Throws Failure::Own if the calm run does not end by itself with the program's status, or the
/// kernel image lacks the symbols that bound its paths.
[[nodiscard]] InjectionResult inject(const InjectionPlan& plan);

}  // namespace ringfence::lab::prove

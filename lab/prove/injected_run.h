// SPDX-License-Identifier: MIT
// One run into which an event is injected, and what became of it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lab/machine/guest_machine.h"
#include "lab/prove/event_kind.h"
#include "lab/prove/kernel_paths.h"
#include "lab/prove/place.h"
#include "lab/prove/watcher.h"

namespace ringfence::lab::prove {

/// A guest at one moment, and who has watched it until then (null: nobody).
struct SavedRun {
    machine::GuestMoment guest;
    std::unique_ptr<const Watcher> watcher;
};

/// How a run ends, as far as the program and whoever started it can tell.
struct RunEnd {
    sim::machine::MachineEnd machine;
    machine::GuestReport report;
    std::string output;
    std::string error;
};
[[nodiscard]] RunEnd end_of(const machine::GuestMachine& guest, sim::machine::MachineEnd machine);

/// What is injected, and when.
struct Injection {
    EventKind kind;
    /// Nested kinds: where the first event comes.
    std::optional<Occurrence> outer;
    Occurrence at;
};

struct InjectionContext {
    const KernelPaths& paths;
    const RunEnd& calm;     ///< how the run ends without an event
    u8 timer_vector;        ///< of the kernel
    u64 instruction_limit;  ///< a run that goes on so long does not end
    const std::atomic<bool>* stop;
};

struct Injected {
    /// Where the event was delivered; nothing if it was not.
    std::optional<VirtualAddress> delivered;
    /// All that is wrong, in one line; empty: the run ended as without the event.
    std::string problem;
};

/// Lets the guest of `saved` run to where `injection` says, injects, and lets it run to its end.
/// Throws Failure::Own if the run does not come there: it is not the one that was recorded.
[[nodiscard]] Injected run_injected(const SavedRun& saved, const Injection& injection,
                                    const InjectionContext& context);

/// Lets a guest run to right before the instruction of `moment`, and no further. Throws as above.
void run_to_moment(machine::GuestMachine& guest, const Moment& moment);

}  // namespace ringfence::lab::prove

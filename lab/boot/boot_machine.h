// SPDX-License-Identifier: MIT
// One booted machine from its making to its end.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/boot/board.h"
#include "lab/boot/console_record.h"
#include "lab/boot/kernel_file.h"
#include "lab/boot/save_point.h"
#include "lab/boot/saved_boot.h"
#include "lab/boot/until.h"
#include "lab/machine/backend.h"
#include "lab/machine/program_streams.h"
#include "lab/machine/stop_request.h"
#include "lab/terminal/input_feed.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::boot {

struct SavePlan {
    std::string file;
    SavePoint point;
    bool takes_program = false;  ///< SavedBoot's
};

/// Inputs of a run, all of them. What they refer to outlives it.
struct BootRequest {
    // One of the two:
    const KernelFile* kernel = nullptr;  ///< is booted
    const LoadedBoot* loaded = nullptr;  ///< goes on
    std::string command_line;
    std::vector<sim::machine::boot::Module> modules{};
    sim::presets::CpuModel cpu;
    std::vector<std::string> hidden_features{};  ///< that its preset has, and `cpu` has not
    u64 memory_mib = 256;
    Board board{};
    u64 seed = 0;
    u64 most_instructions = 0;  ///< 0: no limit
    u64 patience = 0;           ///< instructions without progress; 0: no limit
    u64 last_count = 0;         ///< how many instructions to show of a guest that fails
    bool timed = false;
    sim::observe::PlaceMap places{};
    bool own_root = false;  ///< SavedBoot's
    /// An archive for a guest that takes a program (abi/linux_session.h).
    std::optional<std::string_view> program{};
    std::optional<SavePlan> save{};
    /// Where it stops, unless `save` says so.
    Until until{};
    std::string trace_file{};  ///< empty: no trace
    std::string gdb{};         ///< where a debugger is waited for (gdb::Listener); empty: none
    std::function<const sim::observe::SymbolTable&()> symbols{};  ///< of the kernel
    machine::Spectator* spectator = nullptr;                      ///< looks on; null: nobody does

    [[nodiscard]] const std::string& kernel_name() const {
        return kernel != nullptr ? kernel->name : loaded->saved.kernel_name;
    }
};

/// Where a guest did what it did not recover from.
struct FailurePoint {
    bool is_end = true;    ///< of the machine, not a panic before it
    u64 instructions = 0;  ///< had retired
    VirtualAddress rip{};  ///< came next
};

struct BootResult {
    sim::machine::MachineEnd end;
    FailurePoint failed;  ///< if it failed
    /// In which way a guest that was ended for it made no progress; empty for any other end, which
    /// `end` then has.
    std::string stuck{};
    std::vector<std::string> last{};  ///< instructions, of one that failed: lines of a trace
    sim::observe::Counters counters;
    u64 cycles = 0;
    std::optional<sim::machine::TimedCounts> timed{};
    std::vector<sim::observe::UnimplementedCollector::Row> unimplemented{};
    ConsoleRecord console{};
    std::string input_sha256{};  ///< of what the console was given
    bool saved = false;          ///< the snapshot that was asked for is there
};

/// What the host has at the guest's console.
struct ConsoleEnds {
    machine::ProgramStreams& output;
    terminal::InputFeed& input;
};

/// Runs on the calling thread. COM1 is the console. Throws Failure::Own if the machine cannot be
/// made (the kernel's file is damaged, something does not fit, the snapshot holds what cannot be),
/// and if a snapshot cannot be written.
[[nodiscard]] BootResult run_boot(const BootRequest& request, const ConsoleEnds& ends,
                                  machine::StopRequest& stop);

}  // namespace ringfence::lab::boot

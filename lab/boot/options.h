// SPDX-License-Identifier: MIT
// The command line of `ringfence boot`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/boot/board.h"
#include "lab/boot/kernel_file.h"
#include "lab/boot/verdict.h"
#include "lab/command_line.h"
#include "lab/cpu_selection.h"
#include "lab/pack/guest_image.h"

namespace ringfence::lab::boot {

/// As typed.
struct Options {
    std::string kernel;
    std::string initrd;
    std::vector<std::string> modules;
    std::string append;
    bool bare_command_line = false;
    Method method = Method::Auto;
    CpuOptions cpu;
    pack::GuestRequest guest;  ///< what a Linux without --initrd gets
    std::vector<std::string> hidden;
    u64 memory_mib = 256;
    Board board;
    Mode mode = Mode::Fast;
    bool mode_given = false;  ///< else a snapshot goes on as it was saved
    u64 seed = 0;
    double timeout_seconds = 0;
    u64 most_instructions = 0;
    /// A Linux that decompresses itself needs 4.5 thousand million before it says anything.
    u64 patience = 20'000'000'000;
    u64 last_count = 16;
    std::vector<std::string> until;
    std::string system_map;
    std::optional<ExitConvention> convention;
    std::string load;     ///< a snapshot to go on from, instead of a kernel
    std::string save;     ///< where to put a snapshot
    std::string save_at;  ///< SavePoint; empty: where it is most useful
    std::string trace_file;
    std::string gdb;
    std::string manifest;  ///< of what user mode may see; empty: nobody looks
    std::string json;
    bool quiet = false;
    bool verbose = false;
};

/// True when --help was asked for and printed. Throws Failure::Usage for what makes no sense, alone
/// or together.
[[nodiscard]] bool parse_options(const std::vector<std::string>& arguments, Options& options);

}  // namespace ringfence::lab::boot

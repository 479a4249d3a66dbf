// SPDX-License-Identifier: MIT
// What `boot` keeps in a snapshot beside the machine, and a snapshot from which it goes on.
#pragma once

#include <memory>
#include <string>

#include "lab/boot/console_record.h"
#include "sim/machine/snapshot.h"

namespace ringfence::lab::boot {

/// The host's side of a booted machine.
struct SavedBoot {
    std::string kernel_name;   ///< of its file, without the directory
    std::string command_line;  ///< what the kernel got
    bool own_root = false;     ///< the root is Ringfence's: what runs there decides the status
    /// The first process is about to look which program it is to run: it takes one now.
    bool takes_program = false;
    ConsoleTail console;

    void visit_state(sim::state::Visitor& visitor);
};

/// A snapshot that `boot` has saved. Throws Failure::Own if the file is none, or damaged.
struct LoadedBoot {
    [[nodiscard]] static LoadedBoot load(const std::string& path);

    std::shared_ptr<const sim::machine::Snapshot> snapshot;
    SavedBoot saved;
    sim::machine::SavedConfig config;
    sim::presets::CpuModel cpu;
};

/// The section that holds it.
inline constexpr const char* saved_boot_section = "host.boot";

}  // namespace ringfence::lab::boot

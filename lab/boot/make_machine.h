// SPDX-License-Identifier: MIT
// The machine of a run, booted or as it was saved.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "lab/boot/boot_machine.h"
#include "lab/gdb/debug_session.h"

namespace ringfence::lab::boot {

/// What a machine is connected to; all of it outlives the machine.
struct Connections {
    const std::atomic<bool>* stop;
    sim::memory::SerialEndpoint console;
    sim::memory::ByteSource* channel;
    sim::machine::IdleHost* idle_host;
    std::vector<sim::observe::Observer*> observers{};
    gdb::DebugSession* debugger = nullptr;  ///< null: none is waited for
};

/// Throws Failure::Own if the machine cannot be made: the kernel's file is damaged, something does
/// not fit, the snapshot holds what cannot be.
[[nodiscard]] std::unique_ptr<sim::machine::Machine> make_machine(const BootRequest& request,
                                                                  const Connections& connections);

}  // namespace ringfence::lab::boot

// SPDX-License-Identifier: MIT
// What `ringfence boot` says of a run that is over, and the status that it ends with.
#pragma once

#include <string>
#include <vector>

#include "lab/boot/boot_machine.h"
#include "lab/boot/options.h"
#include "lab/boot/verdict.h"

namespace ringfence::lab::boot {

/// Puts the name of where the processor was in front of the numbers, for ends that people look at.
void name_place(BootResult& result, const BootRequest& request);

/// What the end means under the user's options and the request's.
[[nodiscard]] Verdict judge(const Options& options, const BootRequest& request,
                            const BootResult& result);

/// The exit status of a run that was stopped from outside. Throws Failure::Own if that was because
/// its output could not be written.
[[nodiscard]] int conclude_stopped(const Options& options, const machine::StopRequest& stop,
                                   const machine::HostStreams& streams);

/// Tells the user, and writes the JSON. The exit status of any other run; throws Failure::Own if
/// it did not come to where it was to be saved.
[[nodiscard]] int conclude(const Options& options, const BootRequest& request,
                           const BootResult& result, const Verdict& verdict,
                           const std::vector<std::string>& what_if);

}  // namespace ringfence::lab::boot

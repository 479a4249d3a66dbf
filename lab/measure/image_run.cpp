// SPDX-License-Identifier: MIT
#include "lab/measure/image_run.h"

#include "lab/error.h"
#include "lab/guest_run.h"

namespace ringfence::lab::measure {

std::optional<std::string> run_image(machine::MachineBackend& backend,
                                     const machine::KernelImage& image, const std::string& cpu,
                                     u64 most_instructions, machine::StopRequest& stop) {
    constexpr u64 memory_mib = 2048;  // guest/measurements/supervisor/start.cpp: where things lie
    const machine::MachineRequest request{.kernel = &image,
                                          .initramfs = {},
                                          .command_line = {},
                                          .cpu = cpu,
                                          .memory_mib = memory_mib,
                                          .most_instructions = most_instructions,
                                          .trace_file = {},
                                          .repeatable = true,
                                          .timed = true};
    machine::CapturedStreams streams({});
    machine::GuestSession session(streams);
    const machine::MachineOutcome outcome = backend.run(request, session, stop);
    if (outcome.end == machine::MachineEnd::Stopped) {
        return std::nullopt;
    }
    const std::string& output = session.report().kernel_log;
    if (outcome.end != machine::MachineEnd::Finished) {
        fail(Failure::Own, "{} on {} did not come to its end: {}\n{}", image.path(), cpu,
             outcome.detail, log_tail(output));
    }
    return output;
}

}  // namespace ringfence::lab::measure

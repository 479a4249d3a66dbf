// SPDX-License-Identifier: MIT
#include "lab/relational/twin.h"

#include <algorithm>

#include "lab/error.h"
#include "lab/machine/bytes.h"

namespace ringfence::lab::relational {

Twin::Twin(const Moment& moment, const std::string& content, machine::StopRequest& stop)
    : lines_(session_, [&stop] { stop.request(machine::StopReason::GuestFailed); }) {
    auto resumed = sim::machine::Machine::resume(
        *moment.machine, {.serial = lines_.endpoints(), .stop = &stop.flag(), .observers = {&log}});
    if (!resumed.ok()) {
        fail(Failure::Own, "{}", resumed.error());
    }
    machine_ = std::move(resumed).value();
    if (!machine_->debug_view().write(moment.place.first, machine::as_span(content))) {
        fail(Failure::Own, "{:#x}: not memory that can be written", moment.place.first.value());
    }
}

void Twin::run_to(u64 instructions) {
    if (!ended_) {
        using Reason = sim::machine::MachineEnd::Reason;
        const auto end = machine_->run_to(instructions);
        ended_ = end.reason != Reason::InstructionLimit && end.reason != Reason::Paused;
    }
}

void Twin::run_to_user_entry(u64 instructions) {
    log.pause_at_user_entries(machine_.get());
    run_to(instructions);
    log.pause_at_user_entries(nullptr);
}

std::string other_content(const std::string& content) {
    std::string other = content;
    std::ranges::transform(other, other.begin(), [](char byte) {
        const auto inverted = static_cast<char>(~static_cast<unsigned>(byte));
        return inverted != 0 ? inverted : char{1};
    });
    return other;
}

std::string without_zeroes(std::string content) {
    std::ranges::replace(content, '\0', '\1');
    return content;
}

}  // namespace ringfence::lab::relational

// SPDX-License-Identifier: MIT
#include "lab/machine/guest_machine.h"

#include <utility>

#include "lab/error.h"
#include "lab/machine/bytes.h"

namespace ringfence::lab::machine {

namespace {

template <typename T>
T value_or_fail(Result<T, std::string> result) {
    if (!result.ok()) {
        fail(Failure::Own, "{}", result.error());
    }
    return std::move(result).value();
}

}  // namespace

GuestMachine::GuestMachine(GuestMachineConfig config) : streams_(config.input) {
    machine_ = value_or_fail(
        sim::machine::Machine::create({.ram_bytes = config.memory_mib * mib,
                                       .cpu = std::move(config.cpu),
                                       .boot = {.kernel = as_span(config.kernel.bytes()),
                                                .command_line = std::move(config.command_line),
                                                .modules = {{as_span(config.initramfs)}}},
                                       .serial = lines_.endpoints(),
                                       .instruction_limit = config.run.instruction_limit,
                                       .stop = config.run.stop,
                                       .observers = std::move(config.run.observers),
                                       .places = config.kernel.places(),
                                       .strict_tlb = config.run.strict_tlb,
                                       .timed = config.run.timed}));
}

GuestMachine::GuestMachine(const GuestMoment& moment, GuestRunOptions run)
    : streams_(moment.streams) {
    session_.restore(moment.session);
    lines_.restore_answer(moment.answer);
    machine_ = value_or_fail(
        sim::machine::Machine::resume(*moment.machine, {.serial = lines_.endpoints(),
                                                        .instruction_limit = run.instruction_limit,
                                                        .stop = run.stop,
                                                        .observers = std::move(run.observers),
                                                        .strict_tlb = run.strict_tlb,
                                                        .timed = run.timed}));
}

GuestMoment GuestMachine::save() const {
    return {.machine = value_or_fail(machine_->capture()),
            .session = session_.state(),
            .answer = lines_.answer(),
            .streams = streams_};
}

}  // namespace ringfence::lab::machine

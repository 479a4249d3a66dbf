// SPDX-License-Identifier: MIT
#include "lab/boot/make_machine.h"

#include <cstring>
#include <utility>

#include "lab/error.h"
#include "lab/machine/bytes.h"

namespace ringfence::lab::boot {

using sim::machine::Machine;
using sim::machine::MachineConfig;
using sim::machine::ResumeConfig;

namespace {

/// A seed that looks random, the same for the same number: SplitMix64.
sim::machine::boot::RandomSeed expand_seed(u64 number) {
    sim::machine::boot::RandomSeed seed{};
    u64 state = number;
    for (usize at = 0; at < seed.size(); at += sizeof state) {
        state += 0x9e37'79b9'7f4a'7c15;
        u64 word = state;
        word = (word ^ (word >> 30U)) * 0xbf58'476d'1ce4'e5b9;
        word = (word ^ (word >> 27U)) * 0x94d0'49bb'1331'11eb;
        word ^= word >> 31U;
        std::memcpy(seed.data() + at, &word, sizeof word);
    }
    return seed;
}

template <typename Config>
void connect(Config& config, const Connections& connections) {
    config.stop = connections.stop;
    config.serial[0] = connections.console;
    config.channel = {.sink = nullptr, .source = connections.channel};
    config.idle_host = connections.idle_host;
    config.observers = connections.observers;
    // Who debugs a guest that is stuck looks at it, and may help it.
    config.ends_when_stuck = connections.debugger == nullptr;
    if (connections.debugger != nullptr) {
        connections.debugger->attach(config);
    }
}

MachineConfig config_to_boot(const BootRequest& request, const Connections& connections) {
    MachineConfig config{.ram_bytes = request.memory_mib * mib,
                         .cpu = request.cpu,
                         .boot = {.protocol = request.kernel->protocol,
                                  .kernel = machine::as_span(request.kernel->bytes),
                                  .command_line = request.command_line,
                                  .modules = request.modules,
                                  .random_seed = expand_seed(request.seed)}};
    config.mp_table = request.board.mp_table;
    config.test_device = request.board.test_device;
    config.timed = request.timed;
    config.places = request.places;
    connect(config, connections);
    return config;
}

ResumeConfig config_to_resume(const BootRequest& request, const Connections& connections) {
    ResumeConfig config;
    config.cpu = request.cpu;
    config.timed = request.timed;
    connect(config, connections);
    return config;
}

}  // namespace

std::unique_ptr<Machine> make_machine(const BootRequest& request, const Connections& connections) {
    auto made = request.loaded != nullptr ? Machine::resume(*request.loaded->snapshot,
                                                            config_to_resume(request, connections))
                                          : Machine::create(config_to_boot(request, connections));
    if (!made.ok()) {
        const std::string place = request.loaded != nullptr ? "" : request.kernel->name + ": ";
        fail(Failure::Own, "{}{}", place, made.error());
    }
    return std::move(made).value();
}

}  // namespace ringfence::lab::boot

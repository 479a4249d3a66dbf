// SPDX-License-Identifier: MIT
// Runs a bare-metal test image on the built-in machine and copies its COM1 to standard output.
//
//   run_on_machine IMAGE [PRESET [timed]]
//
// Exits 0 if the image came to its own end, else 1 with the reason on standard error.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "abi/ports.h"
#include "sim/machine/machine.h"
#include "sim/presets/preset_file.h"

namespace {

using namespace ringfence;
using sim::machine::Machine;
using sim::machine::MachineEnd;

class StandardOutput final : public sim::memory::ByteSink {
public:
    void put(u8 byte) override { std::putchar(byte); }
};

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "run_on_machine: %s\n", what.c_str());
    std::exit(1);
}

std::vector<u8> read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        fail(std::string(path) + ": cannot be read");
    }
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
    const bool timed = argc == 4 && std::string_view{argv[3]} == "timed";
    if (argc < 2 || argc > 4 || (argc == 4 && !timed)) {
        fail("usage: run_on_machine IMAGE [PRESET [timed]]");
    }
    const std::vector<u8> image = read_file(argv[1]);
    auto cpu = sim::presets::find_preset(argc >= 3 ? argv[2] : "skylake-sp");
    if (!cpu.ok()) {
        fail(cpu.error());
    }
    StandardOutput output;
    sim::machine::MachineConfig config{.cpu = std::move(cpu).value(), .boot = {.kernel = image}};
    config.serial[0].sink = &output;
    config.timed = timed;
    config.test_device = true;
    config.instruction_limit = 4'000'000'000;
    auto machine = Machine::create(std::move(config));
    if (!machine.ok()) {
        fail(machine.error());
    }
    const MachineEnd end = machine.value()->run();
    std::fflush(stdout);
    for (const auto& row : machine.value()->unimplemented()) {
        std::fprintf(stderr, "run_on_machine: unimplemented: %s (%s)\n", row.instruction.c_str(),
                     row.bytes.c_str());
    }
    if (end.reason != MachineEnd::Reason::DebugExit ||
        end.exit_code != static_cast<u32>(abi::MachineExit::Finished)) {
        fail("ended early: " + end.detail);
    }
    return 0;
}

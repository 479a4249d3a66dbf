// SPDX-License-Identifier: MIT
// System instructions with any operands, on a machine with a PC's devices, at the highest
// privilege: whatever state they lead to can be saved, put back, and goes on as it would have.
#include "tests/fuzz/input.h"
#include "tests/fuzz/memory_image.h"
#include "tests/fuzz/small_machine.h"
#include "tests/fuzz/system_program.h"

namespace ringfence::fuzz {
namespace {

using Mode = SmallMachine::Mode;

constexpr u64 instruction_limit = 150;
constexpr usize most_program_bytes = 0x400;
constexpr Mode modes[] = {Mode::Long64, Mode::Long64, Mode::Pae, Mode::TwoLevel, Mode::Protected32};

void run(SmallMachine& machine, Mode mode, std::span<const u8> program) {
    machine.begin({.mode = mode});
    machine.load_code(program);
    machine.run(instruction_limit);
}

void try_program(Mode mode, std::span<const u8> program, SmallMachine& machine) {
    run(machine, mode, program);
    if (!machine.can_be_saved()) {
        return;
    }
    const SmallMachine::Fields saved = machine.fields();
    const std::string error = machine.load(saved);
    require(error.empty(), "state that no machine can be in: " + error);
    const std::string difference = SmallMachine::difference(saved, machine.fields());
    require(difference.empty(), "loading changes the state: " + difference);
}

}  // namespace
}  // namespace ringfence::fuzz

extern "C" int LLVMFuzzerTestOneInput(const ringfence::u8* data, ringfence::usize size) {
    using namespace ringfence::fuzz;  // NOLINT(google-build-using-namespace)
    static SmallMachine fast{SmallMachine::Engine::Fast, SmallMachine::Devices::Pc};
    static SmallMachine timed{SmallMachine::Engine::Timed, SmallMachine::Devices::Pc};
    Input input{{data, size}};
    const Mode mode = input.choose_from(modes);
    const bool with_time = input.take<ringfence::u8>() % 4 == 0;
    const auto program = make_system_program(input, most_program_bytes);
    try_program(mode, program, with_time ? timed : fast);
    return 0;
}

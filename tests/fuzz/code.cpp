// SPDX-License-Identifier: MIT
// Any bytes as code, in each mode, on both engines: they end in the same state, each time anew.
#include <algorithm>
#include <array>
#include <optional>

#include "tests/fuzz/code_case.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/small_machine.h"
#include "tests/fuzz/time_reads.h"

namespace ringfence::fuzz {
namespace {

using Devices = SmallMachine::Devices;
using Engine = SmallMachine::Engine;

constexpr u64 instruction_limit = 64;

struct Outcome {
    sim::cpu::StopReason reason;
    u64 architectural;

    bool operator==(const Outcome&) const = default;
};

Outcome run(SmallMachine& machine, const CodeCase& code) {
    code.put_into(machine);
    const auto reason = machine.run(instruction_limit);
    return {reason, machine.architectural_digest()};
}

/// Whether the code asks what only the engines' time decides.
bool depends_on_time(const CodeCase& code) {
    static TimeReads reads;
    static SmallMachine machine{Engine::Fast, Devices::None, &reads};
    reads.forget();
    run(machine, code);
    return reads.seen();
}

/// The same once more, to the last field.
void run_again(SmallMachine& machine, const CodeCase& code) {
    if (machine.can_be_saved()) {
        const u64 digest = machine.full_digest();
        run(machine, code);
        require(machine.full_digest() == digest, "two runs differ");
    }
}

/// What is dear is done with some inputs only; which ones is theirs to say.
void try_code(const CodeCase& code) {
    static SmallMachine fast{Engine::Fast, Devices::None};
    static SmallMachine timed{Engine::Timed, Devices::None};
    constexpr u64 timed_share = 8;
    constexpr u64 again_share = 32;
    const u64 chosen = code.checksum();
    const Outcome outcome = run(fast, code);
    if (chosen % timed_share == 0) {
        const Outcome other = run(timed, code);
        if (other != outcome && !depends_on_time(code)) {
            require(false, "the engines differ: " + SmallMachine::visible_difference(fast, timed));
        }
    }
    if (chosen % again_share == 0) {
        run_again(timed, code);
    } else if (chosen % again_share == 1) {
        run_again(fast, code);
    }
}

}  // namespace
}  // namespace ringfence::fuzz

extern "C" int LLVMFuzzerTestOneInput(const ringfence::u8* data, ringfence::usize size) {
    using namespace ringfence::fuzz;  // NOLINT(google-build-using-namespace)
    Input input{{data, size}};
    try_code(CodeCase::of(input));
    return 0;
}

// SPDX-License-Identifier: MIT
// What the timed engine tells of itself: all of it, and without changing anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "sim/machine/machine.h"
#include "sim/presets/preset_file.h"
#include "tests/unit/sim/machine/pvh_image.h"

namespace ringfence::sim::machine {
namespace {

using observe::TimingEvent;
using Kind = TimingEvent::Kind;

/// Random numbers choose a branch and an address within the MiB at 200000h.
///
/// mov ecx, 2000; mov eax, 7; l: imul eax, eax, 41c64e6dh; add eax, 12345; mov ebx, eax;
/// shr ebx, 8; and ebx, 0ffffch; mov edx, [ebx+200000h]; test eax, 10000h; jz a;
/// mov [ebx+200000h], edx; a: dec ecx; jnz l; mov eax, 5; out f4h, eax
constexpr u8 code[] = {0xb9, 0xd0, 0x07, 0x00, 0x00, 0xb8, 0x07, 0x00, 0x00, 0x00, 0x69, 0xc0, 0x6d,
                       0x4e, 0xc6, 0x41, 0x05, 0x39, 0x30, 0x00, 0x00, 0x89, 0xc3, 0xc1, 0xeb, 0x08,
                       0x81, 0xe3, 0xfc, 0xff, 0x0f, 0x00, 0x8b, 0x93, 0x00, 0x00, 0x20, 0x00, 0xa9,
                       0x00, 0x00, 0x01, 0x00, 0x74, 0x06, 0x89, 0x93, 0x00, 0x00, 0x20, 0x00, 0x49,
                       0x75, 0xd4, 0xb8, 0x05, 0x00, 0x00, 0x00, 0xe7, 0xf4};
constexpr u64 data_first = 0x20'0000;
constexpr u64 data_end = 0x30'0000;

class Log final : public observe::Observer {
public:
    void timing(const TimingEvent& event) override { events.push_back(event); }
    [[nodiscard]] bool wants_timing() const override { return true; }

    std::vector<TimingEvent> events;
};

std::unique_ptr<Machine> make_machine(observe::Observer* observer) {
    const std::vector<u8> image = testing::make_image(code);
    MachineConfig config{.ram_bytes = 4 * mib,
                         .cpu = presets::find_preset(presets::default_preset).value(),
                         .boot = {.kernel = image},
                         .timed = true};
    if (observer != nullptr) {
        config.observers.push_back(observer);
    }
    return Machine::create(std::move(config)).value();
}

struct Finished {
    std::unique_ptr<Machine> machine;
    MachineEnd end;
};

Finished run_code(observe::Observer* observer) {
    auto machine = make_machine(observer);
    const MachineEnd end = machine->run();
    return {std::move(machine), end};
}

TEST(TimingEvents, ChangeNothing) {
    Log log;
    const Finished watched = run_code(&log);
    const Finished alone = run_code(nullptr);
    EXPECT_EQ(watched.end.reason, MachineEnd::Reason::DebugExit) << watched.end.detail;
    EXPECT_EQ(watched.machine->cycles(), alone.machine->cycles());
    EXPECT_EQ(watched.machine->timed_counts()->stack.cycles,
              alone.machine->timed_counts()->stack.cycles);
    EXPECT_EQ(watched.machine->counters().total_instructions(),
              alone.machine->counters().total_instructions());
    EXPECT_EQ(watched.machine->timed_counts()->mispredictions,
              alone.machine->timed_counts()->mispredictions);
}

TEST(TimingEvents, ChangeNothingInWhatIsSavedEither) {
    const Finished alone = run_code(nullptr);
    for (const u64 instructions : {500U, 777U, 12'345U}) {
        Log log;
        const auto watched = make_machine(&log);
        EXPECT_EQ(watched->run_to(instructions).reason, MachineEnd::Reason::InstructionLimit);
        const auto resumed = Machine::resume(*watched->capture().value(), {}).value();
        resumed->run();
        EXPECT_EQ(resumed->cycles(), alone.machine->cycles());
    }
}

TEST(TimingEvents, TellOfEachInstructionThatRetires) {
    Log log;
    const Finished watched = run_code(&log);
    u64 retired = 0;
    u64 latest = 0;
    for (const TimingEvent& event : log.events) {
        if (event.kind == Kind::Retired) {
            ++retired;
            EXPECT_GE(event.cycle, latest);
            latest = event.cycle;
        }
    }
    // The last one, which ends the run, has no successor that would say so.
    EXPECT_EQ(retired + 1, watched.machine->counters().total_instructions());
    EXPECT_LE(latest, watched.machine->cycles());
}

TEST(TimingEvents, TellOfEachLineThatComesAndGoes) {
    Log log;
    const Finished watched = run_code(&log);
    std::set<u64> held;
    for (const TimingEvent& event : log.events) {
        if (event.kind == Kind::Filled && event.cache == TimingEvent::Cache::L1d) {
            EXPECT_TRUE(held.insert(event.physical.value()).second);
            EXPECT_EQ(event.number, event.physical.value() / 64 % 64) << "the set";
        } else if (event.kind == Kind::Evicted && event.cache == TimingEvent::Cache::L1d) {
            EXPECT_EQ(held.erase(event.physical.value()), 1U);
        }
    }
    for (u64 line = data_first; line < data_end; line += 64) {
        const auto caches = watched.machine->debug_view().caches(PhysicalAddress{line});
        const auto l1d = std::ranges::find_if(
            caches, [](const auto& cache) { return std::string_view(cache.name) == "L1D"; });
        EXPECT_EQ(l1d->holds, held.contains(line)) << line;
    }
    EXPECT_GT(held.size(), 100U);
}

TEST(TimingEvents, TellOfPathsThatAreSquashed) {
    Log log;
    const Finished watched = run_code(&log);
    bool on_path = false;
    u64 squash = 0;
    u64 paths = 0;
    u64 accesses = 0;
    for (const TimingEvent& event : log.events) {
        switch (event.kind) {
            case Kind::PathBegins:
                EXPECT_FALSE(on_path);
                EXPECT_FALSE(event.fault);
                on_path = true;
                squash = event.cycle;
                ++paths;
                break;
            case Kind::Transient:
                EXPECT_TRUE(on_path);
                EXPECT_LT(event.cycle, squash);
                break;
            case Kind::TransientAccess:
                EXPECT_TRUE(on_path);
                EXPECT_GE(event.address.value(), data_first);
                EXPECT_LT(event.address.value(), data_end);
                ++accesses;
                break;
            case Kind::PathEnds:
                EXPECT_TRUE(on_path);
                on_path = false;
                break;
            default:
                EXPECT_TRUE(!on_path || event.kind == Kind::Filled || event.kind == Kind::Evicted);
                break;
        }
    }
    // Wherever fetch waited for a branch there is no path.
    EXPECT_LE(paths, watched.machine->timed_counts()->mispredictions);
    EXPECT_GT(paths, watched.machine->timed_counts()->mispredictions / 2);
    EXPECT_GT(accesses, 100U);
}

}  // namespace
}  // namespace ringfence::sim::machine

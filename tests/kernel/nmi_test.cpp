// SPDX-License-Identifier: MIT
// An NMI before every instruction of the entry and exit paths that a program uses, and of the code
// that changes its design, at many of its turns. Whatever was interrupted goes on as if nothing had
// been: same output, same status.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/kernel/guest.h"

namespace ringfence::kernel_tests {
namespace {

/// System calls, page faults, interrupts, processes and signals that end and wake them.
const std::vector<std::string> shell_script = {
    "/bin/busybox", "sh", "-c",
    "for i in 1 2 3 4; do (echo $i | md5sum) & done; wait; trap 'echo caught' USR1; kill -USR1 $$; "
    "exit 9"};
/// Exceptions, and returns to user mode by IRET with frames that it refuses.
const std::vector<std::string> signal_program = {RINGFENCE_GUESTS "/signals"};
/// Changes of the design that the program runs in.
const std::vector<std::string> design_program = {RINGFENCE_GUESTS "/isolation_modes"};
const std::vector<std::string> breakpoint_program = {RINGFENCE_GUESTS "/end", "breakpoint"};

constexpr u8 nmi_vector = 2;
/// An NMI comes at so many of the occasions on which a place is reached.
constexpr u64 times_each = 20;

/// The entry and exit text, the code that changes the design of a program, and who steps from where
/// to where in it.
class PathWatch : public sim::observe::Observer {
public:
    void attach(Guest& guest) {
        const auto at = [&](const char* name) {
            return guest.kernel().symbols().address_of(name).value();
        };
        entry_ = {at("__entry_text_start"), at("__entry_text_end")};
        exit_ = {at("__exit_text_start"), at("__exit_text_end")};
        change_ = {at("__design_change_start"), at("__design_change_end")};
    }
    /// The machine stops, and takes NMIs, at each instruction and not only between blocks.
    [[nodiscard]] bool wants_instructions() const override { return true; }

protected:
    /// Call for each instruction. False until the first program runs: booting, there are no tables
    /// to take an NMI by yet.
    [[nodiscard]] bool has_started(const sim::observe::Executed& executed) {
        started_ = started_ || executed.user;
        return started_;
    }
    [[nodiscard]] bool in_paths(VirtualAddress rip) const {
        return (rip >= entry_.first && rip < entry_.second) ||
               (rip >= exit_.first && rip < exit_.second) ||
               (rip >= change_.first && rip < change_.second);
    }

private:
    std::pair<VirtualAddress, VirtualAddress> entry_{};
    std::pair<VirtualAddress, VirtualAddress> exit_{};
    std::pair<VirtualAddress, VirtualAddress> change_{};
    bool started_ = false;
};

/// Each place in the paths, by the instructions after which it was reached: there an NMI can come
/// before it. Not so for the first place after an interrupt: an NMI goes before the interrupt.
using Steps = std::map<VirtualAddress, std::set<VirtualAddress>>;

class StepRecorder final : public PathWatch {
public:
    void instruction(const sim::observe::Executed& executed) override {
        if (has_started(executed) && in_paths(executed.rip) && !after_interrupt_) {
            steps[last_].insert(executed.rip);
        }
        last_ = executed.rip;
        after_interrupt_ = false;
    }
    void interrupt(const sim::observe::InterruptEvent& /*event*/) override {
        after_interrupt_ = true;
    }

    Steps steps;

private:
    VirtualAddress last_;
    bool after_interrupt_ = false;
};

/// Raises an NMI wherever a step into a place that has had too few of them may follow.
class Storm final : public PathWatch {
public:
    explicit Storm(const Steps& steps) : steps_(steps) {}
    void attach(Guest& guest) {
        PathWatch::attach(guest);
        machine_ = &guest.machine();
    }
    void instruction(const sim::observe::Executed& executed) override {
        // One that waits for the end of another would come back to the same place for ever.
        const bool ready = has_started(executed) && !in_nmi_;
        const auto next = ready ? steps_.find(executed.rip) : steps_.end();
        if (next != steps_.end() &&
            std::any_of(next->second.begin(), next->second.end(),
                        [this](VirtualAddress place) { return hits[place] < times_each; })) {
            machine_->raise_nmi();
        }
    }
    void interrupt(const sim::observe::InterruptEvent& event) override {
        if (event.vector == nmi_vector) {
            in_nmi_ = true;
            ++hits[event.rip];
            (event.from_user ? from_user : from_kernel) += 1;
        }
    }

    void iret(VirtualAddress /*target*/, bool /*to_user*/) override { in_nmi_ = false; }

    std::map<VirtualAddress, u64> hits;
    u64 from_user = 0;
    u64 from_kernel = 0;

private:
    const Steps& steps_;
    sim::machine::Machine* machine_ = nullptr;
    bool in_nmi_ = false;
};

struct Mode {
    const char* name;
    const char* cpu;
    const char* command_line;
};

struct Program {
    const char* name;
    const std::vector<std::string>& command;
};

class NmiTest : public testing::TestWithParam<std::tuple<Mode, Program>> {
protected:
    static GuestOptions options() {
        const auto& [mode, program] = GetParam();
        return {.cpu = mode.cpu, .command_line = mode.command_line, .program = program.command};
    }
};

TEST_P(NmiTest, LeavesNoTraceWhereverItComes) {
    StepRecorder calm;
    Guest undisturbed(options(), &calm);
    calm.attach(undisturbed);
    undisturbed.run();
    const auto& expected = undisturbed.report();
    ASSERT_TRUE(expected.exit.has_value()) << expected.kernel_log;
    ASSERT_GE(calm.steps.size(), 80U) << "the program uses the paths";

    Storm storm(calm.steps);
    Guest disturbed(options(), &storm);
    storm.attach(disturbed);
    const auto end = disturbed.run();
    EXPECT_EQ(end.reason, sim::machine::MachineEnd::Reason::DebugExit) << end.detail;
    ASSERT_TRUE(disturbed.report().exit.has_value()) << disturbed.report().kernel_log;
    EXPECT_EQ(disturbed.report().exit->code, expected.exit->code);
    EXPECT_EQ(disturbed.report().exit->signal, expected.exit->signal);
    EXPECT_EQ(disturbed.output(), undisturbed.output());

    for (const auto& [from, places] : calm.steps) {
        for (const VirtualAddress place : places) {
            EXPECT_GT(storm.hits[place], 0U)
                << std::hex << place.value() << " was spared, after " << from.value();
        }
    }
    EXPECT_GT(storm.from_kernel, storm.hits.size());
}

INSTANTIATE_TEST_SUITE_P(
    Designs, NmiTest,
    testing::Combine(testing::Values(Mode{"isolated", "skylake-sp", "pti=on"},
                                     Mode{"isolated_without_pcid", "skylake-sp", "pti=on nopcid"},
                                     Mode{"isolated_without_smap", "nehalem", "pti=on"},
                                     Mode{"shared", "skylake-sp", "pti=off"}),
                     testing::Values(Program{"shell", shell_script},
                                     Program{"signals", signal_program},
                                     Program{"designs", design_program},
                                     Program{"breakpoint", breakpoint_program})),
    [](const auto& info) {
        return std::string(std::get<0>(info.param).name) + "_" + std::get<1>(info.param).name;
    });

}  // namespace
}  // namespace ringfence::kernel_tests

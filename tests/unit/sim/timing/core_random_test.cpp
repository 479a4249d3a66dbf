// SPDX-License-Identifier: MIT
// What holds for any program: no cycle is lost, stages follow each other, equal runs are equal.
#include <random>

#include "tests/unit/sim/timing/core_fixture.h"

namespace ringfence::sim::timing {
namespace {

/// Whether the core is told of instructions' forms.
enum class Forms : u8 { Told, Untold };

/// Drives a core with whatever comes to mind: instructions, faults, interrupts, wrong paths, halts.
class RandomProgram {
public:
    RandomProgram(u32 seed, const Parameters& parameters, Forms forms = Forms::Told)
        : parameters_(parameters), memory_(parameters_.hierarchy), random_(seed), forms_(forms) {
        for (u64 line = 0; line < 64; ++line) {
            memory_.data[line * 64] = {.translation = below(4) == 0 ? below(80) : 0,
                                       .cache = below(3) == 0 ? below(300) : 0,
                                       .blocked = false};
            memory_.code[line * 64] = {.translation = below(8) == 0 ? below(60) : 0,
                                       .cache = below(8) == 0 ? below(100) : 0,
                                       .blocked = false};
        }
    }

    void run(u32 steps) {
        Core core{parameters_, memory_};
        for (u32 i = 0; i < steps; ++i) {
            step(core);
            ASSERT_EQ(core.stack().total(), core.now());
        }
        digest_ = core.digest();
        now_ = core.now();
    }

    [[nodiscard]] u64 digest() const { return digest_; }
    [[nodiscard]] Cycle now() const { return now_; }

private:
    u64 below(u64 limit) { return random_() % limit; }

    InstructionProfile any_instruction() {
        InstructionProfile out;
        out.execution = static_cast<ExecutionClass>(below(execution_class_count));
        out.length = static_cast<u8>(1 + below(15));
        out.micro_operations = static_cast<u8>(below(2) == 0 ? 1 : 1 + below(4));
        for (u64 i = below(3); i > 0; --i) {
            out.sources.add(static_cast<u8>(below(reg::count)));
            out.address_sources.add(static_cast<u8>(below(reg::count)));
            out.destinations.add(static_cast<u8>(below(reg::count)));
        }
        if (below(10) == 0) {
            out.ordering = static_cast<Ordering>(below(6));
        }
        if (below(20) == 0) {
            out.event = static_cast<Event>(below(event_count));
        }
        out.eliminated = below(10) == 0;
        if (below(5) == 0) {
            out.branch = static_cast<BranchKind>(1 + below(6));
            out.branch_target = below(4096);
        }
        return out;
    }

    std::vector<DataAccess> any_accesses() {
        std::vector<DataAccess> out;
        for (u64 i = below(4); i > 0 && i < 3; --i) {
            out.push_back({.address = VirtualAddress{below(4096)},
                           .bytes = static_cast<u32>(1 + below(64)),
                           .intent = static_cast<AccessIntent>(below(8))});
        }
        return out;
    }

    void explore(Core& core, Stream shadow) {
        u64 rip = below(4096);
        for (u32 i = 0; i < 100; ++i) {
            const InstructionProfile profile = any_instruction();
            const std::vector<DataAccess> accesses = any_accesses();
            const Timing timing = core.step_transient(
                shadow, profile, {.rip = rip, .place = observe::Place::User, .accesses = accesses});
            if (timing.ends_path) {
                return;
            }
            EXPECT_LT(timing.dispatched, shadow.squash_at);
            EXPECT_EQ(timing.begins, timing.issued < shadow.squash_at);
            rip = core.resolve_transient(shadow, profile, rip, timing, below(4096));
        }
    }

    void step(Core& core) {
        const auto place = static_cast<observe::Place>(below(observe::place_count));
        if (below(200) == 0) {
            core.idle_until(core.now() + below(1000), place);
        }
        const InstructionProfile profile = any_instruction();
        const std::vector<DataAccess> accesses = any_accesses();
        const Cycle before = core.now();
        const Step step{.rip = rip_, .place = place, .accesses = accesses};
        const Timing timing =
            forms_ == Forms::Told
                ? core.step(profile, step)
                : core.step<Form::General>(profile, core.shape_of(profile, accesses), step);
        EXPECT_LE(timing.fetched, timing.dispatched);
        EXPECT_LT(timing.dispatched, timing.issued);
        EXPECT_LE(timing.issued, timing.completed);
        EXPECT_LE(timing.completed, timing.retired);
        EXPECT_GE(timing.retired, before);
        EXPECT_EQ(timing.retired, core.now());
        const u64 next = profile.branch != BranchKind::None && below(2) == 0
                             ? below(4096)
                             : rip_ + profile.length;
        if (const auto wrong = core.resolve(profile, rip_, next)) {
            EXPECT_LT(wrong->fetch_from, wrong->squash_at);
            explore(core, core.fork(*wrong));
        }
        rip_ = next % 4096;
        if (below(50) == 0) {
            explore(core, core.fork(core.fault_squash()));
            core.deliver(static_cast<Event>(below(event_count)), core.fault_squash(), place,
                         accesses);
        }
    }

    Parameters parameters_;
    FakeMemory memory_;
    std::mt19937 random_;
    Forms forms_;
    u64 rip_ = 0;
    u64 digest_ = 0;
    Cycle now_ = 0;
};

Parameters narrow_parameters() {
    Parameters out = wide_parameters();
    out.core.fetch_bytes = 16;
    out.core.decode_width = 3;
    out.core.dispatch_width = 2;
    out.core.retire_width = 2;
    out.core.reorder_buffer = 24;
    out.core.scheduler = 7;
    out.core.load_queue = 5;
    out.core.store_queue = 3;
    out.core.mispredict_penalty = 8;
    out.core.return_stack = 2;
    out.event_cycles.fill(150);
    return out;
}

TEST(CoreRandomTest, NoCycleIsLost) {
    for (u32 seed = 1; seed <= 30; ++seed) {
        RandomProgram wide{seed, wide_parameters()};
        wide.run(1500);
        RandomProgram narrow{seed, narrow_parameters()};
        narrow.run(1500);
        EXPECT_GT(narrow.now(), wide.now());
    }
}

TEST(CoreRandomTest, EqualRunsAreEqual) {
    for (u32 seed = 1; seed <= 5; ++seed) {
        RandomProgram first{seed, narrow_parameters()};
        RandomProgram second{seed, narrow_parameters()};
        RandomProgram other{seed + 100, narrow_parameters()};
        first.run(1000);
        second.run(1000);
        other.run(1000);
        EXPECT_EQ(first.digest(), second.digest());
        EXPECT_NE(first.digest(), other.digest());
    }
}

TEST(CoreRandomTest, TheFormLeavesOutOnlyWhatItExcludes) {
    for (u32 seed = 1; seed <= 10; ++seed) {
        for (const Parameters& parameters : {wide_parameters(), narrow_parameters()}) {
            RandomProgram told{seed, parameters, Forms::Told};
            RandomProgram untold{seed, parameters, Forms::Untold};
            told.run(2000);
            untold.run(2000);
            EXPECT_EQ(told.now(), untold.now());
            EXPECT_EQ(told.digest(), untold.digest());
        }
    }
}

}  // namespace
}  // namespace ringfence::sim::timing

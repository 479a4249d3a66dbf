// SPDX-License-Identifier: MIT
#include "guest/measurements/branches.h"

#include <algorithm>

#include "guest/measurements/search.h"
#include "guest/measurements/stopwatch.h"

namespace ringfence::measurements {

namespace {

u64& data_word(Workbench& bench, u64 number) {
    return reinterpret_cast<u64*>(bench.data.data())[number];
}

/// Runs `loop` until it is well predicted with `usual` in the first data word, then once with
/// `other`: how many cycles more.
u64 cost_of_surprise(Workbench& bench, const TimedLoop& loop, u64 usual, u64 other) {
    data_word(bench, 0) = usual;
    const u64 expected = loop.run(bench.data.data(), 1);
    data_word(bench, 0) = other;
    const u64 surprised = loop.run_once(bench.data.data(), 1);
    return surprised <= expected ? 0 : surprised - expected;
}

/// For one branch; `cost(count)` is of `count` of them. Of the differences between so many and a
/// few more, the middle one: some branches are foreseen by chance, as others share their counters.
template <typename Cost>
Thousandths for_one_branch(Cost cost) {
    constexpr u64 step = 8;
    constexpr u64 steps = 7;
    u64 differences[steps];
    u64 before = cost(step);
    for (u64 i = 0; i < steps; ++i) {
        const u64 after = cost((i + 2) * step);
        differences[i] = after <= before ? 0 : after - before;
        before = after;
    }
    std::ranges::sort(differences);
    return differences[steps / 2] * thousand / step;
}

/// Less than any CPU pays for a misprediction, more than a call or an iteration costs.
constexpr u64 noticeable = 6;

/// A chain of jumps to the next one, some bytes apart, of which the last so many can be run.
class JumpChain {
public:
    static constexpr u64 most = 8000;  // a first-level instruction cache holds most of them

    JumpChain(Workbench& bench, u64 apart) : bench_(bench), apart_(apart) {
        write_launcher(0);
        chain_ = bench.code.here();
        for (u64 i = 0; i < most; ++i) {
            bench.code.jump_short_to(bench.code.here() + apart);
            bench.code.move_to(chain_ + (i + 1) * apart);
        }
        bench.code.add(snippet("frame.leave"));
    }

    Thousandths cycles_per_jump(u64 count) {
        const TimedLoop loop = write_launcher(most - count);
        return loop.run(bench_.data.data(), 1) * thousand / count;
    }

private:
    TimedLoop write_launcher(u64 first) {
        bench_.code.clear();
        const u8* const start = bench_.code.here();
        bench_.code.add(snippet("frame.enter"));
        constexpr u64 jump_bytes = 5;
        bench_.code.jump_to(bench_.code.here() + jump_bytes + first * apart_);
        return TimedLoop(start);
    }

    Workbench& bench_;
    u64 apart_;
    u8* chain_ = nullptr;
};

}  // namespace

/// It has no result, but a fence waits for it.
Thousandths branch_latency(Workbench& bench) {
    constexpr u64 count = 32;
    const Thousandths with = cycles_per_copy(bench, nothing(), snippet("branch.fenced"), count);
    const Thousandths without =
        cycles_per_copy(bench, nothing(), snippet("branch.fence_alone"), count);
    return with <= without ? 0 : with - without;
}

Thousandths mispredict_penalty(Workbench& bench) {
    return for_one_branch([&](u64 count) {
        const TimedLoop loop = TimedLoop::once(bench.fresh, [&](Code& code) {
            code.add(snippet("branch.pattern"));
            code.add(snippet("branch.by_pattern"), count);
        });
        return cost_of_surprise(bench, loop, 0, ~u64{0});
    });
}

Thousandths indirect_mispredict_penalty(Workbench& bench) {
    return for_one_branch([&](u64 count) {
        u8* first = nullptr;
        const TimedLoop loop = TimedLoop::once(bench.fresh, [&](Code& code) {
            code.add(snippet("branch.table"));
            first = code.here();
            code.add(snippet("branch.indirect"), count);
            code.add_nops(1);
        });
        const u64 usual = reinterpret_cast<u64>(first);
        return cost_of_surprise(bench, loop, usual, usual + 1);
    });
}

Thousandths return_stack(Workbench& bench) {
    constexpr u64 most = 128;
    constexpr u64 iterations = 16;
    const auto time = [&](u64 depth) {
        bench.code.clear();
        u8* const first = bench.code.here();
        for (u64 level = 1; level < depth; ++level) {
            constexpr u64 call_bytes = 5;
            bench.code.call(bench.code.here() + call_bytes + snippet("branch.return").size());
            bench.code.add(snippet("branch.return"));
        }
        bench.code.add(snippet("branch.return"));
        const TimedLoop loop(bench.code, nothing(), [&](Code& code) { code.call(first); });
        return loop.run(bench.data.data(), iterations);
    };
    return thousand * largest(1, most, 1, [&](u64 depth) {
               return time(depth) < time(depth - 1) + noticeable * iterations;
           });
}

/// How a CPU spreads jumps over the buffer is not known: of some distances between them, the one
/// with which the most are remembered is nearest to all of it. That many are forgotten shows in a
/// cycle and a half for each, a quarter of what decoding them first costs.
Thousandths target_entries(Workbench& bench) {
    constexpr u64 distances[] = {2, 3, 4, 5};
    constexpr u64 step = 32;
    constexpr Thousandths late = 1500;
    u64 best = 0;
    for (const u64 apart : distances) {
        JumpChain chain(bench, apart);
        const Thousandths known = chain.cycles_per_jump(4 * step);
        best = std::max(best, largest(step, JumpChain::most, step, [&](u64 count) {
                            return chain.cycles_per_jump(count) < known + late;
                        }));
    }
    return best * thousand;
}

/// An inner loop's exit is foreseen while the history still shows its beginning: as many outcomes
/// as it has iterations, with that of the loop around.
Thousandths history_bits(Workbench& bench) {
    constexpr u64 most = 64;
    constexpr u64 iterations = 64;
    bench.code.clear();
    const TimedLoop loop(bench.code, nothing(),
                         [](Code& code) { code.add(snippet("branch.inner_loop")); });
    const auto time = [&](u64 count) {
        data_word(bench, 1) = count;
        return loop.run(bench.data.data(), iterations);
    };
    constexpr u64 few = 2;  // with any history that is worth the name
    const u64 base = time(few);
    const u64 each = (time(2 * few) - base) / few;
    return thousand * largest(few, most, 1, [&](u64 count) {
               return time(count) < base + each * (count - few) + noticeable * iterations;
           });
}

}  // namespace ringfence::measurements

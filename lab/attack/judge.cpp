// SPDX-License-Identifier: MIT
#include "lab/attack/judge.h"

#include <fmt/format.h>

#include "base/compiler.h"

namespace ringfence::lab::attack {

namespace {

enum class Finding { Leak, Nothing, Open };

struct Assessment {
    Finding finding;
    std::string why;  ///< of Open
};

Assessment assess(const Evidence& run) {
    if (!run.obstacle.empty()) {
        return {Finding::Open, run.obstacle};
    }
    if (!is_leak(run.control)) {
        return {Finding::Open, fmt::format("the control failed: it recovered {} of {} bytes of the "
                                           "attacker's own memory",
                                           run.control.right, run.control.all)};
    }
    if (is_leak(run.secret)) {
        return {Finding::Leak, {}};
    }
    const usize chance = most_by_chance(run.secret.all);
    if (run.secret.right > chance) {
        return {Finding::Open, fmt::format("{} of {} bytes are more than chance ({}) and no leak",
                                           run.secret.right, run.secret.all, chance)};
    }
    return {Finding::Nothing, {}};
}

}  // namespace

std::string verdict_name(Verdict verdict) {
    switch (verdict) {
        case Verdict::Leaks:
            return "leaks";
        case Verdict::Mitigated:
            return "mitigated";
        case Verdict::Immune:
            return "immune";
        case Verdict::Broken:
            break;
    }
    return "broken";
}

Tally tally(std::span<const Guess> guesses, std::span<const u8> truth) {
    RF_ASSERT(guesses.size() == truth.size());
    Tally result{.right = 0, .all = truth.size()};
    for (usize i = 0; i < truth.size(); ++i) {
        result.right += guesses[i].value == truth[i] ? 1 : 0;
    }
    return result;
}

bool is_leak(const Tally& tally) {
    constexpr usize least_of_thousand = 999;
    return tally.all != 0 && tally.right * 1000 >= tally.all * least_of_thousand;
}

usize most_by_chance(usize bytes) {
    constexpr double one_in = 255;
    constexpr double rare = 1e-6;
    // The binomial distribution's terms from 0 right guesses up, until what is left is rare.
    const auto n = static_cast<double>(bytes);
    double term = 1;
    for (usize i = 0; i < bytes; ++i) {
        term *= 1 - 1 / one_in;
    }
    double at_most = term;
    usize right = 0;
    while (right < bytes && 1 - at_most >= rare) {
        const auto k = static_cast<double>(right);
        term *= (n - k) / (k + 1) / (one_in - 1);
        at_most += term;
        ++right;
    }
    return right;
}

Judgement judge(const Evidence& run, const Evidence& shared) {
    const Assessment here = assess(run);
    switch (here.finding) {
        case Finding::Open:
            return {Verdict::Broken, here.why};
        case Finding::Leak:
            return {Verdict::Leaks, fmt::format("{} of {} bytes of kernel memory recovered",
                                                run.secret.right, run.secret.all)};
        case Finding::Nothing:
            break;
    }
    const Assessment without = assess(shared);
    switch (without.finding) {
        case Finding::Open:
            return {Verdict::Broken,
                    "no leak, but nothing is known without isolation: " + without.why};
        case Finding::Leak:
            return {Verdict::Mitigated, "no leak; without isolation this attack leaks here"};
        case Finding::Nothing:
            break;
    }
    return {Verdict::Immune, "no leak with isolation or without it, and the control works"};
}

Answer answer_of(Verdict verdict) {
    return verdict == Verdict::Leaks    ? Answer::DoesNotHold
           : verdict == Verdict::Broken ? Answer::CannotBeTold
                                        : Answer::Holds;
}

}  // namespace ringfence::lab::attack

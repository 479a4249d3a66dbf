// SPDX-License-Identifier: MIT
// What programs do all day, for as long as it is asked for, and then nothing is left of it:
//   soak ACTIVITIES SEED [steady]
// Shifts of workers do things at random and check what comes of them. After each shift, and at the
// end, the kernel's frames and objects are as they were before. `steady`: nobody changes the
// design.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "guest/endurance/activities.h"
#include "guest/endurance/usage.h"
#include "guest/endurance/workers.h"

namespace {

using endurance::Activity;
using endurance::Progress;
using endurance::Random;

constexpr unsigned workers_per_shift = 4;
constexpr unsigned activities_per_worker = 40;
/// What lists that have grown may keep.
constexpr uint64_t spare_bytes = 16 * 1024;

bool with_design_changes = true;

const Activity& any_activity(Random& random) {
    if (with_design_changes && random.one_in(10)) {
        const auto changes = endurance::design_changes();
        return changes[random.below(changes.size())];
    }
    const auto all = endurance::activities();
    return all[random.below(all.size())];
}

void work(uint64_t seed, unsigned, Progress& progress) {
    Random random(seed);
    signal(SIGPIPE, SIG_IGN);
    for (unsigned done = 0; done < activities_per_worker; ++done) {
        const Activity& activity = any_activity(random);
        const endurance::Outcome outcome = activity.run(random);
        __atomic_fetch_add(&progress.steps, 1, __ATOMIC_RELAXED);
        if (!outcome.good() && __atomic_fetch_add(&progress.failures, 1, __ATOMIC_RELAXED) == 0) {
            std::snprintf(progress.first_failure, sizeof progress.first_failure, "%s: %s",
                          activity.name, outcome.failure);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::strcmp(argv[1], "ends-with") == 0) {
        return endurance::started_program(argc, argv);
    }
    if (argc < 3) {
        std::fprintf(stderr, "usage: soak ACTIVITIES SEED [steady]\n");
        return 2;
    }
    const uint64_t wanted = std::strtoull(argv[1], nullptr, 10);
    const uint64_t seed = std::strtoull(argv[2], nullptr, 10);
    with_design_changes = argc < 4 || std::strcmp(argv[3], "steady") != 0;
    Progress& progress = endurance::start_supervising();
    constexpr unsigned warm_up_shifts = 2;
    constexpr unsigned shifts_per_report = 100;
    endurance::Usage before = endurance::Usage::read();
    unsigned shift = 0;
    uint64_t done = 0;
    for (; done < wanted || shift <= warm_up_shifts; ++shift) {
        done += endurance::run_shift(
            {endurance::seed_of_part(seed, shift), workers_per_shift, work}, progress);
        if (shift % shifts_per_report == 0) {  // the first time before anything is measured
            std::printf("%lu activities so far\n", done);
        }
        if (progress.failures > 0) {
            std::printf("seed %lu, shift %u: %s\n", seed, shift, progress.first_failure);
            return 1;
        }
        if (shift < warm_up_shifts) {
            before = endurance::Usage::read();
        } else if (!endurance::Usage::read().same_as(before, spare_bytes)) {
            std::printf("seed %lu, shift %u: not all was given back\n", seed, shift);
            return 1;
        }
    }
    constexpr unsigned patience_seconds = 200;
    if (!endurance::comes_back_to(before, spare_bytes, patience_seconds)) {
        std::printf("seed %lu: not all was given back at the end\n", seed);
        return 1;
    }
    std::printf("%lu activities in %u shifts, seed %lu: all was right, all was given back\n", done,
                shift, seed);
    return 0;
}

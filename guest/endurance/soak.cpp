// SPDX-License-Identifier: MIT
// What programs do all day, for as long as it is asked for, and then nothing is left of it:
//   soak ACTIVITIES SEED [steady]
// Shifts of workers do things at random and check what comes of them. After each shift, and at the
// end, the kernel's frames and objects are as they were before. `steady`: nobody changes the
// design.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "guest/endurance/activities.h"
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
    return endurance::run_shifts({.unit = "activities",
                                  .workers = workers_per_shift,
                                  .work = work,
                                  .checks = true,
                                  .spare_bytes = spare_bytes},
                                 wanted, seed);
}

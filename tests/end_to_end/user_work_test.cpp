// SPDX-License-Identifier: MIT
// What isolation adds to a system call does not depend on the user's work around it, until that
// work pushes the entry path out of the caches.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "tests/end_to_end/command.h"

namespace ringfence::end_to_end {
namespace {

/// Cycles of a turn by the number of reads.
std::map<int, double> turns(std::vector<std::string> options) {
    std::vector<std::string> arguments{"run", "--mode", "timed"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {"--", guest_program("user_work"), "0", "128", "1000", "2000",
                                       "5000", "20000"});
    const Outcome outcome = ringfence(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    std::map<int, double> cycles;
    std::istringstream lines(outcome.output);
    for (int reads = 0; lines >> reads;) {
        lines >> cycles[reads];
    }
    return cycles;
}

TEST(UserWork, IsAddedToByAFlatCostUntilItEvictsTheEntryPath) {
    const auto shared = turns({"--design", "shared"});
    const auto isolated = turns({"--design", "isolated"});
    const auto without_pcid = turns({"--design", "isolated", "--pcid", "off"});
    ASSERT_EQ(shared.size(), 6U);
    const auto added = [&shared](const std::map<int, double>& design, int reads) {
        return design.at(reads) - shared.at(reads);
    };
    constexpr double flat = 0.06;
    for (const auto& design : {isolated, without_pcid}) {
        EXPECT_GT(added(design, 0), 300);
        EXPECT_NEAR(added(design, 128) / added(design, 0), 1, flat);
        // Of several, because one is the small difference of two long streams.
        const double evicted =
            (added(design, 1000) + added(design, 2000) + added(design, 5000)) / 3;
        EXPECT_GT(evicted, added(design, 0) * 1.02);
    }
    // What is flushed is read again, from where it lies now.
    EXPECT_GT(added(without_pcid, 20000), added(without_pcid, 0) * 2);
}

}  // namespace
}  // namespace ringfence::end_to_end

// SPDX-License-Identifier: MIT
#include "lab/supervise.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

namespace ringfence::lab {
namespace {

using machine::StopReason;
using machine::StopRequest;

/// Work that lasts until it is asked to stop, at most ten seconds.
void until_stopped(const StopRequest& stop) {
    constexpr int patience_ms = 10000;
    pollfd wait{stop.descriptor(), POLLIN, 0};
    poll(&wait, 1, patience_ms);
}

TEST(Supervise, ReturnsWhenTheWorkIsDone) {
    StopRequest stop;
    bool done = false;
    supervise(stop, {}, [&] { done = true; });
    EXPECT_TRUE(done);
    EXPECT_FALSE(stop.requested());
}

TEST(Supervise, TimeoutBecomesAStopRequest) {
    StopRequest stop;
    supervise(stop, {.timeout = std::chrono::duration<double>(0.05), .tick = {}},
              [&] { until_stopped(stop); });
    EXPECT_EQ(stop.reason(), StopReason::Timeout);
    EXPECT_EQ(stop_status(stop.reason()), 124);
}

TEST(Supervise, SignalsBecomeStopRequests) {
    for (const auto& [number, status] : {std::pair{SIGINT, 130}, {SIGTERM, 143}}) {
        StopRequest stop;
        supervise(stop, {}, [&stop, signal = number] {
            kill(getpid(), signal);
            until_stopped(stop);
        });
        EXPECT_EQ(stop_status(stop.reason()), status);
    }
}

TEST(Supervise, FirstReasonStays) {
    StopRequest stop;
    stop.request(StopReason::Timeout);
    stop.request(StopReason::Interrupted);
    EXPECT_EQ(stop.reason(), StopReason::Timeout);
}

TEST(Supervise, ErrorsOfTheWorkComeBack) {
    StopRequest stop;
    EXPECT_THROW(supervise(stop, {}, [] { throw std::runtime_error("lost"); }), std::runtime_error);
}

TEST(Supervise, TicksWhileItWaits) {
    StopRequest stop;
    int ticks = 0;
    supervise(stop,
              {.timeout = {},
               .tick =
                   [&] {
                       if (++ticks == 3) {
                           stop.request(StopReason::AnotherFailed);
                       }
                   }},
              [&] { until_stopped(stop); });
    EXPECT_GE(ticks, 3);
}

}  // namespace
}  // namespace ringfence::lab

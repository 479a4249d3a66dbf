// SPDX-License-Identifier: MIT
#include "kernel/core/signal/signal_set.h"

#include <gtest/gtest.h>

#include "kernel/core/signal/pending_signals.h"

namespace ringfence::kernel {
namespace {

TEST(SignalSet, has_the_encoding_of_sigset_t) {
    EXPECT_EQ(SignalSet::of(1).bits(), 1u);
    EXPECT_EQ(SignalSet::of(64).bits(), u64{1} << 63);
    SignalSet set = SignalSet::of(9) | SignalSet::of(15);
    EXPECT_EQ(set.lowest(), 9u);
    set.remove(9);
    EXPECT_EQ(set.lowest(), 15u);
    set.remove(15);
    EXPECT_TRUE(set.empty());
    EXPECT_EQ(set.lowest(), 0u);
}

TEST(PendingSignals, a_standard_signal_waits_once) {
    PendingSignals pending;
    pending.add({.number = signals::user1, .value = 1});
    pending.add({.number = signals::user1, .value = 2});
    const SignalSet all(~u64{0});
    EXPECT_EQ(pending.take(all)->value, 1u);
    EXPECT_FALSE(pending.take(all));
}

TEST(PendingSignals, realtime_signals_queue_in_order) {
    PendingSignals pending;
    for (u64 value = 0; value < 3; ++value) {
        pending.add({.number = 40, .value = value});
    }
    pending.add({.number = 34, .value = 9});
    const SignalSet all(~u64{0});
    EXPECT_EQ(pending.take(all)->number, 34u);
    for (u64 value = 0; value < 3; ++value) {
        EXPECT_TRUE(pending.set().contains(40));
        EXPECT_EQ(pending.take(all)->value, value);
    }
    EXPECT_TRUE(pending.set().empty());
}

TEST(PendingSignals, the_queue_of_realtime_signals_is_bounded) {
    PendingSignals pending;
    u64 taken = 0;
    while (taken < 100000 && pending.add({.number = 50})) {
        ++taken;
    }
    EXPECT_EQ(taken, 1024u);
    EXPECT_TRUE(pending.add({.number = signals::terminate}));
}

TEST(PendingSignals, faults_come_first_and_blocked_signals_stay) {
    PendingSignals pending;
    pending.add({.number = signals::hangup});
    pending.add({.number = signals::segment});
    pending.add({.number = signals::user1});
    const SignalSet all(~u64{0});
    const SignalSet open = all.without(SignalSet::of(signals::hangup));
    EXPECT_EQ(pending.take(open)->number, signals::segment);
    EXPECT_EQ(pending.take(open)->number, signals::user1);
    EXPECT_FALSE(pending.take(open));
    EXPECT_EQ(pending.take(all)->number, signals::hangup);
}

TEST(PendingSignals, discarding_forgets_the_set_and_the_queue) {
    PendingSignals pending;
    pending.add({.number = signals::terminal_stop});
    pending.add({.number = signals::user1});
    pending.discard(stop_signals);
    EXPECT_EQ(pending.set(), SignalSet::of(signals::user1));
    pending.add({.number = signals::terminal_stop, .value = 5});
    EXPECT_EQ(pending.take(stop_signals)->value, 5u);
}

TEST(DefaultAction, is_that_of_signal_7) {
    EXPECT_EQ(default_action(signals::child), DefaultAction::Ignore);
    EXPECT_EQ(default_action(signals::terminate), DefaultAction::Terminate);
    EXPECT_EQ(default_action(signals::segment), DefaultAction::Dump);
    EXPECT_EQ(default_action(signals::terminal_input), DefaultAction::Stop);
    EXPECT_EQ(default_action(signals::resume), DefaultAction::Continue);
    EXPECT_EQ(default_action(64), DefaultAction::Terminate);
}

}  // namespace
}  // namespace ringfence::kernel

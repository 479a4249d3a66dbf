// SPDX-License-Identifier: MIT
// Shared by programs that look at what comes with a signal.
#pragma once

#include <csignal>

#include "guest/programs/check.h"

/// How many were caught, and what the last one said of itself.
struct CaughtSignals {
    volatile sig_atomic_t count = 0;
    volatile sig_atomic_t code = 0;
    volatile sig_atomic_t value = 0;
    volatile sig_atomic_t sender = 0;
};
inline CaughtSignals caught;

inline void catch_signal(int number) {
    struct sigaction action{};
    action.sa_sigaction = [](int, siginfo_t* information, void*) {
        caught.code = information->si_code;
        caught.value = information->si_value.sival_int;
        caught.sender = information->si_pid;
        caught.count = caught.count + 1;
    };
    action.sa_flags = SA_SIGINFO;
    require(sigaction(number, &action, nullptr) == 0, "sigaction");
}

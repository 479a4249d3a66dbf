// SPDX-License-Identifier: MIT
#include "lab/boot/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ringfence::lab::boot {

namespace {

/// A look costs next to nothing, and finds a guest stuck by so many instructions late.
constexpr u64 longest_step = 100'000'000;
constexpr u64 seconds_per_day = 24ULL * 60 * 60;

}  // namespace

void Progress::begin(const sim::observe::Counters& counters, u64 cycles) {
    user_instructions_ = counters.instructions_at(sim::observe::Place::User);
    busy_since_ = counters.total_instructions();
    quiet_since_ = cycles;
}

u64 Progress::until_next_look() const {
    return patience_ == 0 ? longest_step : std::min(patience_, longest_step);
}

bool Progress::look(const sim::observe::Counters& counters, u64 cycles) {
    const u64 user = counters.instructions_at(sim::observe::Place::User);
    const u64 instructions = counters.total_instructions();
    const bool alive = std::exchange(alive_, false) ||
                       std::exchange(user_instructions_, user) != user || patience_ == 0;
    const bool halted = std::exchange(halted_, false);
    if (alive || halted) {
        busy_since_ = instructions;
    }
    if (alive) {
        quiet_since_ = cycles;
    }
    if (instructions - busy_since_ >= patience_ && !alive && !halted) {
        words_ = fmt::format("{} instructions without user mode, output or a halt",
                             instructions - busy_since_);
        return false;
    }
    if ((cycles - quiet_since_) / clock_hz_ >= seconds_per_day) {
        words_ = "a day of its time without user mode or output";
        return false;
    }
    return true;
}

}  // namespace ringfence::lab::boot

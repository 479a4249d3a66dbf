// SPDX-License-Identifier: MIT
#include "lab/boot/console_input.h"

#include <algorithm>
#include <utility>

namespace ringfence::lab::boot {

using sim::machine::IdleMoment;

namespace {

constexpr char control_d = 0x04;
/// A guest that looks so often in a row, and does nothing else with the port, waits for a byte.
constexpr unsigned looks_of_one_who_asks = 1000;
/// A guest that has halted may only wait for a timer, and what is typed too early is lost to some
/// programs. So it asks only when it has been silent for so long, which costs the host nothing.
constexpr u64 quiet_seconds_of_one_who_asks = 2;
/// Lines are cut so that a terminal's line buffer (4096 bytes in Linux) has room for one.
constexpr usize most_at_once = 1024;
/// Each program that reads to the end of its input uses up one.
constexpr unsigned most_ends_told = 16;

using Nanoseconds = std::chrono::duration<double, std::nano>;
constexpr double nanoseconds_per_second = 1e9;

}  // namespace

bool ConsoleInput::available() {
    if (given_.empty() && ++looks_ >= looks_of_one_who_asks) {
        looks_ = 0;
        if (!is_refused()) {
            give();
        }
    }
    return !given_.empty();
}

u8 ConsoleInput::take() {
    const u8 byte = static_cast<u8>(given_.front());
    given_.erase(0, 1);
    looks_ = 0;
    return byte;
}

u64 ConsoleInput::halted(const IdleMoment& moment) {
    if (std::exchange(busy_, false)) {
        quiet_since_ = moment.now;
    }
    const bool listens = moment.listening[0] && given_.empty();
    if (!asked_ && !knows_what_comes()) {
        const u64 passed = wait(moment.cycles);
        if (listens && fill()) {
            give();  // who answers what he has seen is not made to wait
        }
        return passed;
    }
    const u64 patience = quiet_seconds_of_one_who_asks * clock_hz_;
    const u64 quiet = moment.now - quiet_since_;
    if (listens && quiet < patience) {
        return std::min(moment.cycles, patience - quiet);
    }
    if (listens && (is_refused() || give())) {
        return 0;
    }
    waits_in_vain_ = listens;
    return moment.cycles;
}

/// Time passes on the host until there is something to read. Answers in cycles.
u64 ConsoleInput::wait(u64 cycles) {
    constexpr std::chrono::nanoseconds longest = std::chrono::hours(1);
    const double wanted =
        static_cast<double>(cycles) * nanoseconds_per_second / static_cast<double>(clock_hz_);
    const bool is_long = wanted >= static_cast<double>(longest.count());
    const auto time =
        is_long ? longest
                : std::chrono::duration_cast<std::chrono::nanoseconds>(Nanoseconds(wanted));
    const std::chrono::nanoseconds passed = feed_.wait(time);
    if (!is_long && passed >= time) {
        return cycles;
    }
    const double passed_cycles = static_cast<double>(passed.count()) *
                                 static_cast<double>(clock_hz_) / nanoseconds_per_second;
    return std::min(cycles, static_cast<u64>(passed_cycles));
}

/// A person's bytes go to the guest whatever it does, and can always end the run.
bool ConsoleInput::running() {
    if (!feed_.is_terminal()) {
        return false;
    }
    fill();
    if (!waiting_.empty()) {
        give_bytes(std::exchange(waiting_, {}));
    }
    return !given_.empty();
}

bool ConsoleInput::knows_what_comes() {
    if (waiting_.empty()) {
        fill();
    }
    return !waiting_.empty() || ended_;
}

/// Reads what is there. False if there is nothing to give.
bool ConsoleInput::fill() {
    if (!ended_) {
        std::string typed;
        ended_ = feed_.read(typed) == terminal::InputFeed::State::Ended;
        if (feed_.is_terminal()) {
            keys_.take(typed, waiting_);
        } else {
            waiting_ += typed;
        }
    }
    return !waiting_.empty();
}

bool ConsoleInput::give() {
    if (waiting_.find('\n') == std::string::npos) {
        fill();
    }
    if (!waiting_.empty()) {
        const usize newline = waiting_.find('\n');
        const usize line = newline == std::string::npos ? waiting_.size() : newline + 1;
        const usize piece = feed_.is_terminal() ? waiting_.size() : std::min(line, most_at_once);
        give_bytes(std::string_view(waiting_).substr(0, piece));
        waiting_.erase(0, piece);
        return true;
    }
    if (ended_ && ends_told_ < most_ends_told) {
        ++ends_told_;
        give_bytes({&control_d, 1});
        return true;
    }
    return false;
}

void ConsoleInput::give_bytes(std::string_view bytes) {
    sum_.add(bytes);
    given_ += bytes;
    busy_ = true;
}

}  // namespace ringfence::lab::boot

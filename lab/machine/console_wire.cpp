// SPDX-License-Identifier: MIT
#include "lab/machine/console_wire.h"

#include <algorithm>

namespace ringfence::lab::machine {

namespace {

using Nanoseconds = std::chrono::duration<double, std::nano>;
constexpr double nanoseconds_per_second = 1e9;
/// A guest without a next event: nobody waits longer in one piece.
constexpr std::chrono::nanoseconds longest_wait = std::chrono::seconds(1);

}  // namespace

bool ConsoleWire::available() {
    return taken_ < typed_.size();
}

u8 ConsoleWire::take() {
    return static_cast<u8>(typed_[taken_++]);
}

void ConsoleWire::look() {
    typed_.erase(0, taken_);
    taken_ = 0;
    typed_ += terminal_.take_typed();
    if (const auto size = terminal_.take_new_size()) {
        session_.tell_window_size(*size);
    }
}

u64 ConsoleWire::halted(const sim::machine::IdleMoment& moment) {
    look();
    if (available()) {
        return moment.cycles;
    }
    const double wanted = static_cast<double>(moment.cycles) * nanoseconds_per_second /
                          static_cast<double>(clock_hz_);
    const bool is_long = wanted >= static_cast<double>(longest_wait.count());
    const auto time =
        is_long ? longest_wait
                : std::chrono::duration_cast<std::chrono::nanoseconds>(Nanoseconds(wanted));
    const std::chrono::nanoseconds passed = terminal_.wait(time);
    if (!is_long && passed >= time) {
        return moment.cycles;
    }
    const double cycles = static_cast<double>(passed.count()) * static_cast<double>(clock_hz_) /
                          nanoseconds_per_second;
    return std::min(moment.cycles, static_cast<u64>(cycles));
}

bool ConsoleWire::running() {
    look();
    return available();
}

}  // namespace ringfence::lab::machine

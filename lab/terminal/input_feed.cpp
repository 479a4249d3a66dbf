// SPDX-License-Identifier: MIT
#include "lab/terminal/input_feed.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "lab/standard_input.h"

namespace ringfence::lab::terminal {

namespace {

using std::chrono::nanoseconds;

/// Whether standard input can be read, or has ended, within the time; also if `stop` comes first,
/// or `other` (if it is not -1) can be read.
bool becomes_ready(const machine::StopRequest& stop, int other, nanoseconds time) {
    constexpr nanoseconds longest = std::chrono::hours(1);
    const auto left = std::clamp(time, nanoseconds(0), longest).count();
    constexpr i64 per_second = std::chrono::nanoseconds(std::chrono::seconds(1)).count();
    const timespec limit{.tv_sec = left / per_second, .tv_nsec = left % per_second};
    std::array<pollfd, 3> waits = {
        {{STDIN_FILENO, POLLIN, 0}, {stop.descriptor(), POLLIN, 0}, {other, POLLIN, 0}}};
    return ppoll(waits.data(), waits.size(), &limit, nullptr) > 0 && waits[0].revents != 0;
}

}  // namespace

StandardInput::StandardInput(const machine::StopRequest& stop)
    : stop_(stop),
      is_terminal_(standard_input_kind() == StandardInputKind::Terminal),
      ended_(standard_input_kind() == StandardInputKind::Background) {}

InputFeed::State StandardInput::read(std::string& bytes) {
    constexpr usize most = 4096;
    if (!ended_ && !becomes_ready(stop_, -1, nanoseconds(0))) {
        return State::Nothing;
    }
    if (ended_) {
        return State::Ended;
    }
    const usize before = bytes.size();
    bytes.resize(before + most);
    const ssize_t got = ::read(STDIN_FILENO, bytes.data() + before, most);
    bytes.resize(before + static_cast<usize>(std::max<ssize_t>(got, 0)));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
        return State::Nothing;
    }
    // A standard input that cannot be read, or is closed, has ended.
    ended_ = got <= 0;
    return ended_ ? State::Ended : State::Given;
}

nanoseconds StandardInput::wait(nanoseconds time) {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    becomes_ready(stop_, other_, time);
    return Clock::now() - start;
}

}  // namespace ringfence::lab::terminal

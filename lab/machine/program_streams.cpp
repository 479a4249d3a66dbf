// SPDX-License-Identifier: MIT
#include "lab/machine/program_streams.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

namespace ringfence::lab::machine {

namespace {

constexpr usize most_held_back = 1 << 16;

/// Waits until `descriptor` is ready for `events`. False when the stop request came first.
bool wait_for(int descriptor, short events, const StopRequest& stop) {
    std::array<pollfd, 2> waits = {
        {{descriptor, events, 0}, {stop.descriptor(), POLLIN, 0}},
    };
    while (poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
    }
    return waits[1].revents == 0;
}

}  // namespace

void HostStreams::write(OutputStream stream, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    if (stream != pending_stream_) {
        flush_locked();
        pending_stream_ = stream;
    }
    pending_ += bytes;
    if (pending_.size() >= most_held_back) {
        flush_locked();
    }
}

void HostStreams::flush() {
    const std::lock_guard lock(mutex_);
    flush_locked();
}

std::string HostStreams::problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
}

void HostStreams::flush_locked() {
    if (!pending_.empty()) {
        write_out(pending_stream_ == OutputStream::Output ? STDOUT_FILENO : STDERR_FILENO,
                  pending_);
        pending_.clear();
    }
}

void HostStreams::write_out(int descriptor, std::string_view bytes) {
    const StopReason reason = stop_.reason();
    if (reason == StopReason::OutputClosed || reason == StopReason::OutputFailed) {
        return;
    }
    while (!bytes.empty() && wait_for(descriptor, POLLOUT, stop_)) {
        // A pipe that polls as writable takes this much without blocking.
        const usize piece = std::min<usize>(bytes.size(), PIPE_BUF);
        const ssize_t written = ::write(descriptor, bytes.data(), piece);
        if (written >= 0) {
            bytes.remove_prefix(static_cast<usize>(written));
        } else if (errno == EPIPE) {
            stop_.request(StopReason::OutputClosed);
        } else if (errno != EINTR && errno != EAGAIN) {
            problem_ =
                fmt::format("standard {}: {}", descriptor == STDOUT_FILENO ? "output" : "error",
                            std::strerror(errno));
            stop_.request(StopReason::OutputFailed);
        }
    }
}

std::string HostStreams::read(usize most) {
    flush();
    std::string bytes(most, '\0');
    while (wait_for(STDIN_FILENO, POLLIN, stop_)) {
        const ssize_t got = ::read(STDIN_FILENO, bytes.data(), most);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        // A standard input that cannot be read, or is closed, has ended.
        bytes.resize(static_cast<usize>(std::max<ssize_t>(got, 0)));
        return bytes;
    }
    return {};
}

void CapturedStreams::write(OutputStream stream, std::string_view bytes) {
    (stream == OutputStream::Output ? output : error) += bytes;
}

std::string CapturedStreams::read(usize most) {
    const std::string_view piece = input_.substr(0, most);
    input_.remove_prefix(piece.size());
    return std::string(piece);
}

}  // namespace ringfence::lab::machine

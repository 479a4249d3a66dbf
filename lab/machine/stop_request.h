// SPDX-License-Identifier: MIT
// How the parts of a command tell each other, across threads, that the machines must stop.
#pragma once

#include <atomic>

namespace ringfence::lab::machine {

enum class StopReason : int {
    None,
    Interrupted,    ///< SIGINT
    Terminated,     ///< SIGTERM or SIGHUP
    Timeout,        ///< --timeout
    Left,           ///< a person at the terminal has enough
    OutputClosed,   ///< nobody reads the program's output any more
    OutputFailed,   ///< the program's output could not be written
    GuestFailed,    ///< a guest broke the protocol on its control channel
    AnotherFailed,  ///< another run of the same command failed
};

/// The first reason stays. All members may be called from any thread.
class StopRequest {
public:
    StopRequest();
    StopRequest(const StopRequest&) = delete;
    StopRequest& operator=(const StopRequest&) = delete;
    ~StopRequest();

    void request(StopReason reason);

    [[nodiscard]] bool requested() const { return flag_.load(std::memory_order_relaxed); }
    [[nodiscard]] StopReason reason() const { return reason_.load(); }

    /// For a machine that polls: true from the request on.
    [[nodiscard]] const std::atomic<bool>& flag() const { return flag_; }
    /// For poll(2): readable from the request on.
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    std::atomic<bool> flag_ = false;
    std::atomic<StopReason> reason_ = StopReason::None;
    int descriptor_;
};

}  // namespace ringfence::lab::machine

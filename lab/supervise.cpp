// SPDX-License-Identifier: MIT
#include "lab/supervise.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <exception>
#include <thread>

#include "base/types.h"
#include "lab/error.h"

namespace ringfence::lab {

namespace {

using Clock = std::chrono::steady_clock;
using machine::StopReason;

constexpr int fatal_signal_base = 128;
constexpr std::chrono::milliseconds tick_length{20};

/// Blocks the signals that end a command, for as long as it lives, and makes them readable.
class SignalDescriptor {
public:
    SignalDescriptor() {
        sigset_t signals;
        sigemptyset(&signals);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
            struct sigaction action{};
            sigaction(signal, nullptr, &action);
            if (action.sa_handler != SIG_IGN) {
                sigaddset(&signals, signal);
            }
        }
        pthread_sigmask(SIG_BLOCK, &signals, &before_);
        descriptor_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        if (descriptor_ < 0) {
            fail(Failure::Own, "signalfd: {}", std::strerror(errno));
        }
    }
    SignalDescriptor(const SignalDescriptor&) = delete;
    SignalDescriptor& operator=(const SignalDescriptor&) = delete;
    ~SignalDescriptor() {
        close(descriptor_);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

    [[nodiscard]] int descriptor() const { return descriptor_; }

    /// The next signal, 0 if there is none.
    [[nodiscard]] int take() const {
        signalfd_siginfo information{};
        const ssize_t got = read(descriptor_, &information, sizeof information);
        return got == sizeof information ? static_cast<int>(information.ssi_signo) : 0;
    }

private:
    sigset_t before_{};
    int descriptor_ = -1;
};

/// A thread that runs `work` and makes a descriptor readable when it is done.
class Worker {
public:
    explicit Worker(const std::function<void()>& work)
        : done_(eventfd(0, EFD_CLOEXEC)), thread_([this, &work] {
              try {
                  work();
              } catch (...) {
                  error_ = std::current_exception();
              }
              const u64 one = 1;
              [[maybe_unused]] const ssize_t written = write(done_, &one, sizeof one);
          }) {}
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() { close(done_); }

    [[nodiscard]] int descriptor() const { return done_; }
    void join() {
        thread_.join();
        if (error_) {
            std::rethrow_exception(error_);
        }
    }

private:
    int done_;
    std::exception_ptr error_;
    std::thread thread_;
};

void handle_signal(machine::StopRequest& stop, const Watch& watch, int signal, bool& seen) {
    if (signal == 0) {
        return;
    }
    if (seen) {
        if (watch.before_abort) {
            watch.before_abort();
        }
        _exit(fatal_signal_base + signal);
    }
    seen = true;
    stop.request(signal == SIGINT ? StopReason::Interrupted : StopReason::Terminated);
}

/// Milliseconds that poll may wait: until the next tick or the deadline; -1 for ever.
int patience(const Watch& watch, std::optional<Clock::time_point> deadline, bool stopping) {
    std::optional<std::chrono::milliseconds> wait;
    if (watch.tick) {
        wait = tick_length;
    }
    if (deadline && !stopping) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
        const auto bounded = std::clamp(left, std::chrono::milliseconds(0),
                                        std::chrono::milliseconds(std::chrono::hours(1)));
        wait = wait ? std::min(*wait, bounded) : bounded;
    }
    return wait ? static_cast<int>(wait->count()) : -1;
}

}  // namespace

void supervise(machine::StopRequest& stop, const Watch& watch, const std::function<void()>& work) {
    const SignalDescriptor signals;
    std::optional<Clock::time_point> deadline;
    if (watch.timeout) {
        deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(*watch.timeout);
    }
    Worker worker(work);
    std::array<pollfd, 2> waits = {
        {{worker.descriptor(), POLLIN, 0}, {signals.descriptor(), POLLIN, 0}}};
    bool signal_seen = false;
    while (true) {
        poll(waits.data(), waits.size(), patience(watch, deadline, stop.requested()));
        if (waits[0].revents != 0) {
            break;
        }
        handle_signal(stop, watch, signals.take(), signal_seen);
        if (deadline && Clock::now() >= *deadline) {
            stop.request(StopReason::Timeout);
        }
        if (watch.tick) {
            watch.tick();
        }
    }
    worker.join();
}

int stop_status(StopReason reason) {
    constexpr int timed_out = 124;
    constexpr int own_failure = 125;
    switch (reason) {
        case StopReason::Interrupted:
            return fatal_signal_base + SIGINT;
        case StopReason::Terminated:
            return fatal_signal_base + SIGTERM;
        case StopReason::OutputClosed:
            return fatal_signal_base + SIGPIPE;
        case StopReason::Timeout:
            return timed_out;
        case StopReason::Left:
            return 0;
        case StopReason::None:
        case StopReason::OutputFailed:
        case StopReason::GuestFailed:
        case StopReason::AnotherFailed:
            break;
    }
    return own_failure;
}

}  // namespace ringfence::lab

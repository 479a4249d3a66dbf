// SPDX-License-Identifier: MIT
// One of two runs that go on from the same moment with other bytes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lab/machine/builtin_config.h"
#include "lab/relational/moment.h"

namespace ringfence::lab::relational {

using sim::observe::TimingEvent;
using Events = std::vector<TimingEvent>;

/// What the timed engine did, and when user mode was entered.
class TimingLog final : public sim::observe::Observer {
public:
    void timing(const TimingEvent& event) override { events.push_back(event); }
    void user_entered(VirtualAddress) override {
        user_entries.push_back(events.size());
        if (paused_ != nullptr) {
            paused_->pause();
        }
    }
    [[nodiscard]] bool wants_timing() const override { return true; }
    /// From now on `machine` pauses behind each entry to user mode; null: no more.
    void pause_at_user_entries(sim::machine::Machine* machine) { paused_ = machine; }
    void clear() {
        events.clear();
        user_entries.clear();
    }

    Events events;
    std::vector<usize> user_entries;  ///< how many events there were

private:
    sim::machine::Machine* paused_ = nullptr;
};

class Twin {
public:
    /// Goes on from `moment` with `content` at its place. Throws Failure::Own.
    Twin(const Moment& moment, const std::string& content, machine::StopRequest& stop);
    Twin(const Twin&) = delete;
    Twin& operator=(const Twin&) = delete;

    /// Runs until so many instructions have retired since the first machine was made, or to its
    /// end.
    void run_to(u64 instructions);
    /// The same, but not beyond the next entry to user mode.
    void run_to_user_entry(u64 instructions);

    [[nodiscard]] bool ended() const { return ended_; }
    [[nodiscard]] u64 instructions() const { return machine_->counters().total_instructions(); }
    [[nodiscard]] const sim::machine::Machine& machine() const { return *machine_; }

    TimingLog log;

private:
    machine::CapturedStreams streams_{{}};
    machine::GuestSession session_{streams_};
    machine::SerialLines lines_;
    std::unique_ptr<sim::machine::Machine> machine_;
    bool ended_ = false;
};

/// Bytes of which each differs from that of `content` in every bit, or, where that would be 0, in
/// all but one: 0 says nothing in the attacks' channel.
[[nodiscard]] std::string other_content(const std::string& content);
/// `content`, with 1 for 0.
[[nodiscard]] std::string without_zeroes(std::string content);

}  // namespace ringfence::lab::relational

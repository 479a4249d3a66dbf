// SPDX-License-Identifier: MIT
// What a guest did last. Nobody writes that down while it runs, which would cost every run: the run
// is repeated, and only its end is traced.
#pragma once

#include <string>
#include <vector>

#include "lab/boot/boot_machine.h"
#include "lab/terminal/input_feed.h"

namespace ringfence::lab::boot {

/// Remembers what it passes on.
class RecordingFeed final : public terminal::InputFeed {
public:
    explicit RecordingFeed(terminal::InputFeed& feed) : feed_(feed) {}

    State read(std::string& bytes) override {
        const usize before = bytes.size();
        const State state = feed_.read(bytes);
        all_.append(bytes, before);
        return state;
    }
    [[nodiscard]] bool is_terminal() const override { return feed_.is_terminal(); }
    std::chrono::nanoseconds wait(std::chrono::nanoseconds time) override {
        return feed_.wait(time);
    }
    [[nodiscard]] const std::string& all() const { return all_; }

private:
    terminal::InputFeed& feed_;
    std::string all_;
};

/// The last instructions, as many as are asked for, and the events between them, before where the
/// guest of `result` failed: as lines of a trace (sim/observe/tracer.h). None if the run came out
/// otherwise this time, because what was typed came when it came, or a stop was requested.
[[nodiscard]] std::vector<std::string> last_instructions(const BootRequest& request,
                                                         const BootResult& result,
                                                         const std::string& input,
                                                         machine::StopRequest& stop);

/// The next instructions of a machine that is in a loop.
[[nodiscard]] std::vector<std::string> next_instructions(const BootRequest& request,
                                                         sim::machine::Machine& machine);

}  // namespace ringfence::lab::boot

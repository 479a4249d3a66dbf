// SPDX-License-Identifier: MIT
#include "lab/boot/last_instructions.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "lab/boot/console_input.h"
#include "lab/boot/job_source.h"
#include "lab/boot/make_machine.h"
#include "lab/error.h"
#include "sim/observe/tracer.h"

namespace ringfence::lab::boot {

using sim::machine::Machine;
using Reason = sim::machine::MachineEnd::Reason;

namespace {

/// All of the input at once, then its end.
class KnownFeed final : public terminal::InputFeed {
public:
    explicit KnownFeed(std::string_view all) : left_(all) {}

    State read(std::string& bytes) override {
        if (left_.empty()) {
            return State::Ended;
        }
        bytes += left_;
        left_ = {};
        return State::Given;
    }
    [[nodiscard]] bool is_terminal() const override { return false; }
    std::chrono::nanoseconds wait(std::chrono::nanoseconds time) override { return time; }

private:
    std::string_view left_;
};

/// The guest's output was seen before.
class SilentOutput final : public sim::memory::ByteSink {
public:
    explicit SilentOutput(ConsoleInput& input) : input_(input) {}
    void put(u8 /*byte*/) override { input_.output_seen(); }

private:
    ConsoleInput& input_;
};

/// A stream into memory.
class TextStream {
public:
    TextStream() : stream_(open_memstream(&text_, &size_)) {
        if (stream_ == nullptr) {
            fail(Failure::Own, "no memory for the last instructions");
        }
    }
    TextStream(const TextStream&) = delete;
    TextStream& operator=(const TextStream&) = delete;
    ~TextStream() {
        std::fclose(stream_);
        std::free(text_);
    }

    [[nodiscard]] std::FILE* stream() const { return stream_; }
    [[nodiscard]] std::vector<std::string> lines() const {
        std::fflush(stream_);
        std::vector<std::string> lines;
        const std::string_view text(text_, size_);
        for (usize at = 0; at < text.size();) {
            const usize end = text.find('\n', at);
            lines.emplace_back(text.substr(at, end - at));
            at = end + 1;
        }
        return lines;
    }

private:
    char* text_ = nullptr;
    usize size_ = 0;
    std::FILE* stream_;
};

}  // namespace

std::vector<std::string> last_instructions(const BootRequest& request, const BootResult& result,
                                           const std::string& input, machine::StopRequest& stop) {
    const FailurePoint& failed = result.failed;
    KnownFeed feed(input);
    ConsoleInput console(feed, stop, request.cpu.clock_hz());
    SilentOutput output(console);
    JobSource job(request.program);
    const auto machine = make_machine(request, {.stop = &stop.flag(),
                                                .console = {.sink = &output, .source = &console},
                                                .channel = &job,
                                                .idle_host = &console});
    const u64 first = failed.instructions - std::min(failed.instructions, request.last_count);
    const bool is_on_the_way = machine->run_to(first).reason == Reason::InstructionLimit;
    TextStream text;
    sim::observe::Tracer tracer(text.stream(), request.symbols(), first);
    machine->observe(tracer);
    // The instruction at the point itself may raise what ends the machine.
    const auto end = machine->run_to(failed.instructions + (failed.is_end ? 1 : 0));
    const bool is_the_same = end.rip == failed.rip &&
                             machine->counters().total_instructions() == failed.instructions &&
                             (!failed.is_end || end.reason == result.end.reason);
    return is_on_the_way && is_the_same ? text.lines() : std::vector<std::string>{};
}

std::vector<std::string> next_instructions(const BootRequest& request, Machine& machine) {
    const u64 done = machine.counters().total_instructions();
    TextStream text;
    sim::observe::Tracer tracer(text.stream(), request.symbols(), done);
    machine.observe(tracer);
    static_cast<void>(machine.run_to(done + request.last_count));
    std::vector<std::string> lines = text.lines();
    // Where no instruction completes there are exceptions alone, and thousands of them.
    lines.resize(std::min<usize>(lines.size(), request.last_count));
    return lines;
}

}  // namespace ringfence::lab::boot

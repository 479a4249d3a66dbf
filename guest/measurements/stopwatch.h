// SPDX-License-Identifier: MIT
// Runs code between two readings of the time-stamp counter.
#pragma once

#include "guest/measurements/code.h"
#include "guest/measurements/snippets.h"
#include "guest/measurements/workbench.h"

namespace ringfence::measurements {

/// u64 function(void* data, u64 iterations): the cycles that a loop took.
class TimedLoop {
public:
    /// Writes a loop whose body `write(code)` appends; `prepare` runs before it, within the time.
    /// At its beginning RDI is the data pointer, RBX and R8 to R13 are 1, RAX, RCX, RDX, RSI and
    /// RBP are 0, and all older instructions have completed.
    template <typename Write>
    TimedLoop(Code& code, std::span<const u8> prepare, Write write)
        : TimedLoop(code, prepare, write, [](Code&) {}) {}
    /// `after(code)` appends what runs once after the loop.
    template <typename Write, typename WriteAfter>
    TimedLoop(Code& code, std::span<const u8> prepare, Write write, WriteAfter after)
        : start_(code.here()) {
        code.add(snippet("frame.enter"));
        code.add(prepare);
        u8* const top = code.here();
        write(code);
        code.add(snippet("frame.count"));
        code.jump_if_not_zero_to(top);
        after(code);
        code.add(snippet("frame.leave"));
    }

    /// No loop: what `write(code)` appends runs once whatever the number of iterations.
    template <typename Write>
    static TimedLoop once(Code& code, Write write) {
        const TimedLoop loop(code.here());
        code.add(snippet("frame.enter"));
        write(code);
        code.add(snippet("frame.leave"));
        return loop;
    }
    /// One that was written otherwise, with the same beginning and end.
    explicit TimedLoop(const u8* start) : start_(start) {}

    /// Runs it once.
    u64 run_once(void* data, u64 iterations) const;
    /// Runs it until caches and predictors know it, then takes the fewest cycles of a few more
    /// runs: an interrupt may have come in one.
    [[nodiscard]] u64 run(void* data, u64 iterations) const;

private:
    const u8* start_;
};

/// What one more copy of `body` costs: twice as many copies in the loop, less as many as that.
Thousandths cycles_per_copy(Workbench& bench, std::span<const u8> prepare, std::span<const u8> body,
                            u64 copies);

/// Changes nothing that instructions could be waiting for.
[[nodiscard]] inline std::span<const u8> nothing() {
    return {};
}

}  // namespace ringfence::measurements

// SPDX-License-Identifier: MIT
// Notices instructions whose results depend on how long others took.
#pragma once

#include <span>

#include "base/types.h"
#include "sim/observe/observer.h"

namespace ringfence::fuzz {

class TimeReads final : public sim::observe::Observer {
public:
    void forget() { seen_ = false; }
    [[nodiscard]] bool seen() const { return seen_; }

    [[nodiscard]] bool wants_instructions() const override { return true; }
    void instruction(const sim::observe::Executed& event) override {
        seen_ = seen_ || reads_time(event.bytes);
    }
    /// RDTSC, RDTSCP, RDMSR (of a counter), RDPMC, and XBEGIN: whether a transaction commits
    /// depends on what the caches hold.
    static bool reads_time(std::span<const u8> instruction);

private:
    bool seen_ = false;
};

}  // namespace ringfence::fuzz

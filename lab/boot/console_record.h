// SPDX-License-Identifier: MIT
// What a guest's console said: all of it as a digest, the end of it as text.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/types.h"
#include "lab/report/sha256.h"
#include "sim/state/forward.h"

namespace ringfence::lab::boot {

/// What of a console a later run must know to judge its end: the line that has begun, and what was
/// said that matters.
struct ConsoleTail {
    std::string line;   ///< the rest of a very long one is not kept
    std::string panic;  ///< the reason that the first panic of a Linux gave
    bool says_halted = false;

    void visit_state(sim::state::Visitor& visitor);
};

class ConsoleRecord {
public:
    ConsoleRecord() = default;
    /// Goes on behind `tail`; digest and number of bytes begin anew.
    explicit ConsoleRecord(ConsoleTail tail) : tail_(std::move(tail)) {}

    void add(std::string_view bytes);

    [[nodiscard]] const ConsoleTail& tail() const { return tail_; }

    [[nodiscard]] std::string sha256() const { return sum_.digest(); }
    [[nodiscard]] u64 bytes() const { return bytes_; }
    /// The reason that the first panic of a Linux gave; empty if there was none.
    [[nodiscard]] const std::string& panic() const { return tail_.panic; }
    /// Whether the last complete line is what Linux says when it stops the processor for good.
    [[nodiscard]] bool says_halted() const { return tail_.says_halted; }

private:
    void end_line();

    report::Sha256 sum_;
    u64 bytes_ = 0;
    ConsoleTail tail_;
};

}  // namespace ringfence::lab::boot

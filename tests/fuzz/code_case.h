// SPDX-License-Identifier: MIT
// A fuzzer's bytes as code and the state in which it begins.
#pragma once

#include <array>
#include <span>

#include "tests/fuzz/input.h"
#include "tests/fuzz/small_machine.h"

namespace ringfence::fuzz {

class CodeCase {
public:
    /// The first bytes choose mode, flags and registers; the rest is code.
    static CodeCase of(Input& input);

    /// Begins, and leaves the machine right before the first instruction.
    void put_into(SmallMachine& machine) const;
    /// Of the code.
    [[nodiscard]] u64 checksum() const;
    [[nodiscard]] const SmallMachine::Start& start() const { return start_; }

private:
    static constexpr unsigned register_count = 16;

    SmallMachine::Start start_;
    u64 cr4_ = 0;     ///< bits to set, as far as the mode has them
    u64 rflags_ = 0;  ///< bits to set
    u64 dr7_ = 0;
    u64 breakpoint_ = 0;
    std::array<u64, register_count> registers_{};
    std::span<const u8> code_;
};

}  // namespace ringfence::fuzz

// SPDX-License-Identifier: MIT
// Where in a run a snapshot is taken.
#pragma once

#include <functional>
#include <string>

#include "abi/ports.h"
#include "lab/boot/until.h"

namespace ringfence::lab::boot {

struct SavePoint {
    enum class Kind {
        Input,         ///< when the guest first asks for console input
        Instructions,  ///< when `instructions` more have retired
        Until,         ///< where `until` says
    };
    Kind kind = Kind::Input;
    u64 instructions = 0;
    Until until{};

    static SavePoint at(Until until) { return {.kind = Kind::Until, .until = std::move(until)}; }
    static SavePoint at(abi::ProgramMark mark) {
        return at(Until{.marks = {static_cast<u32>(mark)}});
    }
    /// "INPUT", a number of instructions, or a word of --until. Throws Failure::Usage for anything
    /// else.
    static SavePoint parse(const std::string& typed,
                           const std::function<const sim::observe::SymbolTable&()>& symbols);

    bool operator==(const SavePoint&) const = default;
};

}  // namespace ringfence::lab::boot

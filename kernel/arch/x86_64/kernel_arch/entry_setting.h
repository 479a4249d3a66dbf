// SPDX-License-Identifier: MIT
// What must be selected before a program runs: the entry and exit paths of its design, and its LDT
// if it has one. One word, so that a switch between programs compares nothing more for LDTs.
#pragma once

#include "base/types.h"
#include "kernel_arch/design.h"

namespace ringfence::kernel::arch {

class Ldt;

class EntrySetting {
public:
    /// `ldt` may be null.
    EntrySetting(Design design, const Ldt* ldt)
        : word_(reinterpret_cast<u64>(ldt) | static_cast<u64>(design)) {}

    [[nodiscard]] Design design() const { return static_cast<Design>(word_ & design_bit); }
    [[nodiscard]] const Ldt* ldt() const {
        return reinterpret_cast<const Ldt*>(word_ & ~design_bit);
    }
    bool operator==(const EntrySetting&) const = default;

private:
    static constexpr u64 design_bit = 1;  // no LDT object lies at an odd address

    u64 word_;
};

}  // namespace ringfence::kernel::arch

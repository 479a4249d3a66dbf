// SPDX-License-Identifier: MIT
// The memory type range registers of one processor.
#pragma once

#include <array>
#include <optional>

#include "arch/x86/mtrr.h"
#include "base/address.h"
#include "sim/state/forward.h"

namespace ringfence::sim::cpu {

/// They are kept and checked as a processor does it. What they say has no effect on accesses: all
/// RAM is cached, devices are not, and in what order others would see stores nobody can tell.
/// [intel/vol3]: 12.11
class MemoryTypeRanges {
public:
    /// What a processor has of them.
    struct Shape {
        unsigned ranges = 0;  ///< at most `most_ranges`; 0: it has no such registers
        unsigned physical_address_bits = 0;
    };
    static constexpr unsigned most_ranges = 10;

    /// Nothing: the processor has no such register.
    [[nodiscard]] std::optional<u64> read(arch::x86::Msr msr, const Shape& shape) const;
    /// False: it has none, or the value is refused.
    [[nodiscard]] bool write(arch::x86::Msr msr, u64 value, const Shape& shape);

    /// As a PC's firmware leaves them: all memory is cached but what devices have, in the first
    /// mebibyte and from `devices` up to 4 GiB.
    void set_up(PhysicalAddress devices, const Shape& shape);

    void visit_state(state::Visitor& visitor);

private:
    struct Place {
        unsigned range;
        bool is_mask;
    };
    [[nodiscard]] static std::optional<Place> place_of(arch::x86::Msr msr, const Shape& shape);

    u64 default_type_ = 0;
    std::array<u64, arch::x86::fixed_mtrr_count> fixed_{};
    std::array<u64, most_ranges> bases_{};
    std::array<u64, most_ranges> masks_{};
};

}  // namespace ringfence::sim::cpu

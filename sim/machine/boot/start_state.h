// SPDX-License-Identifier: MIT
// The processor at a kernel's first instruction: all that boot protocols differ in.
#pragma once

#include <vector>

#include "base/address.h"
#include "sim/cpu/cpu.h"

namespace ringfence::sim::machine::boot {

/// Segments are flat and interrupts are off. What is not named here is as after a reset.
struct StartState {
    enum class Mode : u8 {
        Protected32,  ///< paging off
        Long64,       ///< by the page tables at `root`
    };
    struct RegisterValue {
        cpu::Gpr which;
        u64 value;
    };

    Mode mode = Mode::Protected32;
    PhysicalAddress entry{0};
    u16 code_selector = 0;
    u16 data_selector = 0;
    std::vector<RegisterValue> registers{};  ///< the others are 0
    PhysicalAddress root{0};                 ///< Long64: a 4-level table
    /// A table that has the selectors' descriptors, for protocols that promise one; else empty.
    PhysicalAddress descriptor_table{0};
    u16 descriptor_table_bytes = 0;
};

/// Puts a processor that was just made into that state.
void start(cpu::Cpu& cpu, const StartState& state);

}  // namespace ringfence::sim::machine::boot

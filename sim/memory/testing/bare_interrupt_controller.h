// SPDX-License-Identifier: MIT
// An interrupt controller without registers, for tests to add to what they care about.
#pragma once

#include "sim/memory/port_bus.h"

namespace ringfence::sim::memory {

class BareInterruptController : public InterruptController {
public:
    u8 priority_class = 0;
    unsigned time_stamp_moves = 0;

    [[nodiscard]] u8 task_priority_class() const override { return priority_class; }
    void set_task_priority_class(u8 value) override { priority_class = value; }
    std::optional<u64> read_register(u32 /*msr*/) override { return std::nullopt; }
    bool write_register(u32 /*msr*/, u64 /*value*/) override { return false; }
    void time_stamp_moved() override { ++time_stamp_moves; }
};

}  // namespace ringfence::sim::memory

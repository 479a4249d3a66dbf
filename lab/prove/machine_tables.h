// SPDX-License-Identifier: MIT
// A machine's memory as the auditor reads tables.
#pragma once

#include "audit/table_memory.h"
#include "sim/machine/debug_view.h"

namespace ringfence::lab::prove {

class MachineTables final : public audit::TableMemory {
public:
    explicit MachineTables(sim::machine::DebugView view) : view_(view) {}

    [[nodiscard]] u64 read(PhysicalAddress address) const override {
        u64 word = 0;
        return view_.read(address, {reinterpret_cast<u8*>(&word), sizeof word}) ? word : 0;
    }
    [[nodiscard]] bool holds(PhysicalAddress address) const override {
        u64 word = 0;
        return view_.read(address, {reinterpret_cast<u8*>(&word), sizeof word});
    }
    void watch(PhysicalAddress page) override { view_.watch_stores(page); }
    void unwatch(PhysicalAddress page) override { view_.unwatch_stores(page); }

private:
    sim::machine::DebugView view_;
};

}  // namespace ringfence::lab::prove

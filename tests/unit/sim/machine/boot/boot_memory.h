// SPDX-License-Identifier: MIT
// What the tests of all loaders need.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "sim/machine/boot/protocols.h"
#include "sim/memory/physical_memory.h"

namespace ringfence::sim::machine::boot::testing {

inline memory::PhysicalMemory make_memory(u64 bytes = 16 * mib) {
    auto memory = memory::PhysicalMemory::create(bytes);
    EXPECT_TRUE(memory.ok());
    return std::move(memory).value();
}

/// The NUL-terminated string at a guest address.
inline std::string text_at(const memory::PhysicalMemory& memory, u64 address) {
    return reinterpret_cast<const char*>(memory.host(PhysicalAddress{address}));
}

/// The value that a register starts with.
inline u64 register_of(const StartState& state, cpu::Gpr which) {
    for (const StartState::RegisterValue& value : state.registers) {
        if (value.which == which) {
            return value.value;
        }
    }
    return 0;
}

/// Why the source cannot be loaded; empty (and a failure of the test) if it can.
inline std::string load_error(const Source& source, u64 ram_bytes = 16 * mib) {
    auto memory = make_memory(ram_bytes);
    const auto loaded = load(memory, source);
    EXPECT_FALSE(loaded.ok());
    return loaded.ok() ? "" : loaded.error();
}

}  // namespace ringfence::sim::machine::boot::testing

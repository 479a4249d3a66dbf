// SPDX-License-Identifier: MIT
// Running a few bytes of code in the processor tests' guest.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include "arch/x86/exception_vector.h"
#include "tests/unit/sim/cpu/guest.h"

namespace ringfence::sim {

constexpr u8 vector_of(cpu::ExceptionVector vector) {
    return static_cast<u8>(vector);
}
constexpr u8 invalid_opcode = vector_of(cpu::ExceptionVector::InvalidOpcode);
constexpr u8 general_protection = vector_of(cpu::ExceptionVector::GeneralProtection);
constexpr u8 page_fault = vector_of(cpu::ExceptionVector::PageFault);
constexpr u64 non_canonical = 0x8000'0000'0000'0000;

/// Runs `code` from Guest::code at `cpl` until something halts.
inline void execute(Guest& guest, const std::vector<u8>& code, unsigned cpl = 0) {
    guest.load(code);
    guest.start(Guest::code, cpl);
    ASSERT_EQ(guest.run(), cpu::StopReason::Halted);
}

/// The vector of the trap that ended the program; nothing if its own HLT did.
inline std::optional<u8> vector_after(Guest& guest, const std::vector<u8>& code, unsigned cpl = 0) {
    execute(guest, code, cpl);
    const auto trap = guest.trap();
    return trap ? std::optional{trap->vector} : std::nullopt;
}

}  // namespace ringfence::sim

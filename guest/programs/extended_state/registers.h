// SPDX-License-Identifier: MIT
// The registers of x87, SSE and, where the processor and the system have it, AVX: filled with known
// values while something happens, and looked at afterwards.
#pragma once

#include <cstdint>

struct Registers {
    std::uint16_t control_word = 0x37f;
    std::uint16_t tags = 0;  ///< all registers of the x87 are valid; out only
    std::uint32_t mxcsr = 0x1f80;
    std::uint64_t unused = 0;
    unsigned char x87[8][16] = {};   ///< ST(0) to ST(7), 10 bytes of each
    unsigned char ymm[16][32] = {};  ///< without AVX the upper halves stay zero
};
constexpr std::uint32_t initial_mxcsr = 0x1f80;
constexpr std::uint16_t initial_control_word = 0x37f;

/// XCR0, or 0 without OSXSAVE.
std::uint64_t enabled_components();
bool has_xsave();
bool has_avx();

/// Values of all registers that differ between seeds; seed 0 has SSE and AVX in their initial
/// state.
Registers registers_of(unsigned seed);

/// What is told apart when registers are compared.
struct Parts {
    bool x87 = false;
    bool xmm = false;
    bool mxcsr = false;
    bool upper = false;  ///< of YMM; as `xmm` without AVX

    bool operator==(const Parts&) const = default;
};
constexpr Parts all_parts{true, true, true, true};
constexpr Parts no_parts{};

/// The parts of `found` that are as in `wanted`, and those that are in their initial state.
Parts equal_parts(const Registers& found, const Registers& wanted);
Parts initial_parts(const Registers& found);

/// Makes a system call with `in` in the registers, and gives them as they are afterwards. The
/// result as the kernel gives it.
long call_holding(const Registers& in, Registers& out, long number, long first = 0, long second = 0,
                  long third = 0);
/// Counts down from `rounds` instead.
void spin_holding(const Registers& in, Registers& out, long rounds);
/// Overwrites all registers.
void clobber_registers();

/// As XSAVE wrote it before the first instruction of the C library, or FXSAVE.
extern "C" const unsigned char registers_at_start[4096];

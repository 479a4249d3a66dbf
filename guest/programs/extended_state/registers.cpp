// SPDX-License-Identifier: MIT
#include "guest/programs/extended_state/registers.h"

#include <cstring>

#include <cpuid.h>

extern "C" {
long hold_sse(const Registers* in, Registers* out, long* call);
long hold_avx(const Registers* in, Registers* out, long* call);
}

namespace {

constexpr std::size_t x87_bytes = 10;
constexpr std::size_t xmm_bytes = 16;

std::uint64_t find_components() {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    __get_cpuid(1, &eax, &ebx, &ecx, &edx);
    if ((ecx & bit_OSXSAVE) == 0) {
        return 0;
    }
    asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return std::uint64_t{edx} << 32 | eax;
}

constexpr std::uint16_t all_empty = 0xffff;

/// A normal number, of which every byte of the significand counts.
void put_number(unsigned char (&bytes)[16], unsigned seed, unsigned index) {
    for (unsigned i = 0; i < 8; ++i) {
        bytes[i] = static_cast<unsigned char>(seed * 29 + index * 8 + i);
    }
    bytes[7] |= 0x80;
    bytes[8] = static_cast<unsigned char>(seed + index);
    bytes[9] = 0x40;
}

}  // namespace

std::uint64_t enabled_components() {
    static const std::uint64_t components = find_components();
    return components;
}

bool has_xsave() {
    return enabled_components() != 0;
}

bool has_avx() {
    constexpr std::uint64_t sse_and_avx = 6;
    return (enabled_components() & sse_and_avx) == sse_and_avx;
}

Registers registers_of(unsigned seed) {
    Registers registers;
    constexpr std::uint16_t round_control_word = 0x0c00;
    constexpr std::uint32_t round_mxcsr = 0x6000;
    for (unsigned i = 0; i < 8; ++i) {
        put_number(registers.x87[i], seed, i);
    }
    if (seed == 0) {
        return registers;
    }
    registers.control_word = seed % 2 == 0 ? 0x37f : 0x37f | round_control_word;
    registers.mxcsr = seed % 3 == 0 ? initial_mxcsr : initial_mxcsr | round_mxcsr;
    for (unsigned i = 0; i < 16; ++i) {
        for (unsigned byte = 0; byte < (has_avx() ? 32 : xmm_bytes); ++byte) {
            registers.ymm[i][byte] = static_cast<unsigned char>(seed * 37 + i * 16 + byte);
        }
    }
    return registers;
}

Parts equal_parts(const Registers& found, const Registers& wanted) {
    Parts parts{.x87 = found.control_word == wanted.control_word && found.tags == wanted.tags,
                .xmm = true,
                .mxcsr = found.mxcsr == wanted.mxcsr,
                .upper = true};
    for (unsigned i = 0; i < 8; ++i) {
        parts.x87 = parts.x87 && (wanted.tags == all_empty ||
                                  std::memcmp(found.x87[i], wanted.x87[i], x87_bytes) == 0);
    }
    for (unsigned i = 0; i < 16; ++i) {
        const auto same = [&](std::size_t from) {
            return std::memcmp(found.ymm[i] + from, wanted.ymm[i] + from, xmm_bytes) == 0;
        };
        parts.xmm = parts.xmm && same(0);
        parts.upper = parts.upper && same(has_avx() ? xmm_bytes : 0);
    }
    return parts;
}

Parts initial_parts(const Registers& found) {
    Registers initial;
    initial.tags = all_empty;
    return equal_parts(found, initial);
}

long call_holding(const Registers& in, Registers& out, long number, long first, long second,
                  long third) {
    long call[] = {number, first, second, third};
    return (has_avx() ? hold_avx : hold_sse)(&in, &out, call);
}

void spin_holding(const Registers& in, Registers& out, long rounds) {
    constexpr long no_call = -1;
    call_holding(in, out, no_call, rounds);
}

void clobber_registers() {
    const Registers other = registers_of(99);
    Registers nobody_looks;
    spin_holding(other, nobody_looks, 1);
}

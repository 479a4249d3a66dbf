// SPDX-License-Identifier: MIT
#include <bit>

#include "tests/differential/test_case.h"

namespace ringfence::differential {

namespace {

using sim::cpu::Float80;
using sim::cpu::Xmm;

u32 interesting_single(Random& random) {
    constexpr u32 edges[] = {0,           0x8000'0000, 1,           0x8000'0001, 0x007f'ffff,
                             0x0080'0000, 0x0080'0001, 0x3f80'0000, 0xbf80'0000, 0x7f7f'ffff,
                             0xff7f'ffff, 0x7f80'0000, 0xff80'0000, 0x7fc0'0000, 0xffc1'2345,
                             0x7f80'0001, 0xffa0'0000, 0x4f00'0000, 0xcf00'0000, 0x5f00'0000,
                             0xdf00'0000, 0x3f00'0000, 0x3fc0'0000, 0xc020'0000, 0x4b7f'ffff,
                             0x3f7f'ffff, 0x3300'0000, 0x1f80'0000, 0x5f80'0000};
    const u32 bits = static_cast<u32>(random.next());
    if (random.chance(45)) {
        return random.pick(edges);
    }
    // Exponents near each other make sums cancel and round.
    return random.chance(70) ? (bits & 0x807f'ffff) | static_cast<u32>(120 + random.below(16)) << 23
                             : bits;
}

u64 interesting_double(Random& random) {
    constexpr u64 edges[] = {0,
                             0x8000'0000'0000'0000,
                             1,
                             0x8000'0000'0000'0001,
                             0x000f'ffff'ffff'ffff,
                             0x0010'0000'0000'0000,
                             0x0010'0000'0000'0001,
                             0x3ff0'0000'0000'0000,
                             0xbff0'0000'0000'0000,
                             0x7fef'ffff'ffff'ffff,
                             0x7ff0'0000'0000'0000,
                             0xfff0'0000'0000'0000,
                             0x7ff8'0000'0000'0000,
                             0xfff8'1234'5678'9abc,
                             0x7ff0'0000'0000'0001,
                             0xfff4'0000'0000'0000,
                             0x41e0'0000'0000'0000,
                             0xc1e0'0000'0000'0000,
                             0x41df'ffff'ffe0'0000,
                             0x43e0'0000'0000'0000,
                             0xc3e0'0000'0000'0000,
                             0x3fe0'0000'0000'0000,
                             0xbff8'0000'0000'0000,
                             0x380f'ffff'f000'0000,
                             0x36a0'0000'0000'0000,
                             0x47ef'ffff'efff'ffff,
                             0x3810'0000'0000'0000,
                             0x1ff0'0000'0000'0000,
                             0x3c90'0000'0000'0000};
    const u64 bits = random.next();
    if (random.chance(45)) {
        return random.pick(edges);
    }
    return random.chance(70) ? (bits & 0x800f'ffff'ffff'ffff) | (1015 + random.below(20)) << 52
                             : bits;
}

template <typename T, typename F>
Xmm of_lanes(F&& lane) {
    std::array<T, 16 / sizeof(T)> values;
    for (T& value : values) {
        value = lane();
    }
    return std::bit_cast<Xmm>(values);
}

sim::cpu::FxsaveImage::Register to_register(const Float80& value) {
    return {value.significand, value.sign_exponent, {}};
}

u8 interesting_valid(Random& random) {
    const u64 kind = random.below(10);
    if (kind < 3) {
        return 0xff;
    }
    return kind < 4 ? u8{0} : static_cast<u8>(random.next() | random.next());
}

void randomize_x87(Random& random, ProcessorState& state) {
    const bool masked = random.chance(70);
    const u64 bits = random.next();
    const unsigned masks = masked ? 0x3f : static_cast<unsigned>(bits & 0x3f);
    const unsigned precision = random.chance(60) ? 3 : static_cast<unsigned>(bits >> 6 & 3);
    const unsigned rounding = static_cast<unsigned>(bits >> 8 & 3);
    state.fpu.control =
        static_cast<u16>(0x40 | masks | (precision == 1 ? 3 : precision) << 8 | rounding << 10);
    // A pending error would make nearly every instruction report it: keep that rare.
    const unsigned flags = static_cast<unsigned>(bits >> 10 & 0x3f);
    const unsigned visible = random.chance(92) ? flags & masks : flags;
    const unsigned conditions = static_cast<unsigned>(bits >> 16 & 0x4700);
    const unsigned top = static_cast<unsigned>(bits >> 40 & 7);
    const bool pending = (visible & ~masks) != 0;
    state.fpu.status = static_cast<u16>(visible | conditions | top << 11 | (pending ? 0x8080 : 0));
    state.fpu.valid = interesting_valid(random);
    for (auto& value : state.fpu.st) {
        value = to_register(interesting_float80(random));
    }
}

u32 interesting_mxcsr(Random& random) {
    const u64 bits = random.next();
    const u32 masks = random.chance(75) ? 0x1f80 : static_cast<u32>(bits & 0x1f80);
    const u32 rounding = random.chance(50) ? 0 : static_cast<u32>(bits & 0x6000);
    const u32 zeros = random.chance(60) ? 0 : static_cast<u32>(bits & 0x8040);
    const u32 flags = static_cast<u32>(bits >> 20 & 0x3f);
    return masks | rounding | zeros | flags;
}

}  // namespace

u64 interesting_word(Random& random) {
    const u64 bits = random.next();
    switch (random.below(8)) {
        case 0:
            return bits % 17;
        case 1:
            return u64{1} << bits % 64;
        case 2:
            return (u64{1} << bits % 64) - 1;
        case 3:
            return 0 - bits % 17;
        case 4:
            return bits & 0xffff'ffff;
        case 5:
            return interesting_double(random);
        default:
            return bits;
    }
}

Xmm interesting_vector(Random& random) {
    switch (random.below(8)) {
        case 0:
        case 1:
            return of_lanes<u32>([&] { return interesting_single(random); });
        case 2:
        case 3:
        case 4:
            return of_lanes<u64>([&] { return interesting_double(random); });
        case 5:
            return of_lanes<u8>([&] { return static_cast<u8>(random.below(5)); });
        case 6:
            return of_lanes<u16>([&] {
                constexpr u16 edges[] = {0, 1, 0x7fff, 0x8000, 0xffff, 0xff, 0x100, 0x8001};
                return random.pick(edges);
            });
        default:
            return of_lanes<u64>([&] { return random.next(); });
    }
}

Float80 interesting_float80(Random& random) {
    constexpr u64 top = u64{1} << 63;
    constexpr u64 significands[] = {
        0,           1,           top,        top | 1,       top | top >> 1,
        ~u64{0},     top - 1,     top >> 1,   ~u64{0} << 11, ~u64{0} << 40,
        top | 0x400, top | 0x3ff, top | 0x401};
    constexpr u16 exponents[] = {0,      1,      2,      0x3fff, 0x3ffe, 0x4000, 0x7ffe, 0x7fff,
                                 0x3c00, 0x3c01, 0x43fe, 0x43ff, 0x3f80, 0x3f81, 0x407e, 0x407f,
                                 0x401e, 0x403e, 0x400e, 0x3bcd, 0x3fbf, 0x403f};
    const u64 bits = random.next();
    const u64 significand = random.chance(40) ? random.pick(significands) : random.next() | top;
    const u16 sign = static_cast<u16>(bits & 0x8000);
    if (random.chance(35)) {
        return {significand, static_cast<u16>(sign | random.pick(exponents))};
    }
    if (random.chance(80)) {
        return {significand | top, static_cast<u16>(sign | (0x3fff - 40 + (bits >> 20) % 100))};
    }
    return {significand, static_cast<u16>(bits)};
}

void randomize_registers(Random& random, ProcessorState& state) {
    for (u64& value : state.gpr) {
        value = interesting_word(random);
    }
    constexpr u64 arithmetic_and_direction = 0xcd5;
    state.rflags = (random.next() & arithmetic_and_direction) | 0x202;
    for (Xmm& value : state.fpu.xmm) {
        value = interesting_vector(random);
    }
    for (Xmm& value : state.upper) {
        value = interesting_vector(random);
    }
    state.fpu.mxcsr = interesting_mxcsr(random);
    state.fpu.mxcsr_mask = sim::cpu::mxcsr::writable;
    randomize_x87(random, state);
}

}  // namespace ringfence::differential

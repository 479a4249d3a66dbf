// SPDX-License-Identifier: MIT
// The x87's packed decimal integers: 18 digits and a sign. [intel/vol1]: 4.7
#pragma once

#include <array>

#include "sim/isa/x86/fpu_soft_float.h"

namespace ringfence::sim::isa::x86::x87 {

/// Two digits a byte, the lowest first; bit 7 of the last byte is the sign.
struct DecimalImage {
    std::array<u8, 9> digits;
    u8 sign;
};
static_assert(sizeof(DecimalImage) == 10);

inline constexpr DecimalImage decimal_indefinite = {{0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff}, 0xff};

/// The digits as a number; what a digit above 9 means is undefined, and here it counts as it is.
i64 magnitude_of(const DecimalImage& image);
inline bool is_negative(const DecimalImage& image) {
    return (image.sign & 0x80) != 0;
}
/// `value` rounded to an integer; invalid and the indefinite if it has more than 18 digits.
DecimalImage to_decimal(soft_float::Environment& environment, const soft_float::Unpacked& value);

}  // namespace ringfence::sim::isa::x86::x87

// SPDX-License-Identifier: MIT
#include "sim/isa/x86/x87_decimal.h"

#include <cstdlib>

namespace ringfence::sim::isa::x86::x87 {

namespace {

using LowDigit = Bitfield<0, 4, u8>;
using HighDigit = Bitfield<4, 4, u8>;
constexpr i64 limit = 1'000'000'000'000'000'000;

}  // namespace

i64 magnitude_of(const DecimalImage& image) {
    i64 magnitude = 0;
    for (usize i = image.digits.size(); i-- != 0;) {
        magnitude =
            magnitude * 100 + HighDigit::get(image.digits[i]) * 10 + LowDigit::get(image.digits[i]);
    }
    return magnitude;
}

DecimalImage to_decimal(soft_float::Environment& environment, const soft_float::Unpacked& value) {
    soft_float::Environment trial = environment;
    const i64 integer = soft_float::to_integer(trial, value, 64, environment.rounding);
    const bool invalid = (trial.raised & soft_float::exception::invalid) != 0;
    if (invalid || integer >= limit || integer <= -limit) {
        environment.raise(soft_float::exception::invalid);
        return decimal_indefinite;
    }
    environment = trial;
    i64 rest = std::abs(integer);
    DecimalImage image{};
    for (u8& byte : image.digits) {
        const auto digits = static_cast<u8>(rest % 100);
        byte = HighDigit::make(static_cast<u8>(digits / 10)) | LowDigit::make(digits % 10);
        rest /= 100;
    }
    image.sign = value.sign ? 0x80 : 0;
    return image;
}

}  // namespace ringfence::sim::isa::x86::x87

// SPDX-License-Identifier: MIT
#include "lab/report/numbers.h"

#include <fmt/format.h>

namespace ringfence::lab::report {

std::string grouped(u64 number) {
    std::string digits = fmt::format("{}", number);
    for (usize at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

std::string grouped_difference(u64 value, u64 base) {
    return value < base ? "-" + grouped(base - value) : "+" + grouped(value - base);
}

}  // namespace ringfence::lab::report

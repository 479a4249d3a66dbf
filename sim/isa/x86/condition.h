// SPDX-License-Identifier: MIT
// The sixteen conditions of Jcc, SETcc and CMOVcc. [intel/vol1]: appendix B
#pragma once

#include <Zydis/Zydis.h>

#include <utility>

#include "sim/cpu/lazy_flags.h"

namespace ringfence::sim::isa::x86 {

/// In encoding order: an odd condition is the negation of the even one before it.
enum class Condition : u8 { O, No, B, Nb, Z, Nz, Be, Nbe, S, Ns, P, Np, L, Nl, Le, Nle };
inline constexpr unsigned condition_count = 16;

template <Condition condition>
RF_ALWAYS_INLINE bool holds(const cpu::LazyFlags& flags) {
    constexpr auto number = static_cast<u8>(condition);
    constexpr auto positive = static_cast<Condition>(number & ~1U);
    constexpr bool negated = (number & 1U) != 0;
    bool value = false;
    if constexpr (positive == Condition::O) {
        value = flags.of();
    } else if constexpr (positive == Condition::B) {
        value = flags.cf();
    } else if constexpr (positive == Condition::Z) {
        value = flags.zf();
    } else if constexpr (positive == Condition::Be) {
        value = flags.cf() || flags.zf();
    } else if constexpr (positive == Condition::S) {
        value = flags.sf();
    } else if constexpr (positive == Condition::P) {
        value = flags.pf();
    } else if constexpr (positive == Condition::L) {
        value = flags.less();
    } else {
        value = flags.zf() || flags.less();
    }
    return value != negated;
}

/// Calls `bind_for.operator()<condition>()` for condition number `number` (0 to 15).
template <typename BindFor>
bool for_condition(unsigned number, BindFor bind_for) {
    bool done = false;
    [&]<std::size_t... n>(std::index_sequence<n...>) {
        ((n == number ? (done = bind_for.template operator()<static_cast<Condition>(n)>(), true)
                      : false) ||
         ...);
    }(std::make_index_sequence<condition_count>{});
    return done;
}

}  // namespace ringfence::sim::isa::x86

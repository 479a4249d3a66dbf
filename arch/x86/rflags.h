// SPDX-License-Identifier: MIT
// RFLAGS: arithmetic results and the state that exceptions and interrupts save.
#pragma once

#include "base/bits.h"

namespace ringfence::arch::x86 {

/// [intel/vol1]: 3.4.3; [intel/vol3]: 2.3
struct Rflags {
    static constexpr Flag<0> cf{};
    static constexpr Flag<1> fixed_one{};
    static constexpr Flag<2> pf{};
    static constexpr Flag<4> af{};
    static constexpr Flag<6> zf{};
    static constexpr Flag<7> sf{};
    static constexpr Flag<8> tf{};         ///< single step
    static constexpr Flag<9> interrupt{};  ///< IF: maskable interrupts are accepted
    static constexpr Flag<10> df{};
    static constexpr Flag<11> of{};
    static constexpr Bitfield<12, 2> iopl{};
    static constexpr Flag<14> nt{};
    static constexpr Flag<16> rf{};
    static constexpr Flag<17> vm{};
    static constexpr Flag<18> ac{};  ///< alignment check at CPL 3; lifts SMAP at CPL 0 to 2
    static constexpr Flag<19> vif{};
    static constexpr Flag<20> vip{};
    static constexpr Flag<21> id{};

    static constexpr u64 status = cf.mask | pf.mask | af.mask | zf.mask | sf.mask | of.mask;
    static constexpr u64 defined = status | fixed_one.mask | tf.mask | interrupt.mask | df.mask |
                                   iopl.mask | nt.mask | rf.mask | vm.mask | ac.mask | vif.mask |
                                   vip.mask | id.mask;
};
static_assert(Rflags::status == 0x8d5);
static_assert(Rflags::defined == 0x3f'7fd7);

}  // namespace ringfence::arch::x86

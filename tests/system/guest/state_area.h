// SPDX-License-Identifier: MIT
// XCR0, and the instructions that save to an area and load from one. `Area` is how a test names its
// parts. [intel/vol1]: chapter 13
#pragma once

#include "base/types.h"

namespace ringfence::system_test {

inline u64 xgetbv(u32 index) {
    u32 low;
    u32 high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
    return low | u64{high} << 32;
}
inline void xsetbv(u32 index, u64 value) {
    asm volatile("xsetbv"
                 :
                 : "c"(index), "a"(static_cast<u32>(value)), "d"(static_cast<u32>(value >> 32)));
}

template <typename Area>
void fill(Area& with, u8 byte) {
    auto* bytes = reinterpret_cast<volatile u8*>(&with);
    for (usize i = 0; i < sizeof(Area); ++i) {
        bytes[i] = byte;
    }
}

#define RF_DEFINE_AREA_INSTRUCTION(name, mnemonic)                    \
    template <typename Area>                                          \
    void name(Area& with, u64 components) {                           \
        asm volatile(mnemonic " (%0)"                                 \
                     :                                                \
                     : "r"(&with), "a"(static_cast<u32>(components)), \
                       "d"(static_cast<u32>(components >> 32))        \
                     : "memory");                                     \
    }
RF_DEFINE_AREA_INSTRUCTION(xsave, "xsave64")
RF_DEFINE_AREA_INSTRUCTION(xsaveopt, "xsaveopt64")
RF_DEFINE_AREA_INSTRUCTION(xsavec, "xsavec64")
RF_DEFINE_AREA_INSTRUCTION(xsaves, "xsaves64")
RF_DEFINE_AREA_INSTRUCTION(xrstor, "xrstor64")
RF_DEFINE_AREA_INSTRUCTION(xrstors, "xrstors64")
#undef RF_DEFINE_AREA_INSTRUCTION

}  // namespace ringfence::system_test

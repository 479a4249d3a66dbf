// SPDX-License-Identifier: MIT
// The time-stamp counter against the 8254's counter 2, which counts 1,193,182 times in a second.
#include "guest/bare_metal/instructions.h"
#include "guest/measurements/supervisor/privileged.h"

namespace ringfence::measurements {

namespace {

constexpr u16 counter_2 = 0x42;
constexpr u16 control = 0x43;
/// Bit 0 lets counter 2 count, bit 5 is its output.
constexpr u16 gate_port = 0x61;
constexpr u8 gate = 0x01;
constexpr u8 output = 0x20;

}  // namespace

/// Mode 0: the output rises when the count has been counted down. [intel/8254]: mode 0
Thousandths clock_hz() {
    constexpr u64 ticks_per_second = 1'193'182;
    constexpr u64 ticks = 10'000;
    constexpr u8 counter_2_both_bytes_mode_0 = 0xb0;
    constexpr u8 byte = 0xff;
    bare_metal::out8(gate_port, gate);
    bare_metal::out8(control, counter_2_both_bytes_mode_0);
    bare_metal::out8(counter_2, ticks & byte);
    bare_metal::out8(counter_2, ticks >> 8U);
    const u64 start = __builtin_ia32_rdtsc();
    while ((bare_metal::in8(gate_port) & output) == 0) {
    }
    return (__builtin_ia32_rdtsc() - start) * ticks_per_second / ticks * thousand;
}

}  // namespace ringfence::measurements

// SPDX-License-Identifier: MIT
#include "guest/bare_metal/serial_line.h"

#include "guest/bare_metal/instructions.h"

extern "C" {
// The compiler may call these.
void* memset(void* to, int value, ringfence::usize count) {
    auto* bytes = static_cast<volatile ringfence::u8*>(to);
    for (ringfence::usize i = 0; i < count; ++i) {
        bytes[i] = static_cast<ringfence::u8>(value);
    }
    return to;
}
void* memcpy(void* to, const void* from, ringfence::usize count) {
    auto* bytes = static_cast<volatile ringfence::u8*>(to);
    const auto* source = static_cast<const ringfence::u8*>(from);
    for (ringfence::usize i = 0; i < count; ++i) {
        bytes[i] = source[i];
    }
    return to;
}
}

namespace ringfence::bare_metal {

void put(char letter) {
    constexpr u16 line_status = 5;
    constexpr u8 transmitter_empty = 0x20;
    while ((in8(abi::kernel_log_port + line_status) & transmitter_empty) == 0) {
    }
    out8(abi::kernel_log_port, static_cast<u8>(letter));
}

void end_machine(abi::MachineExit reason) {
    out32(abi::debug_exit_port, static_cast<u32>(reason));
    for (;;) {
        asm volatile("cli; hlt");
    }
}

}  // namespace ringfence::bare_metal

// SPDX-License-Identifier: MIT
// What local APICs and I/O APICs send each other. [intel/vol3]: 11.6, 11.11.2
#pragma once

#include "arch/x86/apic.h"
#include "base/types.h"

namespace ringfence::sim::devices {

struct InterruptMessage {
    /// The destination that addresses every APIC, physical or logical.
    static constexpr u32 broadcast = ~u32{0};

    u32 destination = 0;
    bool logical = false;  ///< a set of logical names, not an APIC ID
    arch::x86::ApicDeliveryMode mode = arch::x86::ApicDeliveryMode::Fixed;
    u8 vector = 0;
    /// Its end must be told to whoever sent it.
    bool level = false;
};

/// Whether it reaches a processor that takes no maskable interrupts.
constexpr bool is_unmaskable(arch::x86::ApicDeliveryMode mode) {
    return mode == arch::x86::ApicDeliveryMode::Nmi || mode == arch::x86::ApicDeliveryMode::Init;
}

/// The 8-bit destination of an xAPIC command or a redirection entry.
constexpr u32 widened_destination(u32 destination) {
    return destination == arch::x86::xapic_broadcast ? InterruptMessage::broadcast : destination;
}

}  // namespace ringfence::sim::devices

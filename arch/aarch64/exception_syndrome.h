// SPDX-License-Identifier: MIT
// ESR_EL1: why an exception was taken.
#pragma once

#include "base/bits.h"

namespace ringfence::arch::aarch64 {

/// [arm/arm]: ESR_EL1, table "Exception class"
enum class ExceptionClass : u8 {
    Unknown = 0x00,
    WfiOrWfe = 0x01,
    FloatingPointAccess = 0x07,
    IllegalState = 0x0e,
    Svc64 = 0x15,
    SystemRegister = 0x18,
    InstructionAbortLower = 0x20,
    InstructionAbortSame = 0x21,
    PcAlignment = 0x22,
    DataAbortLower = 0x24,
    DataAbortSame = 0x25,
    SpAlignment = 0x26,
    FloatingPoint64 = 0x2c,
    SError = 0x2f,
    BreakpointLower = 0x30,
    SoftwareStepLower = 0x32,
    WatchpointLower = 0x34,
    Brk64 = 0x3c,
};

/// [arm/arm]: ESR_EL1
struct Esr {
    static constexpr Bitfield<0, 25> iss{};
    static constexpr Flag<25> il{};  ///< 32-bit instruction
    static constexpr Bitfield<26, 6> ec{};

    /// ISS of aborts:
    static constexpr Bitfield<0, 6> fault_status{};  ///< IFSC or DFSC
    static constexpr Flag<6> write{};                ///< WnR, data aborts
    static constexpr Flag<7> stage_1_walk{};         ///< S1PTW
    static constexpr Flag<9> external{};
    static constexpr Flag<10> far_not_valid{};

    static constexpr ExceptionClass exception_class(u64 esr) {
        return static_cast<ExceptionClass>(ec.get(esr));
    }
};

/// Kinds of fault in the fault status code; its low bits are the architecture's level (0 is the
/// root): [arm/arm]: ESR_EL1, "Data fault status code"
enum class FaultKind : u8 { AddressSize = 0, Translation = 1, AccessFlag = 2, Permission = 3 };

struct FaultStatus {
    static constexpr Bitfield<0, 2, u8> level{};
    static constexpr Bitfield<2, 4, u8> kind{};
    static constexpr u8 alignment = 0x21;
    static constexpr u8 tlb_conflict = 0x30;

    static constexpr u8 make(FaultKind fault, unsigned at_level) {
        return static_cast<u8>(kind.make(static_cast<u8>(fault)) |
                               level.make(static_cast<u8>(at_level)));
    }
};
static_assert(FaultStatus::make(FaultKind::Translation, 3) == 0b000111);
static_assert(FaultStatus::make(FaultKind::Permission, 2) == 0b001110);

}  // namespace ringfence::arch::aarch64

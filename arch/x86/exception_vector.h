// SPDX-License-Identifier: MIT
// The vectors that the processor itself raises.
#pragma once

#include "base/types.h"

namespace ringfence::arch::x86 {

/// [intel/vol3]: 6.3, table 6-1
enum class ExceptionVector : u8 {
    DivideError = 0,                ///< #DE
    Debug = 1,                      ///< #DB
    NonMaskableInterrupt = 2,       ///< NMI
    Breakpoint = 3,                 ///< #BP
    Overflow = 4,                   ///< #OF
    BoundRange = 5,                 ///< #BR
    InvalidOpcode = 6,              ///< #UD
    DeviceNotAvailable = 7,         ///< #NM
    DoubleFault = 8,                ///< #DF
    CoprocessorSegmentOverrun = 9,  ///< reserved since the 386
    InvalidTss = 10,                ///< #TS
    SegmentNotPresent = 11,         ///< #NP
    StackFault = 12,                ///< #SS
    GeneralProtection = 13,         ///< #GP
    PageFault = 14,                 ///< #PF
    X87FloatingPoint = 16,          ///< #MF
    AlignmentCheck = 17,            ///< #AC
    MachineCheck = 18,              ///< #MC
    SimdFloatingPoint = 19,         ///< #XM
    Virtualization = 20,            ///< #VE
    ControlProtection = 21,         ///< #CP
};

/// Vectors below this are the processor's; devices and INT n have the rest.
inline constexpr u8 first_user_vector = 32;
inline constexpr unsigned vector_count = 256;

/// Whether the exception pushes an error code.
constexpr bool pushes_error_code(ExceptionVector vector) {
    switch (vector) {
        case ExceptionVector::DoubleFault:
        case ExceptionVector::InvalidTss:
        case ExceptionVector::SegmentNotPresent:
        case ExceptionVector::StackFault:
        case ExceptionVector::GeneralProtection:
        case ExceptionVector::PageFault:
        case ExceptionVector::AlignmentCheck:
        case ExceptionVector::ControlProtection:
            return true;
        default:
            return false;
    }
}

/// How two exceptions in a row combine: [intel/vol3]: 6.15, table 6-4
enum class ExceptionClass : u8 { Benign, Contributory, PageFault };

constexpr ExceptionClass exception_class(ExceptionVector vector) {
    switch (vector) {
        case ExceptionVector::DivideError:
        case ExceptionVector::InvalidTss:
        case ExceptionVector::SegmentNotPresent:
        case ExceptionVector::StackFault:
        case ExceptionVector::GeneralProtection:
        case ExceptionVector::ControlProtection:
            return ExceptionClass::Contributory;
        case ExceptionVector::PageFault:
        case ExceptionVector::Virtualization:
            return ExceptionClass::PageFault;
        default:
            return ExceptionClass::Benign;
    }
}

/// Whether an exception of class `second`, raised while one of class `first` is being delivered,
/// becomes a double fault: [intel/vol3]: 6.15, table 6-5
constexpr bool makes_double_fault(ExceptionClass first, ExceptionClass second) {
    return (first == ExceptionClass::Contributory && second == ExceptionClass::Contributory) ||
           (first == ExceptionClass::PageFault && second != ExceptionClass::Benign);
}

}  // namespace ringfence::arch::x86

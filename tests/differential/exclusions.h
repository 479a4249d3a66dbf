// SPDX-License-Identifier: MIT
// What the comparison leaves out, and why. The table itself is exclusions.inc.
#pragma once

#include <Zydis/Zydis.h>

#include <span>
#include <string_view>

#include "base/types.h"

namespace ringfence::differential {

enum class Exclusion : u8 {
    // What is not run:
    Skip,               ///< the instruction
    Opcode,             ///< its encodings whose last opcode byte is `argument`
    OperandSizePrefix,  ///< near branches with prefix 66H (all instructions)
    RepeatPrefix,       ///< its encodings with prefix F2H or F3H
    FarTransfer,        ///< branches to another segment (all instructions)
    SegmentLoad,        ///< loads of segment registers (all instructions)

    // What is not compared:
    Everything,        ///< only that the host survives it
    Flags,             ///< RFLAGS bits in `argument`
    FlagsOnFault,      ///< RFLAGS, if it raised an exception
    VectorResult,      ///< XMM and YMM registers
    VectorOnFault,     ///< XMM and YMM registers, if it raised an exception
    MxcsrOnFault,      ///< MXCSR's flags, if it raised an exception
    X87LastPlace,      ///< ST(i), if it differs by at most `argument` units in the last place
    X87Status,         ///< x87 status word bits in `argument`
    X87OnFault,        ///< x87 state, if it raised an exception
    X87Pointers,       ///< FIP, FDP and FOP while no error is pending (all instructions)
    ConditionOnError,  ///< conditions and flags, if it leaves an x87 error pending
    ErrorBeforeStore,  ///< anything, if one leaves an x87 error pending and the other raised an
                       ///< exception
    NanChoice,         ///< elements of `argument` bits of XMM registers that are NaNs in both
    MxcsrMask,         ///< the image's MXCSR_MASK
    FaultOrder,        ///< which of several exceptions it raised, and for which address
    HostFault,         ///< anything, if it raised an exception on the host only
    MachineFault,      ///< anything, if it raised an exception on the machine only
    UpperHalf,         ///< bits 63:32 of general registers
    ShortAddresses,    ///< bits 63:32 of general registers, with prefix 67H
};

struct ExclusionRow {
    /// ZYDIS_MNEMONIC_INVALID: for all.
    ZydisMnemonic mnemonic;
    Exclusion kind;
    u64 argument;
    std::string_view reason;
};

std::span<const ExclusionRow> exclusions();

/// The `argument`s of all rows of one kind for one instruction, or'ed; 0 if there is none.
u64 excluded(ZydisMnemonic mnemonic, Exclusion kind);
bool is_excluded(ZydisMnemonic mnemonic, Exclusion kind);

}  // namespace ringfence::differential

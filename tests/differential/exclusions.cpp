// SPDX-License-Identifier: MIT
#include "tests/differential/exclusions.h"

#include "sim/cpu/fpu_state.h"

namespace ringfence::differential {

namespace {

namespace status = sim::cpu::x87_status;
constexpr u64 c1 = status::C1::mask;
constexpr u64 conditions =
    status::C0::mask | status::C1::mask | status::C2::mask | status::C3::mask;

constexpr u64 underflow = 0x10 | status::ErrorSummary::mask | status::Busy::mask;

#define RF_EXCLUDE(mnemonic, kind, argument, reason) \
    {ZYDIS_MNEMONIC_##mnemonic, Exclusion::kind, argument, reason},
constexpr ExclusionRow table[] = {
#include "tests/differential/exclusions.inc"
};
#undef RF_EXCLUDE

}  // namespace

std::span<const ExclusionRow> exclusions() {
    return table;
}

u64 excluded(ZydisMnemonic mnemonic, Exclusion kind) {
    u64 argument = 0;
    for (const ExclusionRow& row : table) {
        if (row.mnemonic == mnemonic && row.kind == kind) {
            argument |= row.argument;
        }
    }
    return argument;
}

bool is_excluded(ZydisMnemonic mnemonic, Exclusion kind) {
    for (const ExclusionRow& row : table) {
        if (row.mnemonic == mnemonic && row.kind == kind) {
            return true;
        }
    }
    return false;
}

}  // namespace ringfence::differential

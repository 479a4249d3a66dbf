// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/machine_check.h"

#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/core/log/log.h"

namespace ringfence::kernel::arch {

namespace {

using x86::McgCap;
using x86::McgStatus;
using x86::MciStatus;
using x86::Msr;

/// Enough to see that there are some, too few to drown the log.
constexpr u64 most_logged = 4;
u64 seen = 0;

/// What a bank tells of may have damaged what no handler can mend, or sit in memory that will be
/// used again: this kernel judges no error, so each is fatal.
bool any_bank_tells_of_an_error() {
    const u64 banks = McgCap::banks.get(read_msr(Msr::IA32_MCG_CAP));
    for (unsigned bank = 0; bank < banks; ++bank) {
        if (MciStatus::valid.test(read_msr(MciStatus::of(bank)))) {
            return true;
        }
    }
    return false;
}

}  // namespace

/// [intel/vol3]: 16.10.4.1. Clearing the status says that the next machine check may come: its
/// frame goes where that of this one lies, so this comes as late as C++ can have it.
bool survive_machine_check() {
    if (!x86::has(ThisCpu{}, x86::cpuid_feature::mca) ||
        !McgStatus::ripv.test(read_msr(Msr::IA32_MCG_STATUS)) || any_bank_tells_of_an_error()) {
        return false;
    }
    ++seen;
    if (seen <= most_logged) {
        log_important("machine check: an error that was corrected, ignored");
    }
    write_msr(Msr::IA32_MCG_STATUS, 0);
    return true;
}

}  // namespace ringfence::kernel::arch

// SPDX-License-Identifier: MIT
#include "guest/measurements/features.h"

#include "arch/x86/cpuid.h"

namespace ringfence::measurements {

namespace {

/// This CPU, for arch::x86::has().
struct ThisCpu {
    [[nodiscard]] arch::x86::CpuidResult cpuid(u32 leaf, u32 subleaf) const {
        arch::x86::CpuidResult result;
        asm volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(subleaf));
        return result;
    }
};

}  // namespace

bool has_aes() {
    return arch::x86::has(ThisCpu{}, arch::x86::cpuid_feature::aes);
}

bool has_transactions() {
    return arch::x86::has(ThisCpu{}, arch::x86::cpuid_feature::rtm);
}

}  // namespace ringfence::measurements

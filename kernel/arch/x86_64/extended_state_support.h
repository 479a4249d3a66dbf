// SPDX-License-Identifier: MIT
// Which components of extended state the kernel gives to programs, and by which instructions it
// keeps them: a pure function of CPUID.
#pragma once

#include "arch/x86/cpuid.h"
#include "arch/x86/xsave.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

namespace x86 = ::ringfence::arch::x86;

struct ExtendedStateSupport {
    u64 components = 0;  ///< for XCR0; 0: no XSAVE, the state is what FXSAVE knows
    bool xsaveopt = false;

    [[nodiscard]] constexpr bool xsave() const { return components != 0; }
    constexpr bool operator==(const ExtendedStateSupport&) const = default;
};

/// What programs can have. Other components stay off, with the instructions that need them: an
/// image has room for these, PKRU is of use only with system calls that the kernel does not have,
/// and AVX-512 and AMX are larger than a signal stack of MINSIGSTKSZ. A component that is added
/// here needs room in ExtendedState.
inline constexpr u64 extended_state_for_programs =
    x86::Xcr0::x87.mask | x86::Xcr0::sse.mask | x86::Xcr0::avx.mask;

/// [intel/vol1]: 13.2, 13.3
template <x86::CpuidSource Source>
constexpr ExtendedStateSupport extended_state_support(const Source& cpu) {
    if (!x86::has(cpu, x86::cpuid_feature::xsave) ||
        !x86::has_leaf(cpu, x86::cpuid_extended_state)) {
        return {};
    }
    const u64 offered = cpu.cpuid(x86::cpuid_extended_state, 0).eax;
    // Every CPU offers these two. If one did not, FXSAVE would keep them and XSAVE would not.
    if (!x86::Xcr0::x87.test(offered) || !x86::Xcr0::sse.test(offered)) {
        return {};
    }
    return {.components = offered & extended_state_for_programs,
            .xsaveopt = x86::has(cpu, x86::cpuid_feature::xsaveopt)};
}

}  // namespace ringfence::kernel::arch

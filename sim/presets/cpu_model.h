// SPDX-License-Identifier: MIT
// A CPU as software can tell it: CPUID, the MSRs that describe it, and the clock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "base/types.h"
#include "sim/presets/figures.h"

namespace ringfence::sim::presets {

enum class Vendor : u8 { Intel, Amd };

/// What a preset file says of a CPU's identity. CPUID's answers are made from it.
struct CpuIdentity {
    std::string name;   ///< of the preset: "skylake-sp"
    std::string brand;  ///< CPUID's brand string, at most 47 characters
    Vendor vendor = Vendor::Intel;
    unsigned family = 6;
    unsigned model = 0;
    unsigned stepping = 0;
    u32 microcode = 0;   ///< IA32_BIOS_SIGN_ID, upper half
    u64 clock_hz = 0;    ///< core and time-stamp counter
    u64 crystal_hz = 0;  ///< CPUID leaf 15H; 0 where the CPU has no such leaf
    unsigned physical_address_bits = 46;
    unsigned linear_address_bits = 48;
    /// IA32_ARCH_CAPABILITIES, where the CPU has the register.
    std::optional<u64> arch_capabilities;
    std::vector<arch::x86::CpuidFeature> features;
};

/// Immutable once made; may be shared between threads.
class CpuModel {
public:
    CpuModel(CpuIdentity identity, Figures figures);

    /// CPUID's answer, with the rules for leaves that do not exist. The answers do not depend on
    /// the processor's state; the processor itself patches in what does (OSXSAVE, APIC enable).
    /// [intel/vol2]: CPUID
    [[nodiscard]] arch::x86::CpuidResult cpuid(u32 leaf, u32 subleaf) const;
    /// Whether the feature is shown. An instruction whose feature is hidden raises #UD.
    [[nodiscard]] bool has(arch::x86::CpuidFeature feature) const;
    /// The value of a read-only MSR that describes the CPU; nothing if it has no such register
    /// (RDMSR raises #GP(0)).
    [[nodiscard]] std::optional<u64> read_msr(arch::x86::Msr msr) const;

    [[nodiscard]] const CpuIdentity& identity() const { return identity_; }
    [[nodiscard]] const Figures& figures() const { return figures_; }
    [[nodiscard]] u64 clock_hz() const { return identity_.clock_hz; }
    [[nodiscard]] unsigned physical_address_bits() const { return identity_.physical_address_bits; }

    /// The same CPU without some features ("no PCID").
    [[nodiscard]] CpuModel without(std::initializer_list<arch::x86::CpuidFeature> hidden) const;

private:
    struct FeatureWords {
        arch::x86::CpuidResult leaf1;
        arch::x86::CpuidResult leaf7;
        arch::x86::CpuidResult extended1;
        arch::x86::CpuidResult extended7;
    };
    void build_feature_words();
    [[nodiscard]] arch::x86::CpuidResult basic_leaf(u32 leaf, u32 subleaf) const;
    [[nodiscard]] arch::x86::CpuidResult extended_leaf(u32 leaf) const;
    [[nodiscard]] arch::x86::CpuidResult cache_leaf(u32 subleaf) const;
    [[nodiscard]] arch::x86::CpuidResult topology_leaf(u32 subleaf) const;
    [[nodiscard]] arch::x86::CpuidResult clock_leaf(u32 leaf) const;
    [[nodiscard]] u32 signature() const;
    [[nodiscard]] u32 highest_basic_leaf() const;

    CpuIdentity identity_;
    Figures figures_;
    FeatureWords words_;
};

}  // namespace ringfence::sim::presets

// SPDX-License-Identifier: MIT
// A CPU as software can tell it (CPUID, the MSRs that describe it, the clock), and its figures.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "arch/x86/cpu_identity.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "base/types.h"
#include "sim/presets/figures.h"

namespace ringfence::sim::presets {

/// What a preset file says of a CPU. CPUID's answers are made from it.
struct CpuDescription {
    std::string name;                 ///< of the preset: "skylake-sp"
    std::string brand;                ///< CPUID's brand string, at most 47 characters
    arch::x86::CpuIdentity identity;  ///< vendor (Intel or AMD), display family and model, stepping
    u64 clock_hz = 0;                 ///< core and time-stamp counter
    u64 crystal_hz = 0;               ///< CPUID leaf 15H; 0 where the CPU has no leaves 15H and 16H
    u32 microcode = 0;                ///< its revision, as IA32_BIOS_SIGN_ID tells it
    unsigned physical_address_bits = 46;
    unsigned linear_address_bits = 48;
    u64 arch_capabilities = 0;  ///< IA32_ARCH_CAPABILITIES, if the feature says that it exists
    std::vector<arch::x86::CpuidFeature> features;
};

/// Immutable once made; may be shared between threads.
class CpuModel {
public:
    /// The figures are complete and pass their checks, or there are none: then CPUID tells of no
    /// caches, and the CPU cannot be timed.
    CpuModel(CpuDescription description, Figures figures);

    /// CPUID's answer, with the rules for leaves that do not exist. The answers do not depend on
    /// the processor's state; the processor itself patches in what does (OSXSAVE, APIC enable).
    /// [intel/vol2]: CPUID
    [[nodiscard]] arch::x86::CpuidResult cpuid(u32 leaf, u32 subleaf) const;
    /// Whether the feature is shown. An instruction whose feature is hidden raises #UD.
    [[nodiscard]] bool has(arch::x86::CpuidFeature feature) const;
    /// The value of a read-only MSR that describes the CPU; nothing if it has no such register
    /// (RDMSR raises #GP(0)).
    [[nodiscard]] std::optional<u64> read_msr(arch::x86::Msr msr) const;

    [[nodiscard]] const CpuDescription& description() const { return description_; }
    [[nodiscard]] const std::string& name() const { return description_.name; }
    [[nodiscard]] const Figures& figures() const { return figures_; }
    [[nodiscard]] u64 clock_hz() const { return description_.clock_hz; }
    /// The bits that XCR0 may have; 0 without XSAVE. [intel/vol3]: 2.6
    [[nodiscard]] u64 state_components() const;
    [[nodiscard]] unsigned physical_address_bits() const {
        return description_.physical_address_bits;
    }

    /// How many memory type ranges software may choose; 0: there are no MTRRs.
    [[nodiscard]] unsigned memory_type_ranges() const;

    /// The same CPU with other figures, which must be complete and pass their checks.
    [[nodiscard]] CpuModel with(Figures figures) const;
    /// The same CPU without some features ("no PCID").
    [[nodiscard]] CpuModel without(std::initializer_list<arch::x86::CpuidFeature> hidden) const;

private:
    /// The words that feature bits live in.
    struct FeatureLeaf {
        u32 leaf;
        u32 subleaf;
        arch::x86::CpuidResult result;
    };
    [[nodiscard]] arch::x86::CpuidResult feature_words(u32 leaf, u32 subleaf) const;
    [[nodiscard]] arch::x86::CpuidResult basic_leaf(u32 leaf, u32 subleaf) const;
    [[nodiscard]] arch::x86::CpuidResult extended_leaf(u32 leaf) const;
    [[nodiscard]] arch::x86::CpuidResult cache_leaf(u32 subleaf) const;
    [[nodiscard]] arch::x86::CpuidResult brand_leaf(u32 leaf) const;
    [[nodiscard]] arch::x86::CpuidResult clock_leaf() const;
    [[nodiscard]] arch::x86::CpuidResult extended_state_leaf(u32 subleaf) const;
    [[nodiscard]] u32 highest_basic_leaf() const;
    [[nodiscard]] bool is_intel() const;

    CpuDescription description_;
    Figures figures_;
    std::vector<FeatureLeaf> feature_leaves_;
};

}  // namespace ringfence::sim::presets

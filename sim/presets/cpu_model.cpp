// SPDX-License-Identifier: MIT
#include "sim/presets/cpu_model.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "arch/x86/xsave.h"
#include "base/bits.h"

namespace ringfence::sim::presets {

using arch::x86::CpuidFeature;
using arch::x86::CpuidRegister;
using arch::x86::CpuidResult;
using arch::x86::CpuidVersion;
using arch::x86::Msr;
using arch::x86::Vendor;
using arch::x86::Xcr0;
namespace feature = arch::x86::cpuid_feature;

namespace {

constexpr u32 highest_extended_leaf = arch::x86::cpuid_address_sizes;
constexpr u32 line_bytes = 64;

// Basic leaves. [intel/vol2]: CPUID, table 3-8
enum Leaf : u32 {
    cache_descriptors = 0x2,
    cache_parameters = 0x4,
    thermal = 0x6,
    topology = 0xb,
    time_stamp = 0x15,
    frequency = 0x16,
};

/// Leaf 1, EBX.
struct Leaf1Ebx {
    static constexpr Bitfield<8, 8, u32> clflush_line{};  ///< in units of 8 bytes
    static constexpr Bitfield<16, 8, u32> logical_processors{};
};

/// Leaf 4.
struct CacheEax {
    static constexpr Bitfield<0, 5, u32> type{};  ///< 0 none, 1 data, 2 instruction, 3 unified
    static constexpr Bitfield<5, 3, u32> level{};
    static constexpr Flag<8, u32> self_initializing{};
};
struct CacheEbx {
    static constexpr Bitfield<0, 12, u32> line_minus_one{};
    static constexpr Bitfield<22, 10, u32> ways_minus_one{};
};

/// Leaf 0BH, ECX.
struct TopologyEcx {
    static constexpr Bitfield<0, 8, u32> subleaf{};
    static constexpr Bitfield<8, 8, u32> type{};  ///< 1 thread, 2 core
};

/// [intel/vol4]: MSR_PLATFORM_INFO: the clock in units of 100 MHz
using PlatformInfoRatio = Bitfield<8, 8>;
/// [intel/vol4]: IA32_BIOS_SIGN_ID
using MicrocodeRevision = Bitfield<32, 32>;
constexpr u64 ratio_unit_hz = 100'000'000;

}  // namespace

CpuModel::CpuModel(CpuDescription description, Figures figures)
    : description_(std::move(description)), figures_(std::move(figures)) {
    for (const CpuidFeature& wanted : description_.features) {
        auto found = std::ranges::find_if(feature_leaves_, [&](const FeatureLeaf& known) {
            return known.leaf == wanted.leaf && known.subleaf == wanted.subleaf;
        });
        if (found == feature_leaves_.end()) {
            found = feature_leaves_.insert(found, FeatureLeaf{wanted.leaf, wanted.subleaf, {}});
        }
        CpuidResult& result = found->result;
        const std::array<u32*, 4> words{&result.eax, &result.ebx, &result.ecx, &result.edx};
        *words[static_cast<unsigned>(wanted.where)] |= bit<u32>(wanted.index);
    }
}

bool CpuModel::is_intel() const {
    return description_.identity.vendor == Vendor::Intel;
}

bool CpuModel::has(CpuidFeature wanted) const {
    return wanted.in(feature_words(wanted.leaf, wanted.subleaf));
}

unsigned CpuModel::memory_type_ranges() const {
    constexpr unsigned of_intel = 10;  // from Nehalem on
    constexpr unsigned of_amd = 8;
    return !has(feature::mtrr) ? 0 : is_intel() ? of_intel : of_amd;
}

CpuModel CpuModel::without(std::initializer_list<CpuidFeature> hidden) const {
    CpuDescription description = description_;
    for (const CpuidFeature& feature : hidden) {
        std::erase(description.features, feature);
    }
    return CpuModel{std::move(description), figures_};
}

CpuModel CpuModel::with(Figures figures) const {
    CpuDescription description = description_;
    description.clock_hz = static_cast<u64>(figures.at("identity.clock_hz"));
    return CpuModel{std::move(description), std::move(figures)};
}

std::optional<u64> CpuModel::read_msr(Msr msr) const {
    switch (msr) {
        case Msr::IA32_ARCH_CAPABILITIES:
            if (has(feature::arch_capabilities)) {
                return description_.arch_capabilities;
            }
            return std::nullopt;
        case Msr::MSR_PLATFORM_INFO:
            if (is_intel()) {
                return PlatformInfoRatio::make(description_.clock_hz / ratio_unit_hz);
            }
            return std::nullopt;
        case Msr::IA32_PLATFORM_ID:
            return is_intel() ? std::optional<u64>{0} : std::nullopt;
        case Msr::IA32_BIOS_SIGN_ID:
            // Intel has it in the upper half; AMD's PATCH_LEVEL is the lower one.
            return is_intel() ? MicrocodeRevision::make(description_.microcode)
                              : description_.microcode;
        default:
            return std::nullopt;
    }
}

CpuidResult CpuModel::feature_words(u32 leaf, u32 subleaf) const {
    // Of the leaves with feature bits only these look at ECX. [intel/vol2]: CPUID
    const bool has_subleaves =
        leaf == arch::x86::cpuid_structured_features || leaf == arch::x86::cpuid_extended_state;
    const auto found = std::ranges::find_if(feature_leaves_, [&](const FeatureLeaf& known) {
        return known.leaf == leaf && (!has_subleaves || known.subleaf == subleaf);
    });
    return found == feature_leaves_.end() ? CpuidResult{} : found->result;
}

u32 CpuModel::highest_basic_leaf() const {
    return description_.crystal_hz != 0 ? u32{Leaf::frequency}
           : has(feature::xsave)        ? arch::x86::cpuid_extended_state
                                        : u32{Leaf::topology};
}

u64 CpuModel::state_components() const {
    if (!has(feature::xsave)) {
        return 0;
    }
    const u64 avx = has(feature::avx) ? Xcr0::avx.mask : 0;
    const u64 keys = has(feature::pku) ? Xcr0::pkru.mask : 0;
    return Xcr0::x87.mask | Xcr0::sse.mask | avx | keys;
}

/// Leaf 0DH. The sizes for the components that are enabled are the processor's to fill in.
CpuidResult CpuModel::extended_state_leaf(u32 subleaf) const {
    const u64 components = state_components();
    constexpr u32 features = 1;
    if (components == 0) {
        return {};
    }
    if (subleaf == 0) {
        return {.eax = static_cast<u32>(components),
                .ecx = arch::x86::xsave_bytes(components),
                .edx = static_cast<u32>(components >> 32)};
    }
    if (subleaf == features) {
        return feature_words(arch::x86::cpuid_extended_state, subleaf);
    }
    const auto* const found =
        std::ranges::find(arch::x86::xsave_components, subleaf, &arch::x86::XsaveComponent::index);
    if (found == std::end(arch::x86::xsave_components) || (components >> subleaf & 1) == 0) {
        return {};
    }
    return {.eax = found->bytes, .ebx = found->offset};
}

CpuidResult CpuModel::cpuid(u32 leaf, u32 subleaf) const {
    if (leaf >= arch::x86::cpuid_extended && leaf <= highest_extended_leaf) {
        return extended_leaf(leaf);
    }
    if (leaf <= highest_basic_leaf()) {
        return basic_leaf(leaf, subleaf);
    }
    // Beyond the highest leaf Intel repeats the highest basic one; AMD answers zero.
    return is_intel() ? basic_leaf(highest_basic_leaf(), subleaf) : CpuidResult{};
}

CpuidResult CpuModel::basic_leaf(u32 leaf, u32 subleaf) const {
    constexpr u32 use_leaf_4 = 0xff01;  // descriptor FFH; the low byte is always 1
    constexpr u32 apic_timer_always_runs = bit<u32>(2);
    CpuidResult result = feature_words(leaf, subleaf);
    switch (leaf) {
        case arch::x86::cpuid_basic: {
            const char* const vendor = is_intel() ? "GenuineIntel" : "AuthenticAMD";
            return {highest_basic_leaf(), arch::x86::detail::packed(vendor),
                    arch::x86::detail::packed(vendor + 8), arch::x86::detail::packed(vendor + 4)};
        }
        case arch::x86::cpuid_features: {
            const auto& identity = description_.identity;
            result.eax = CpuidVersion::make(identity.family, identity.model, identity.stepping);
            result.ebx =
                Leaf1Ebx::clflush_line.make(line_bytes / 8) | Leaf1Ebx::logical_processors.make(1);
            return result;
        }
        case Leaf::cache_descriptors:
            return is_intel() ? CpuidResult{.eax = use_leaf_4} : CpuidResult{};
        case Leaf::cache_parameters:
            return is_intel() ? cache_leaf(subleaf) : CpuidResult{};
        case Leaf::thermal:
            return {.eax = apic_timer_always_runs};
        case Leaf::topology: {
            const u32 type = subleaf < 2 ? subleaf + 1 : 0;
            return {.ebx = subleaf < 2 ? 1U : 0U,
                    .ecx = TopologyEcx::subleaf.make(subleaf) | TopologyEcx::type.make(type)};
        }
        case arch::x86::cpuid_extended_state:
            return extended_state_leaf(subleaf);
        case Leaf::time_stamp:
            return clock_leaf();
        case Leaf::frequency: {
            constexpr u32 mhz = 1'000'000;
            const u32 clock = static_cast<u32>(description_.clock_hz / mhz);
            return {.eax = clock, .ebx = clock, .ecx = static_cast<u32>(ratio_unit_hz / mhz)};
        }
        default:
            return result;
    }
}

/// Leaf 15H: clock = crystal * EBX / EAX, exactly.
CpuidResult CpuModel::clock_leaf() const {
    const u64 divisor = std::gcd(description_.clock_hz, description_.crystal_hz);
    return {.eax = static_cast<u32>(description_.crystal_hz / divisor),
            .ebx = static_cast<u32>(description_.clock_hz / divisor),
            .ecx = static_cast<u32>(description_.crystal_hz)};
}

/// Leaf 4: one subleaf for each cache.
CpuidResult CpuModel::cache_leaf(u32 subleaf) const {
    struct Kind {
        const char* name;
        u32 type;
        u32 level;
    };
    static constexpr std::array<Kind, 4> kinds{
        {{"l1d", 1, 1}, {"l1i", 2, 1}, {"l2", 3, 2}, {"llc", 3, 3}}};
    if (subleaf >= kinds.size()) {
        return {};
    }
    const std::string path = std::string{"cache."} + kinds[subleaf].name;
    if (!figures_.has(path + ".ways")) {
        return {};
    }
    const u32 ways = static_cast<u32>(figures_.at(path + ".ways"));
    const u32 sets = static_cast<u32>(figures_.at(path + ".kib")) * 1024 / (ways * line_bytes);
    return {.eax = CacheEax::type.make(kinds[subleaf].type) |
                   CacheEax::level.make(kinds[subleaf].level) | CacheEax::self_initializing.mask,
            .ebx = CacheEbx::line_minus_one.make(line_bytes - 1) |
                   CacheEbx::ways_minus_one.make(ways - 1),
            .ecx = sets - 1};
}

/// Leaves 8000_0002H to 8000_0004H: 48 bytes of NUL-padded text.
CpuidResult CpuModel::brand_leaf(u32 leaf) const {
    constexpr u32 first = arch::x86::cpuid_extended + 2;
    std::array<char, 48> text{};
    std::memcpy(text.data(), description_.brand.data(),
                std::min(description_.brand.size(), text.size() - 1));
    std::array<u32, 4> words;
    std::memcpy(words.data(), text.data() + (leaf - first) * sizeof(words), sizeof(words));
    return {words[0], words[1], words[2], words[3]};
}

CpuidResult CpuModel::extended_leaf(u32 leaf) const {
    const CpuidResult result = feature_words(leaf, 0);
    switch (leaf - arch::x86::cpuid_extended) {
        case 0: {
            const CpuidResult name = basic_leaf(arch::x86::cpuid_basic, 0);
            // AMD repeats its name here; Intel leaves the rest reserved.
            return is_intel() ? CpuidResult{.eax = highest_extended_leaf}
                              : CpuidResult{highest_extended_leaf, name.ebx, name.ecx, name.edx};
        }
        case 2:
        case 3:
        case 4:
            return brand_leaf(leaf);
        case 8:
            return {.eax = description_.physical_address_bits | description_.linear_address_bits
                                                                    << 8};
        default:
            return result;
    }
}

}  // namespace ringfence::sim::presets

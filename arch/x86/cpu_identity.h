// SPDX-License-Identifier: MIT
// Who made the CPU and which model it is.
#pragma once

#include "arch/x86/cpuid.h"

namespace ringfence::arch::x86 {

enum class Vendor : u8 { Unknown, Intel, Amd, Hygon, Centaur, Zhaoxin, Nsc, Vortex };

/// Display family and model: [intel/vol2]: CPUID, "Version Information"
struct CpuIdentity {
    Vendor vendor = Vendor::Unknown;
    unsigned family = 0;
    unsigned model = 0;
    unsigned stepping = 0;
    constexpr bool operator==(const CpuIdentity&) const = default;
};

namespace detail {
struct VendorName {
    Vendor vendor;
    char text[13];
};
inline constexpr VendorName vendor_names[] = {
    {Vendor::Intel, "GenuineIntel"},   {Vendor::Amd, "AuthenticAMD"},
    {Vendor::Hygon, "HygonGenuine"},   {Vendor::Centaur, "CentaurHauls"},
    {Vendor::Zhaoxin, "  Shanghai  "}, {Vendor::Nsc, "Geode by NSC"},
    {Vendor::Vortex, "Vortex86 SoC"},
};

/// Four characters as CPUID packs them, first one lowest.
constexpr u32 packed(const char* text) {
    u32 word = 0;
    for (unsigned i = 0; i < 4; ++i) {
        word |= u32{static_cast<u8>(text[i])} << (8 * i);
    }
    return word;
}
}  // namespace detail

constexpr Vendor vendor_of(const CpuidResult& leaf_0) {
    for (const auto& name : detail::vendor_names) {
        if (leaf_0.ebx == detail::packed(name.text) &&
            leaf_0.edx == detail::packed(name.text + 4) &&
            leaf_0.ecx == detail::packed(name.text + 8)) {
            return name.vendor;
        }
    }
    return Vendor::Unknown;
}

/// The version word, CPUID 1 EAX: [intel/vol2]: CPUID, figure 3-6
struct CpuidVersion {
    static constexpr Bitfield<0, 4, u32> stepping{};
    static constexpr Bitfield<4, 4, u32> model{};
    static constexpr Bitfield<8, 4, u32> family{};
    static constexpr Bitfield<16, 4, u32> extended_model{};
    static constexpr Bitfield<20, 8, u32> extended_family{};

    static constexpr unsigned display_family(u32 word) {
        const unsigned base = family.get(word);
        return base == 0xf ? base + extended_family.get(word) : base;
    }
    static constexpr unsigned display_model(u32 word) {
        const unsigned base = family.get(word);
        return base == 0x6 || base == 0xf ? model.get(word) | extended_model.get(word) << 4
                                          : model.get(word);
    }
    /// The version word of a display family and model.
    static constexpr u32 make(unsigned wanted_family, unsigned wanted_model, unsigned step) {
        const unsigned base = wanted_family < 0xf ? wanted_family : 0xf;
        return stepping.make(step) | model.make(wanted_model) | family.make(base) |
               extended_model.make(wanted_model >> 4) | extended_family.make(wanted_family - base);
    }
};
static_assert(CpuidVersion::make(6, 0x55, 4) == 0x50654);
static_assert(CpuidVersion::display_family(0x00a20f10) == 0x19);
static_assert(CpuidVersion::display_model(0x00a20f10) == 0x21);

template <CpuidSource Source>
constexpr CpuIdentity identify(const Source& source) {
    const u32 version = source.cpuid(cpuid_features, 0).eax;
    return {vendor_of(source.cpuid(cpuid_basic, 0)), CpuidVersion::display_family(version),
            CpuidVersion::display_model(version), CpuidVersion::stepping.get(version)};
}

}  // namespace ringfence::arch::x86

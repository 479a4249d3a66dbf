// SPDX-License-Identifier: MIT
// CPUID: the access object, the features that the project asks for, and addresses widths.
#pragma once

#include <concepts>

#include "base/bits.h"

namespace ringfence::arch::x86 {

/// What CPUID leaves in the four registers.
struct CpuidResult {
    u32 eax = 0;
    u32 ebx = 0;
    u32 ecx = 0;
    u32 edx = 0;
    constexpr bool operator==(const CpuidResult&) const = default;
};

/// Something that answers CPUID: the instruction itself, a CPU model or a recorded dump.
template <typename T>
concept CpuidSource = requires(const T& source, u32 leaf, u32 subleaf) {
    { source.cpuid(leaf, subleaf) } -> std::same_as<CpuidResult>;
};

enum class CpuidRegister : u8 { Eax, Ebx, Ecx, Edx };

/// One feature bit.
struct CpuidFeature {
    u32 leaf;
    u32 subleaf;
    CpuidRegister where;
    unsigned index;

    [[nodiscard]] constexpr bool in(const CpuidResult& result) const {
        const u32 words[] = {result.eax, result.ebx, result.ecx, result.edx};
        return (words[static_cast<unsigned>(where)] & bit<u32>(index)) != 0;
    }
    constexpr bool operator==(const CpuidFeature&) const = default;
};

inline constexpr u32 cpuid_basic = 0;
inline constexpr u32 cpuid_features = 1;
inline constexpr u32 cpuid_structured_features = 7;
inline constexpr u32 cpuid_extended_state = 0xd;
inline constexpr u32 cpuid_extended = 0x8000'0000;
inline constexpr u32 cpuid_extended_features = 0x8000'0001;
inline constexpr u32 cpuid_advanced_power = 0x8000'0007;
inline constexpr u32 cpuid_address_sizes = 0x8000'0008;

/// Whether `source` implements `leaf`: above the highest leaf, answers mean nothing.
/// [intel/vol2]: CPUID
template <CpuidSource Source>
constexpr bool has_leaf(const Source& source, u32 leaf) {
    const u32 range = leaf & cpuid_extended;
    const u32 highest = source.cpuid(range, 0).eax;
    return (highest & cpuid_extended) == range && leaf <= highest;
}

template <CpuidSource Source>
constexpr bool has(const Source& source, CpuidFeature feature) {
    return has_leaf(source, feature.leaf) &&
           feature.in(source.cpuid(feature.leaf, feature.subleaf));
}

/// [intel/vol2]: CPUID, tables 3-8 to 3-12; leaf 8000_0001H: [amd/vol3]: appendix E
namespace cpuid_feature {
using enum CpuidRegister;
inline constexpr CpuidFeature sse3{1, 0, Ecx, 0};
inline constexpr CpuidFeature pclmulqdq{1, 0, Ecx, 1};
inline constexpr CpuidFeature monitor{1, 0, Ecx, 3};
inline constexpr CpuidFeature ssse3{1, 0, Ecx, 9};
inline constexpr CpuidFeature fma{1, 0, Ecx, 12};
inline constexpr CpuidFeature cmpxchg16b{1, 0, Ecx, 13};
inline constexpr CpuidFeature pcid{1, 0, Ecx, 17};
inline constexpr CpuidFeature sse4_1{1, 0, Ecx, 19};
inline constexpr CpuidFeature sse4_2{1, 0, Ecx, 20};
inline constexpr CpuidFeature x2apic{1, 0, Ecx, 21};
inline constexpr CpuidFeature movbe{1, 0, Ecx, 22};
inline constexpr CpuidFeature popcnt{1, 0, Ecx, 23};
inline constexpr CpuidFeature tsc_deadline{1, 0, Ecx, 24};
inline constexpr CpuidFeature aes{1, 0, Ecx, 25};
inline constexpr CpuidFeature xsave{1, 0, Ecx, 26};
inline constexpr CpuidFeature osxsave{1, 0, Ecx, 27};
inline constexpr CpuidFeature avx{1, 0, Ecx, 28};
inline constexpr CpuidFeature f16c{1, 0, Ecx, 29};
inline constexpr CpuidFeature rdrand{1, 0, Ecx, 30};
inline constexpr CpuidFeature hypervisor{1, 0, Ecx, 31};
inline constexpr CpuidFeature fpu{1, 0, Edx, 0};
inline constexpr CpuidFeature vme{1, 0, Edx, 1};
inline constexpr CpuidFeature de{1, 0, Edx, 2};
inline constexpr CpuidFeature pse{1, 0, Edx, 3};
inline constexpr CpuidFeature tsc{1, 0, Edx, 4};
inline constexpr CpuidFeature msr{1, 0, Edx, 5};
inline constexpr CpuidFeature pae{1, 0, Edx, 6};
inline constexpr CpuidFeature mce{1, 0, Edx, 7};
inline constexpr CpuidFeature cmpxchg8b{1, 0, Edx, 8};
inline constexpr CpuidFeature apic{1, 0, Edx, 9};
inline constexpr CpuidFeature sysenter{1, 0, Edx, 11};
inline constexpr CpuidFeature mtrr{1, 0, Edx, 12};
inline constexpr CpuidFeature pge{1, 0, Edx, 13};
inline constexpr CpuidFeature mca{1, 0, Edx, 14};
inline constexpr CpuidFeature cmov{1, 0, Edx, 15};
inline constexpr CpuidFeature pat{1, 0, Edx, 16};
inline constexpr CpuidFeature pse36{1, 0, Edx, 17};
inline constexpr CpuidFeature clflush{1, 0, Edx, 19};
inline constexpr CpuidFeature mmx{1, 0, Edx, 23};
inline constexpr CpuidFeature fxsr{1, 0, Edx, 24};
inline constexpr CpuidFeature sse{1, 0, Edx, 25};
inline constexpr CpuidFeature sse2{1, 0, Edx, 26};

inline constexpr CpuidFeature fsgsbase{7, 0, Ebx, 0};
inline constexpr CpuidFeature tsc_adjust{7, 0, Ebx, 1};
inline constexpr CpuidFeature bmi1{7, 0, Ebx, 3};
inline constexpr CpuidFeature avx2{7, 0, Ebx, 5};
inline constexpr CpuidFeature smep{7, 0, Ebx, 7};
inline constexpr CpuidFeature bmi2{7, 0, Ebx, 8};
inline constexpr CpuidFeature erms{7, 0, Ebx, 9};
inline constexpr CpuidFeature invpcid{7, 0, Ebx, 10};
inline constexpr CpuidFeature rtm{7, 0, Ebx, 11};
inline constexpr CpuidFeature rdseed{7, 0, Ebx, 18};
inline constexpr CpuidFeature adx{7, 0, Ebx, 19};
inline constexpr CpuidFeature smap{7, 0, Ebx, 20};
inline constexpr CpuidFeature clflushopt{7, 0, Ebx, 23};
inline constexpr CpuidFeature clwb{7, 0, Ebx, 24};
inline constexpr CpuidFeature sha{7, 0, Ebx, 29};
inline constexpr CpuidFeature umip{7, 0, Ecx, 2};
inline constexpr CpuidFeature pku{7, 0, Ecx, 3};
inline constexpr CpuidFeature ospke{7, 0, Ecx, 4};
inline constexpr CpuidFeature la57{7, 0, Ecx, 16};
inline constexpr CpuidFeature rdpid{7, 0, Ecx, 22};
inline constexpr CpuidFeature md_clear{7, 0, Edx, 10};
inline constexpr CpuidFeature ibrs{7, 0, Edx, 26};
inline constexpr CpuidFeature stibp{7, 0, Edx, 27};
inline constexpr CpuidFeature flush_l1d{7, 0, Edx, 28};
inline constexpr CpuidFeature arch_capabilities{7, 0, Edx, 29};
inline constexpr CpuidFeature ssbd{7, 0, Edx, 31};

inline constexpr CpuidFeature xsaveopt{0xd, 1, Eax, 0};
inline constexpr CpuidFeature xsavec{0xd, 1, Eax, 1};
inline constexpr CpuidFeature xgetbv1{0xd, 1, Eax, 2};
inline constexpr CpuidFeature xsaves{0xd, 1, Eax, 3};

inline constexpr CpuidFeature lahf64{0x8000'0001, 0, Ecx, 0};
inline constexpr CpuidFeature lzcnt{0x8000'0001, 0, Ecx, 5};
inline constexpr CpuidFeature prefetchw{0x8000'0001, 0, Ecx, 8};
inline constexpr CpuidFeature syscall{0x8000'0001, 0, Edx, 11};
inline constexpr CpuidFeature nx{0x8000'0001, 0, Edx, 20};
inline constexpr CpuidFeature page_1g{0x8000'0001, 0, Edx, 26};
inline constexpr CpuidFeature rdtscp{0x8000'0001, 0, Edx, 27};
inline constexpr CpuidFeature long_mode{0x8000'0001, 0, Edx, 29};
inline constexpr CpuidFeature invariant_tsc{0x8000'0007, 0, Edx, 8};
}  // namespace cpuid_feature

/// MAXPHYADDR: 36 with PAE and 32 without where the leaf is missing. [intel/vol3]: 4.1.4
template <CpuidSource Source>
constexpr unsigned physical_address_bits(const Source& source) {
    if (has_leaf(source, cpuid_address_sizes)) {
        return Bitfield<0, 8, u32>::get(source.cpuid(cpuid_address_sizes, 0).eax);
    }
    return has(source, cpuid_feature::pae) ? 36 : 32;
}

/// Width of linear addresses: 32 without long mode, else 48 or 57. [intel/vol3]: 4.1.4
template <CpuidSource Source>
constexpr unsigned linear_address_bits(const Source& source) {
    if (has_leaf(source, cpuid_address_sizes)) {
        return Bitfield<8, 8, u32>::get(source.cpuid(cpuid_address_sizes, 0).eax);
    }
    return has(source, cpuid_feature::long_mode) ? 48 : 32;
}

}  // namespace ringfence::arch::x86

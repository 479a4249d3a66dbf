// SPDX-License-Identifier: MIT
#include "sim/presets/feature_names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "arch/x86/msr.h"

namespace ringfence::sim::presets {

namespace {

using arch::x86::ArchCapabilities;
using arch::x86::CpuidFeature;
namespace feature = arch::x86::cpuid_feature;

/// Only what the machine implements: a name that is missing here cannot be promised to a guest.
constexpr std::array<std::pair<std::string_view, CpuidFeature>, 69> features{{
    {"sse3", feature::sse3},
    {"pclmulqdq", feature::pclmulqdq},
    {"ssse3", feature::ssse3},
    {"cmpxchg16b", feature::cmpxchg16b},
    {"pcid", feature::pcid},
    {"sse4_1", feature::sse4_1},
    {"sse4_2", feature::sse4_2},
    {"x2apic", feature::x2apic},
    {"movbe", feature::movbe},
    {"popcnt", feature::popcnt},
    {"tsc_deadline", feature::tsc_deadline},
    {"aes", feature::aes},
    {"xsave", feature::xsave},
    {"avx", feature::avx},
    {"fma", feature::fma},
    {"f16c", feature::f16c},
    {"avx2", feature::avx2},
    {"xsaveopt", feature::xsaveopt},
    {"xsavec", feature::xsavec},
    {"xgetbv1", feature::xgetbv1},
    {"xsaves", feature::xsaves},
    {"fpu", feature::fpu},
    {"vme", feature::vme},
    {"de", feature::de},
    {"pse", feature::pse},
    {"tsc", feature::tsc},
    {"msr", feature::msr},
    {"pae", feature::pae},
    {"cmpxchg8b", feature::cmpxchg8b},
    {"apic", feature::apic},
    {"sysenter", feature::sysenter},
    {"pge", feature::pge},
    {"mce", feature::mce},
    {"mtrr", feature::mtrr},
    {"mca", feature::mca},
    {"cmov", feature::cmov},
    {"pat", feature::pat},
    {"pse36", feature::pse36},
    {"clflush", feature::clflush},
    {"mmx", feature::mmx},
    {"fxsr", feature::fxsr},
    {"sse", feature::sse},
    {"sse2", feature::sse2},
    {"fsgsbase", feature::fsgsbase},
    {"tsc_adjust", feature::tsc_adjust},
    {"bmi1", feature::bmi1},
    {"bmi2", feature::bmi2},
    {"adx", feature::adx},
    {"clflushopt", feature::clflushopt},
    {"clwb", feature::clwb},
    {"sha", feature::sha},
    {"rdpid", feature::rdpid},
    {"lzcnt", feature::lzcnt},
    {"prefetchw", feature::prefetchw},
    {"smep", feature::smep},
    {"erms", feature::erms},
    {"invpcid", feature::invpcid},
    {"rtm", feature::rtm},
    {"smap", feature::smap},
    {"umip", feature::umip},
    {"pku", feature::pku},
    {"arch_capabilities", feature::arch_capabilities},
    {"lahf64", feature::lahf64},
    {"syscall", feature::syscall},
    {"nx", feature::nx},
    {"page_1g", feature::page_1g},
    {"rdtscp", feature::rdtscp},
    {"long_mode", feature::long_mode},
    {"invariant_tsc", feature::invariant_tsc},
}};

constexpr std::array<std::pair<std::string_view, u64>, 13> capabilities{{
    {"rdcl_no", ArchCapabilities::rdcl_no.mask},
    {"ibrs_all", ArchCapabilities::ibrs_all.mask},
    {"rsba", ArchCapabilities::rsba.mask},
    {"skip_l1dfl_vmentry", ArchCapabilities::skip_l1dfl_vmentry.mask},
    {"ssb_no", ArchCapabilities::ssb_no.mask},
    {"mds_no", ArchCapabilities::mds_no.mask},
    {"if_pschange_mc_no", ArchCapabilities::if_pschange_mc_no.mask},
    {"tsx_ctrl", ArchCapabilities::tsx_ctrl.mask},
    {"taa_no", ArchCapabilities::taa_no.mask},
    {"sbdr_ssdp_no", ArchCapabilities::sbdr_ssdp_no.mask},
    {"fbsdp_no", ArchCapabilities::fbsdp_no.mask},
    {"psdp_no", ArchCapabilities::psdp_no.mask},
    {"bhi_no", ArchCapabilities::bhi_no.mask},
}};

template <typename Table>
auto look_up(const Table& table, std::string_view name)
    -> std::optional<typename Table::value_type::second_type> {
    const auto found = std::ranges::find(table, name, &Table::value_type::first);
    if (found == table.end()) {
        return std::nullopt;
    }
    return found->second;
}

}  // namespace

std::optional<CpuidFeature> feature_named(std::string_view name) {
    return look_up(features, name);
}

std::string_view name_of(const CpuidFeature& wanted) {
    const auto found =
        std::ranges::find(features, wanted, &std::pair<std::string_view, CpuidFeature>::second);
    return found == features.end() ? std::string_view{} : found->first;
}

std::optional<u64> capability_named(std::string_view name) {
    return look_up(capabilities, name);
}

}  // namespace ringfence::sim::presets

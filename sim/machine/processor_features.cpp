// SPDX-License-Identifier: MIT
#include "sim/machine/processor_features.h"

#include "arch/x86/cpuid.h"

namespace ringfence::sim::machine {

namespace {

/// Where the CPU has no crystal (CPUID leaf 15H), its APIC timer counts the 100 MHz bus clock.
constexpr u64 bus_hz = 100'000'000;

}  // namespace

std::optional<devices::ApicFeatures> apic_features(const presets::CpuModel& model) {
    namespace feature = arch::x86::cpuid_feature;
    if (!model.has(feature::apic)) {
        return std::nullopt;
    }
    const auto vendor = model.description().identity.vendor;
    const u64 crystal = model.description().crystal_hz;
    return devices::ApicFeatures{.version = devices::apic_version(vendor),
                                 .x2apic = model.has(feature::x2apic),
                                 .tsc_deadline = model.has(feature::tsc_deadline),
                                 .suppresses_eoi_broadcast = vendor == arch::x86::Vendor::Intel,
                                 .physical_address_bits = model.physical_address_bits(),
                                 .timer_hz = crystal != 0 ? crystal : bus_hz};
}

mmu::PagingFeatures paging_features(const presets::CpuModel& model) {
    return {.physical_address_bits = model.physical_address_bits(),
            .gigabyte_pages = model.has(arch::x86::cpuid_feature::page_1g),
            .page_size_extensions_36 = model.has(arch::x86::cpuid_feature::pse36)};
}

mmu::WriteSetShape write_set_shape(const presets::CpuModel& model) {
    constexpr double line_bytes = mmu::WriteSet::line_bytes;
    const presets::Figures& figures = model.figures();
    if (!figures.has("cache.l1d.ways")) {
        return {};
    }
    const double ways = figures.at("cache.l1d.ways");
    return {.sets = static_cast<u32>(figures.at("cache.l1d.kib") * kib / (ways * line_bytes)),
            .ways = static_cast<u32>(ways)};
}

}  // namespace ringfence::sim::machine

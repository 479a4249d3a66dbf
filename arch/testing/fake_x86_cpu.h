// SPDX-License-Identifier: MIT
// A CPU that answers CPUID and RDMSR from a list, for tests of code that asks a CPU about itself.
#pragma once

#include <map>
#include <string_view>
#include <utility>

#include "arch/x86/cpu_identity.h"
#include "arch/x86/msr.h"

namespace ringfence::arch::x86::testing {

/// Leaves and MSRs that were not set read as zero.
class FakeCpu {
public:
    FakeCpu() = default;
    /// A CPU of `vendor_name` (12 characters) with leaves 0 to 7 and 8000_0000H to 8000_0008H.
    FakeCpu(std::string_view vendor_name, unsigned family, unsigned model, unsigned stepping = 0) {
        const char* text = vendor_name.data();
        set_cpuid(cpuid_basic, 0,
                  {.eax = 7,
                   .ebx = detail::packed(text),
                   .ecx = detail::packed(text + 8),
                   .edx = detail::packed(text + 4)});
        set_cpuid(cpuid_features, 0, {.eax = CpuidVersion::make(family, model, stepping)});
        set_cpuid(cpuid_extended, 0, {.eax = cpuid_address_sizes});
    }

    FakeCpu& set_cpuid(u32 leaf, u32 subleaf, CpuidResult result) {
        leaves_[{leaf, subleaf}] = result;
        return *this;
    }
    FakeCpu& with(CpuidFeature feature) {
        CpuidResult& result = leaves_[{feature.leaf, feature.subleaf}];
        u32* const words[] = {&result.eax, &result.ebx, &result.ecx, &result.edx};
        *words[static_cast<unsigned>(feature.where)] |= bit<u32>(feature.index);
        return *this;
    }
    FakeCpu& set_msr(Msr msr, u64 value) {
        msrs_[msr] = value;
        return *this;
    }

    [[nodiscard]] CpuidResult cpuid(u32 leaf, u32 subleaf) const {
        const auto found = leaves_.find({leaf, subleaf});
        return found == leaves_.end() ? CpuidResult{} : found->second;
    }
    [[nodiscard]] u64 read_msr(Msr msr) const {
        ++msr_reads_;
        const auto found = msrs_.find(msr);
        return found == msrs_.end() ? 0 : found->second;
    }
    /// How often an MSR was read: a real CPU without the MSR would have faulted.
    [[nodiscard]] unsigned msr_reads() const { return msr_reads_; }

private:
    std::map<std::pair<u32, u32>, CpuidResult> leaves_;
    std::map<Msr, u64> msrs_;
    mutable unsigned msr_reads_ = 0;
};

}  // namespace ringfence::arch::x86::testing

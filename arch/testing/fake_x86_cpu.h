// SPDX-License-Identifier: MIT
// A CPU that answers CPUID and RDMSR from a list, for tests of code that asks a CPU about itself.
#pragma once

#include <map>
#include <string_view>
#include <utility>

#include "arch/x86/cpu_identity.h"
#include "arch/x86/msr.h"

namespace ringfence::arch::testing {

/// Leaves and MSRs that were not set read as zero.
class FakeX86Cpu {
public:
    FakeX86Cpu() = default;
    /// A CPU of `vendor_name` (12 characters) with leaves 0 to 7 and 8000_0000H to 8000_0008H.
    FakeX86Cpu(std::string_view vendor_name, unsigned family, unsigned model,
               unsigned stepping = 0) {
        const char* text = vendor_name.data();
        set_cpuid(x86::cpuid_basic, 0,
                  {.eax = 7,
                   .ebx = x86::detail::packed(text),
                   .ecx = x86::detail::packed(text + 8),
                   .edx = x86::detail::packed(text + 4)});
        set_cpuid(x86::cpuid_features, 0,
                  {.eax = x86::CpuidVersion::make(family, model, stepping)});
        set_cpuid(x86::cpuid_extended, 0, {.eax = x86::cpuid_address_sizes});
    }

    FakeX86Cpu& set_cpuid(u32 leaf, u32 subleaf, x86::CpuidResult result) {
        leaves_[{leaf, subleaf}] = result;
        return *this;
    }
    FakeX86Cpu& with(x86::CpuidFeature feature) {
        x86::CpuidResult& result = leaves_[{feature.leaf, feature.subleaf}];
        u32* const words[] = {&result.eax, &result.ebx, &result.ecx, &result.edx};
        *words[static_cast<unsigned>(feature.where)] |= bit<u32>(feature.index);
        return *this;
    }
    FakeX86Cpu& set_msr(x86::Msr msr, u64 value) {
        msrs_[msr] = value;
        return *this;
    }

    [[nodiscard]] x86::CpuidResult cpuid(u32 leaf, u32 subleaf) const {
        const auto found = leaves_.find({leaf, subleaf});
        return found == leaves_.end() ? x86::CpuidResult{} : found->second;
    }
    [[nodiscard]] u64 read_msr(x86::Msr msr) const {
        ++msr_reads_;
        const auto found = msrs_.find(msr);
        return found == msrs_.end() ? 0 : found->second;
    }
    /// How often an MSR was read: a real CPU without the MSR would have faulted.
    [[nodiscard]] unsigned msr_reads() const { return msr_reads_; }

private:
    std::map<std::pair<u32, u32>, x86::CpuidResult> leaves_;
    std::map<x86::Msr, u64> msrs_;
    mutable unsigned msr_reads_ = 0;
};

}  // namespace ringfence::arch::testing

// SPDX-License-Identifier: MIT
// Runs one instruction on the processor that this program runs on.
#pragma once

#include <memory>
#include <span>

#include "arch/x86/cpuid.h"
#include "tests/differential/processor_state.h"
#include "tests/differential/sandbox.h"

namespace ringfence::differential {

/// One per process: it owns the handlers of the synchronous signals and the sandbox's addresses.
class HostProcessor {
public:
    /// Nothing if this host is not an x86-64 Linux, or the sandbox's addresses are taken.
    static std::unique_ptr<HostProcessor> create(const ReadOnlyImage& read_only);
    virtual ~HostProcessor() = default;

    /// CPUID as this host answers it.
    [[nodiscard]] virtual arch::x86::CpuidResult cpuid(u32 leaf, u32 subleaf) const = 0;

    /// Whether `upper` of a state is the host's: without AVX, or a kernel that saves it, it is not.
    [[nodiscard]] virtual bool keeps_avx_state() const = 0;

    /// Whether this process has anything mapped at `address`, readable or not.
    [[nodiscard]] virtual bool has_memory_at(u64 address) const = 0;

    /// The data pages, to be set before and read after a run.
    virtual DataImage& data() = 0;
    /// Puts `instruction` at `before.rip`, runs it, and removes it again.
    virtual Outcome run(const ProcessorState& before, std::span<const u8> instruction) = 0;
};

}  // namespace ringfence::differential

// SPDX-License-Identifier: MIT
// Ways of asking, without the right to read it, whether an address of the kernel is mapped.
#pragma once

#include <cstdint>
#include <memory>

namespace probes {

class KernelProbe {
public:
    virtual ~KernelProbe() = default;
    /// A measure of the page at `address`: the less, the more it looks mapped.
    virtual std::uint64_t measure(std::uintptr_t address) = 0;
};

/// Cycles of a prefetch, which never faults but has to translate. A page that is mapped hits the
/// TLB the second time; what is not mapped is never kept there. (Gruss and others, 2016)
[[nodiscard]] std::unique_ptr<KernelProbe> make_prefetch_probe();
/// The same, right after a system call: the code that every entry runs through is in the TLB.
/// (EntryBleed, CVE-2022-4543)
[[nodiscard]] std::unique_ptr<KernelProbe> make_entry_probe();
/// Whether instructions that depend on a load of the page ran before its fault: 0 if they did,
/// else 1. (EchoLoad, Canella and others, 2020)
[[nodiscard]] std::unique_ptr<KernelProbe> make_echo_probe();

}  // namespace probes

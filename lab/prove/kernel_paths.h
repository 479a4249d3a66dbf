// SPDX-License-Identifier: MIT
// The code of a kernel before each of whose instructions events are injected.
#pragma once

#include <array>
#include <span>

#include "sim/observe/symbol_table.h"

namespace ringfence::lab::prove {

/// The ways in and out of the kernel, and the change of a program's design: interrupts are off in
/// all of them.
class KernelPaths {
public:
    explicit KernelPaths(std::array<sim::observe::AddressRange, 3> ranges) : ranges_(ranges) {}
    /// By the symbols that bound them. Throws Failure::Own if the image has no such symbols.
    [[nodiscard]] static KernelPaths of(const sim::observe::SymbolTable& symbols);

    [[nodiscard]] bool contains(VirtualAddress address) const;
    [[nodiscard]] std::span<const sim::observe::AddressRange> ranges() const { return ranges_; }

private:
    std::array<sim::observe::AddressRange, 3> ranges_;
};

}  // namespace ringfence::lab::prove

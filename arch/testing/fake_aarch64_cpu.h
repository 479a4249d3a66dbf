// SPDX-License-Identifier: MIT
// A CPU that answers reads of its ID registers from a list, for tests.
#pragma once

#include <map>

#include "arch/aarch64/id_registers.h"

namespace ringfence::arch::testing {

/// Registers that were not set read as zero.
class FakeAarch64Cpu {
public:
    explicit FakeAarch64Cpu(u64 midr) { set(aarch64::IdRegister::MIDR_EL1, midr); }

    FakeAarch64Cpu& set(aarch64::IdRegister which, u64 value) {
        registers_[which] = value;
        return *this;
    }
    [[nodiscard]] u64 read_id(aarch64::IdRegister which) const {
        const auto found = registers_.find(which);
        return found == registers_.end() ? 0 : found->second;
    }

private:
    std::map<aarch64::IdRegister, u64> registers_;
};

}  // namespace ringfence::arch::testing

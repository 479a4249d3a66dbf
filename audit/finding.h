// SPDX-License-Identifier: MIT
// A rule that does not hold, and where.
#pragma once

#include <string>

#include "audit/rule.h"
#include "base/address.h"

namespace ringfence::audit {

struct Finding {
    Rule rule{};
    VirtualAddress address{};  ///< what user mode could reach, or what should be there
    u64 bytes = 0;             ///< from there on; 0 where the rule is of no range
    PhysicalAddress frame{};   ///< where it lies, if it is mapped
    PhysicalAddress entry{};   ///< the page-table entry that says so; 0 if none does
    std::string what{};        ///< for people: what is wrong, without addresses that are above
};

}  // namespace ringfence::audit

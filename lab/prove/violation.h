// SPDX-License-Identifier: MIT
// A rule that did not hold in a running machine: what, where, by whom and when.
#pragma once

#include <array>

#include "audit/finding.h"

namespace ringfence::lab::prove {

struct Violation {
    audit::Finding finding{};
    /// Of the instruction that did it, as far as it was seen; else of the one at which it showed.
    VirtualAddress instruction{};
    bool instruction_did_it = false;
    u64 when = 0;   ///< in instructions since the machine was made
    u64 times = 1;  ///< that the same was seen
};

/// How often each rule was put to the test.
using CheckCounts = std::array<u64, audit::rule_count>;

/// Where the parts of the monitor report.
class ViolationSink {
public:
    virtual ~ViolationSink() = default;
    virtual void checked(audit::Rule rule, u64 times = 1) = 0;
    virtual void violated(audit::Finding finding) = 0;
};

}  // namespace ringfence::lab::prove

// SPDX-License-Identifier: MIT
// A CPU with some of its figures replaced: what would a cheaper CR3 write or a bigger TLB be worth?
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/presets/cpu_model.h"

namespace ringfence::sim::presets {

/// One replacement. The key is a figure's path or an ending of it that only one figure has
/// ("privileged.cr3_write", "cr3_write", "l1d.latency"; - and _ are the same), or one of:
/// - "root-write": privileged.cr3_write
/// - "tlb": the only value is "infinite", so many entries in every TLB that nothing is evicted
/// - "pcid": the only value is "off", the CPU without PCID and INVPCID
struct Override {
    std::string key;
    std::string value;
};

struct OverrideError {
    std::string message{};  ///< one line
    /// Of an unknown key: as typed, and the keys that there are.
    std::string unknown_key{};
    std::vector<std::string> known{};
};

/// The tag of the figures that an override has replaced.
inline constexpr std::string_view override_source = "WHAT-IF";

/// The CPU with all overrides, each checked as in a preset file; those that belong together are
/// checked when all are in place.
Result<CpuModel, OverrideError> with_overrides(const CpuModel& cpu,
                                               std::span<const Override> overrides);

}  // namespace ringfence::sim::presets

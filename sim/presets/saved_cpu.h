// SPDX-License-Identifier: MIT
// A CPU as part of a snapshot: by value, so that a run goes on with the same one wherever it does.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "sim/presets/cpu_model.h"
#include "sim/state/forward.h"

namespace ringfence::sim::presets {

/// What makes a CpuModel. What the figures' tags stand for, and what was only published, is not
/// kept.
class SavedCpu {
public:
    SavedCpu() = default;
    explicit SavedCpu(const CpuModel& cpu)
        : description_(cpu.description()), figures_(cpu.figures()) {}

    void visit_state(state::Visitor& visitor);

    /// The CPU, after loading. The error says what is wrong with it: nothing of it was believed.
    [[nodiscard]] Result<CpuModel, std::string> model() const;

private:
    void visit_description(state::Visitor& visitor);
    void visit_features(state::Visitor& visitor);
    void visit_figures(state::Visitor& visitor);

    CpuDescription description_;
    Figures figures_;
};

/// What software could tell two CPUs apart by, on one line; nothing if they differ at most in
/// figures that decide over time alone.
std::optional<std::string> visible_difference(const CpuModel& first, const CpuModel& second);

}  // namespace ringfence::sim::presets

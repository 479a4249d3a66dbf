// SPDX-License-Identifier: MIT
// Where branches are believed to go: two direction predictors with a chooser, a buffer of targets,
// a table of indirect targets by history. Return addresses are a path's own (ReturnStack).
#pragma once

#include <string_view>
#include <vector>

#include "sim/state/forward.h"
#include "sim/timing/parameters.h"
#include "sim/timing/return_stack.h"

namespace ringfence::sim::timing {

struct Prediction {
    u64 next = 0;  ///< 0: no idea, fetch waits for the branch
    bool taken = false;
    /// It is taken, but fetch learns the target only when the branch is decoded.
    bool target_late = false;
};

/// Tables only; what it learns, it learns from the main path.
class BranchPredictor {
public:
    explicit BranchPredictor(const CoreParameters& parameters);

    /// What follows the branch at `rip`, of a path with that history; moves the path's return
    /// stack.
    Prediction predict(const InstructionProfile& profile, u64 rip, u64 history,
                       ReturnStack& returns) const;

    /// What it did, and the history before it.
    void train(const InstructionProfile& profile, u64 rip, u64 history, u64 next);

    /// The history after a branch that went to `next`.
    [[nodiscard]] static u64 extended(u64 history, const InstructionProfile& profile, u64 rip,
                                      u64 next);

    void visit_state(state::Visitor& visitor);

private:
    struct Target {
        u64 rip = ~u64{0};
        u64 target = 0;
        u64 used = 0;  ///< when, for replacement
    };

    static void visit_targets(state::Visitor& visitor, std::string_view name,
                              std::vector<Target>& targets);
    [[nodiscard]] bool predicts_taken(u64 rip, u64 history) const;
    [[nodiscard]] const Target* find_target(u64 rip) const;
    void train_direction(u64 rip, u64 history, bool taken);
    void train_target(u64 rip, u64 target);
    [[nodiscard]] u64 by_address(u64 rip) const;
    [[nodiscard]] u64 by_history(u64 rip, u64 history) const;
    [[nodiscard]] u64 indirect_place(u64 rip, u64 history) const;

    /// Two-bit counters, as many of each as the preset says.
    std::vector<u8> plain_;    ///< by address
    std::vector<u8> shared_;   ///< by address and history
    std::vector<u8> chooser_;  ///< from 2 on: `shared_` is right more often
    std::vector<Target> targets_;
    std::vector<Target> indirect_;
    u64 history_mask_;
    unsigned counter_bits_;
    u32 sets_;
    u32 ways_;
    u64 clock_ = 0;
};

}  // namespace ringfence::sim::timing

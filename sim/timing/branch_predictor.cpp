// SPDX-License-Identifier: MIT
#include "sim/timing/branch_predictor.h"

#include <algorithm>
#include <bit>

#include "base/compiler.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::timing {
namespace {

constexpr u8 weakly_taken = 2;
constexpr u8 strongest = 3;

void count(u8& counter, bool up) {
    if (up) {
        counter = counter == strongest ? strongest : static_cast<u8>(counter + 1);
    } else {
        counter = counter == 0 ? u8{0} : static_cast<u8>(counter - 1);
    }
}

/// Spreads addresses and histories over a table: Fibonacci hashing.
u64 mixed(u64 value) {
    return value * 0x9e3779b97f4a7c15ULL;
}

u64 after(const InstructionProfile& profile, u64 rip) {
    return rip + profile.length;
}

bool is_direct(BranchKind kind) {
    return kind == BranchKind::Conditional || kind == BranchKind::Jump || kind == BranchKind::Call;
}

}  // namespace

BranchPredictor::BranchPredictor(const CoreParameters& parameters)
    : plain_(parameters.branch_counters, weakly_taken - 1),
      shared_(parameters.branch_counters, weakly_taken - 1),
      chooser_(parameters.branch_counters, weakly_taken - 1),
      targets_(parameters.branch_target_entries),
      indirect_(parameters.indirect_entries),
      history_mask_(parameters.branch_history_bits >= 64
                        ? ~u64{0}
                        : (u64{1} << parameters.branch_history_bits) - 1),
      counter_bits_(static_cast<unsigned>(std::bit_width(parameters.branch_counters)) - 1),
      sets_(parameters.branch_target_entries / std::max(parameters.branch_target_ways, 1U)),
      ways_(parameters.branch_target_ways) {
    RF_ASSERT(std::has_single_bit(parameters.branch_counters));
    RF_ASSERT(sets_ * ways_ == parameters.branch_target_entries);
}

u64 BranchPredictor::by_address(u64 rip) const {
    return rip & (plain_.size() - 1);
}

u64 BranchPredictor::by_history(u64 rip, u64 history) const {
    const u64 used = history & history_mask_;
    const u64 folded = counter_bits_ == 0 ? 0 : used ^ (used >> counter_bits_);
    return (rip ^ folded) & (shared_.size() - 1);
}

u64 BranchPredictor::indirect_place(u64 rip, u64 history) const {
    return (mixed(rip ^ ((history & history_mask_) << 16U)) >> 32U) % indirect_.size();
}

bool BranchPredictor::predicts_taken(u64 rip, u64 history) const {
    const bool by_path = chooser_[by_address(rip)] >= weakly_taken;
    return (by_path ? shared_[by_history(rip, history)] : plain_[by_address(rip)]) >= weakly_taken;
}

const BranchPredictor::Target* BranchPredictor::find_target(u64 rip) const {
    if (sets_ == 0) {
        return nullptr;
    }
    const Target* const set = &targets_[(mixed(rip) >> 32U) % sets_ * ways_];
    for (u32 way = 0; way < ways_; ++way) {
        if (set[way].rip == rip) {
            return &set[way];
        }
    }
    return nullptr;
}

Prediction BranchPredictor::predict(const InstructionProfile& profile, u64 rip, u64 history,
                                    ReturnStack& returns) const {
    const u64 next = after(profile, rip);
    if (profile.branch == BranchKind::Conditional && !predicts_taken(rip, history)) {
        return {.next = next};
    }
    if (profile.branch == BranchKind::Return) {
        const u64 target = returns.pop();
        return {.next = target, .taken = true};
    }
    if (profile.branch == BranchKind::Call || profile.branch == BranchKind::IndirectCall) {
        returns.push(next);
    }
    const Target* const known = find_target(rip);
    if (is_direct(profile.branch)) {
        return {.next = profile.branch_target, .taken = true, .target_late = known == nullptr};
    }
    if (!indirect_.empty()) {
        const Target& by_path = indirect_[indirect_place(rip, history)];
        if (by_path.rip == rip) {
            return {.next = by_path.target, .taken = true};
        }
    }
    return {.next = known == nullptr ? 0 : known->target, .taken = true};
}

void BranchPredictor::train(const InstructionProfile& profile, u64 rip, u64 history, u64 next) {
    const bool taken = next != after(profile, rip) || profile.branch != BranchKind::Conditional;
    if (profile.branch == BranchKind::Conditional) {
        train_direction(rip, history, taken);
    }
    if (!taken || profile.branch == BranchKind::Return) {
        return;
    }
    train_target(rip, next);
    if (!is_direct(profile.branch) && !indirect_.empty()) {
        indirect_[indirect_place(rip, history)] = {.rip = rip, .target = next};
    }
}

void BranchPredictor::train_direction(u64 rip, u64 history, bool taken) {
    u8& plain = plain_[by_address(rip)];
    u8& shared = shared_[by_history(rip, history)];
    const bool plain_right = (plain >= weakly_taken) == taken;
    const bool shared_right = (shared >= weakly_taken) == taken;
    if (plain_right != shared_right) {
        count(chooser_[by_address(rip)], shared_right);
    }
    count(plain, taken);
    count(shared, taken);
}

void BranchPredictor::train_target(u64 rip, u64 target) {
    if (sets_ == 0) {
        return;
    }
    Target* const set = &targets_[(mixed(rip) >> 32U) % sets_ * ways_];
    Target* victim = set;
    for (u32 way = 0; way < ways_; ++way) {
        if (set[way].rip == rip) {
            victim = &set[way];
            break;
        }
        if (set[way].used < victim->used) {
            victim = &set[way];
        }
    }
    *victim = {.rip = rip, .target = target, .used = ++clock_};
}

u64 BranchPredictor::extended(u64 history, const InstructionProfile& profile, u64 rip, u64 next) {
    switch (profile.branch) {
        case BranchKind::Conditional:
            return (history << 1U) | (next != after(profile, rip) ? 1U : 0U);
        case BranchKind::IndirectJump:
        case BranchKind::IndirectCall:
            return (history << 2U) ^ ((next >> 4U) & 0xfU);
        default:
            return history;
    }
}

void BranchPredictor::visit_state(state::Visitor& visitor) {
    visitor.field("plain", plain_);
    visitor.field("shared", shared_);
    visitor.field("chooser", chooser_);
    for (const auto* const table : {&plain_, &shared_, &chooser_}) {
        visitor.require(
            std::ranges::all_of(*table, [](u8 counter) { return counter <= strongest; }),
            "a counter of more than two bits");
    }
    visit_targets(visitor, "targets", targets_);
    visit_targets(visitor, "indirect", indirect_);
    visitor.field("clock", clock_);
    // Not state: history_mask_, counter_bits_, sets_, ways_ (configuration)
}

void BranchPredictor::visit_targets(state::Visitor& visitor, std::string_view name,
                                    std::vector<Target>& targets) {
    std::vector<u64> rips(targets.size());
    std::vector<u64> addresses(targets.size());
    std::vector<u64> used(targets.size());
    for (usize i = 0; i < targets.size(); ++i) {
        rips[i] = targets[i].rip;
        addresses[i] = targets[i].target;
        used[i] = targets[i].used;
    }
    visitor.group(name, [&] {
        visitor.field("rips", rips);
        visitor.field("targets", addresses);
        visitor.field("used", used);
    });
    for (usize i = 0; i < targets.size(); ++i) {
        targets[i] = {.rip = rips[i], .target = addresses[i], .used = used[i]};
    }
}

}  // namespace ringfence::sim::timing

// SPDX-License-Identifier: MIT
// Fetch and decode are one stage here: each cycle takes a number of bytes and of instructions, all
// from the predicted path. There is no queue behind it (and so no loop buffer): when dispatch
// stalls, fetch stalls with it.
#pragma once

#include <algorithm>

#include "sim/timing/core.h"

namespace ringfence::sim::timing {

/// The fetch buffer moves on to the line of `address`. A line that follows the present one was
/// asked for when that one came into use; a hit's latency is part of the pipeline's depth.
template <typename Memory>
void BasicCore<Memory>::enter_line(Stream& stream, u64 address) {
    FrontEnd& front = stream.front;
    const u64 line = FrontEnd::line_of(address);
    const bool follows = line == front.line + FrontEnd::line_bytes;
    const Cycle at = follows ? front.line_began : front.cycle;
    const AccessTime time = memory_.fetch(
        VirtualAddress{address}, static_cast<unsigned>(line + FrontEnd::line_bytes - address), at);
    const Cycle hit = parameters_.hierarchy.l1i.latency;
    const Cycle usable = time.ready > at + hit ? time.ready - hit : at;
    if (usable > front.cycle) {
        const Cycle wait = usable - front.cycle;
        const Cycle translated = std::min(wait, time.translation);
        front.wait.translation += translated;
        front.wait.cache += wait - translated;
        front.next_group(usable);
    }
    front.line = line;
    front.line_began = front.cycle;
}

template <typename Memory>
void BasicCore<Memory>::restart(Stream& stream, Cycle at) const {
    stream.front.next_group(at);
    stream.front.line = FrontEnd::no_line;
    stream.front.line_began = at;
    stream.front.wait = {};
}

/// Fetch goes on where the branch is believed to go: at a taken branch the group ends. Decoders
/// find the targets that fetch did not know; they are taken to be half way from fetch to dispatch
/// (EST: no vendor gives the stages).
template <typename Memory>
u64 BasicCore<Memory>::predict(Stream& stream, const InstructionProfile& profile, u64 rip) {
    if (profile.branch == BranchKind::None) {
        return rip + profile.length;
    }
    const Prediction prediction = predictor_.predict(profile, rip, stream.history, stream.returns);
    if (prediction.taken) {
        FrontEnd& front = stream.front;
        front.next_group(front.cycle + 1 + (prediction.target_late ? depth_ / 2 : 0));
        if (FrontEnd::line_of(prediction.next) != front.line) {
            front.line = FrontEnd::no_line;
        }
    }
    return prediction.next;
}

template <typename Memory>
std::optional<Mispredicted> BasicCore<Memory>::resolve(const InstructionProfile& profile, u64 rip,
                                                       u64 next_rip) {
    if (profile.branch == BranchKind::None) {
        return std::nullopt;
    }
    ++branches_;
    const u64 history = last_branch_.history;
    predictor_.train(profile, rip, history, next_rip);
    main_.history = BranchPredictor::extended(history, profile, rip, next_rip);
    const u64 predicted = last_branch_.predicted;
    if (predicted == next_rip) {
        return std::nullopt;
    }
    ++mispredictions_;
    const Mispredicted wrong{
        .rip = predicted,
        .fetch_from = main_.front.cycle,
        .squash_at = last_branch_.completed,
        .front = main_.front,
        .history = BranchPredictor::extended(history, profile, rip, predicted)};
    restart(main_, last_branch_.completed);
    main_.front.wait.mispredict = true;
    if (predicted == 0 || wrong.fetch_from >= wrong.squash_at) {
        return std::nullopt;
    }
    return wrong;
}

template <typename Memory>
u64 BasicCore<Memory>::resolve_transient(Stream& shadow, const InstructionProfile& profile, u64 rip,
                                         const Timing& branch, u64 outcome) const {
    const bool executed = branch.begins && branch.completed < shadow.squash_at;
    const u64 next = executed ? outcome : branch.predicted_next;
    if (executed && outcome != branch.predicted_next) {
        restart(shadow, branch.completed);
    }
    if (next != 0) {
        shadow.history = BranchPredictor::extended(shadow.history, profile, rip, next);
    }
    return next;
}

template <typename Memory>
Stream BasicCore<Memory>::fork(const Mispredicted& wrong) const {
    Stream shadow = main_;
    shadow.front = wrong.front;
    shadow.history = wrong.history;
    shadow.squash_at = wrong.squash_at;
    return shadow;
}

template <typename Memory>
Stream BasicCore<Memory>::fork(Cycle squash_at) const {
    Stream shadow = main_;
    shadow.squash_at = squash_at;
    return shadow;
}

template <typename Memory>
void BasicCore<Memory>::redirect(Cycle at) {
    restart(main_, at);
}

}  // namespace ringfence::sim::timing

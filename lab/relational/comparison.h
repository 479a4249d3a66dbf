// SPDX-License-Identifier: MIT
// Two runs of one moment, compared event by event and state by state.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "lab/relational/twin.h"

namespace ringfence::lab::relational {

/// In what the two first differ.
struct Difference {
    /// The first event of each that the other has not; nothing if it had ended.
    std::optional<TimingEvent> first;
    std::optional<TimingEvent> second;
    /// Of lines that come or go: the accesses for which they do.
    std::optional<TimingEvent> first_access;
    std::optional<TimingEvent> second_access;
    /// The lines that the first cache of each was then filled with, where those differ.
    std::optional<TimingEvent> first_line;
    std::optional<TimingEvent> second_line;
    /// Instead of all that: a field of the state that no event told of, and its values.
    std::string field{};
    std::string first_value{};
    std::string second_value{};
};

/// What both did around some event, for those who want to know how it came to be.
struct Evidence {
    Events first;
    Events second;  ///< empty if only the first run was kept
    usize at = 0;   ///< of that event, in each
};

struct Comparison {
    u64 instructions = 0;  ///< that retired in each run, until they differed
    u64 events = 0;
    u64 user_entries = 0;
    u64 states = 0;        ///< whole states that were compared
    bool stopped = false;  ///< a stop request came: the rest means nothing
    std::optional<Difference> difference;
    /// If asked for: of the difference; else of the first load of the place that faulted, or that
    /// would have.
    std::optional<Evidence> evidence;
};

enum class Keep : u8 { Nothing, Evidence };

/// Runs `moment` with its own content and with another, until the runs differ or both have ended.
/// What is compared: of each instruction, on squashed paths too, which one it is, when it retired
/// or began, and what it accessed; every line that comes to a cache or leaves it; and at each
/// entry to user mode, and at the end, the whole state of the timed engine: tags and replacement of
/// all caches, TLBs, paging-structure caches, predictors, buffers, and what is on its way. The
/// bytes themselves are not compared.
[[nodiscard]] Comparison compare(const Moment& moment, Keep keep, machine::StopRequest& stop);

/// Where the events first differ; nothing if they do not.
[[nodiscard]] std::optional<usize> first_difference(std::span<const TimingEvent> first,
                                                    std::span<const TimingEvent> second);
/// The difference that begins at `at` in each.
[[nodiscard]] Difference difference_at(std::span<const TimingEvent> first,
                                       std::span<const TimingEvent> second, usize at);

/// The first field in which the states of two timed engines differ.
[[nodiscard]] Difference state_difference(const sim::machine::Machine& first,
                                          const sim::machine::Machine& second);

}  // namespace ringfence::lab::relational

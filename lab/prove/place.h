// SPDX-License-Identifier: MIT
// Places of a run before which events are injected, and when the run comes to them.
#pragma once

#include <algorithm>
#include <compare>
#include <map>
#include <span>
#include <vector>

#include "base/address.h"

namespace ringfence::lab::prove {

/// An instruction that is about to be executed, in the one way in which a deterministic run gets
/// there.
struct Moment {
    u64 instructions = 0;  ///< retired before, since the machine was made
    VirtualAddress rip;    ///< tells a handler's first instruction from the one that faulted

    auto operator<=>(const Moment&) const = default;
};

/// Where an instruction of the paths was reached from: an event that comes between two instructions
/// meets the state that the first one left.
enum class Origin : u8 {
    Path,    ///< another instruction of the paths
    Kernel,  ///< any other of the kernel's
    User,    ///< a program
};

/// An instruction of the paths, or the user instruction before or behind a crossing.
struct Place {
    /// For `entered_by`, besides the vectors of interrupts and exceptions.
    static constexpr u16 no_entry = 0xffff;
    static constexpr u16 system_call = 256;

    VirtualAddress rip{};
    bool user = false;
    Origin origin = Origin::Path;
    VirtualAddress from{};  ///< the instruction before, where that is of the paths; else 0
    /// On the way in: what the kernel was entered by. The ways of several events share code.
    u16 entered_by = no_entry;

    auto operator<=>(const Place&) const = default;
};

/// A place in a run, once; in the order of the run.
struct Occurrence {
    Moment moment;
    Place place;

    auto operator<=>(const Occurrence&) const = default;
};

/// Each place with all moments at which a run comes to it, in order.
using Occurrences = std::map<Place, std::vector<Moment>>;

/// At most `most` (not 0) of the moments at which each place is reached: the first, the last, and
/// evenly between them. In the order of the run.
[[nodiscard]] std::vector<Occurrence> spread(const Occurrences& all, usize most);

/// The `i`-th of `count` indices that are spread evenly over `size` things, both ends among them.
[[nodiscard]] constexpr usize spread_index(usize i, usize count, usize size) {
    return count == 1 ? 0 : i * (size - 1) / (count - 1);
}

/// At most `most` of `from`: the first, the last and evenly between them.
template <typename T>
[[nodiscard]] std::vector<T> sample(std::span<const T> from, usize most) {
    const usize count = std::min(most, from.size());
    std::vector<T> chosen;
    for (usize i = 0; i < count; ++i) {
        chosen.push_back(from[spread_index(i, count, from.size())]);
    }
    return chosen;
}

/// When to save a run that begins at `first` so that each occurrence, in the order of the run, is
/// at most `distance` instructions behind a saved state, unless nothing happens in between: numbers
/// of instructions, ascending, the first of them `first`.
[[nodiscard]] std::vector<u64> checkpoints(std::span<const Occurrence> occurrences, u64 first,
                                           u64 distance);

/// The index of the last of `checkpoints` that is not behind `moment`.
[[nodiscard]] usize nearest_checkpoint(std::span<const u64> checkpoints, const Moment& moment);

}  // namespace ringfence::lab::prove

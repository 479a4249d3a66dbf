// SPDX-License-Identifier: MIT
// How far a figure can be trusted, by what its source says.
#pragma once

#include <string_view>

#include "base/types.h"
#include "sim/presets/figures.h"

namespace ringfence::sim::presets {

enum class Confidence : u8 {
    Cited,       ///< read in the source that it names
    Unverified,  ///< the source's text says "to be verified"
    Estimated,   ///< the source's text begins with "estimate" or "what if"
};

[[nodiscard]] Confidence confidence_of(std::string_view source_text);

struct ConfidenceCounts {
    unsigned cited = 0;
    unsigned unverified = 0;
    unsigned estimated = 0;

    bool operator==(const ConfidenceCounts&) const = default;
};

/// Of the figures that the model uses.
[[nodiscard]] ConfidenceCounts count_confidence(const Figures& figures);

}  // namespace ringfence::sim::presets

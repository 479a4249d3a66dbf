// SPDX-License-Identifier: MIT
#include "sim/presets/confidence.h"

namespace ringfence::sim::presets {

Confidence confidence_of(std::string_view source_text) {
    if (source_text.starts_with("estimate") || source_text.starts_with("what if")) {
        return Confidence::Estimated;
    }
    return source_text.contains("to be verified") ? Confidence::Unverified : Confidence::Cited;
}

ConfidenceCounts count_confidence(const Figures& figures) {
    ConfidenceCounts counts;
    for (const auto& [path, figure] : figures.values) {
        const auto text = figures.sources.find(figure.source);
        RF_ASSERT(text != figures.sources.end());
        switch (confidence_of(text->second)) {
            case Confidence::Cited:
                ++counts.cited;
                break;
            case Confidence::Unverified:
                ++counts.unverified;
                break;
            case Confidence::Estimated:
                ++counts.estimated;
                break;
        }
    }
    return counts;
}

}  // namespace ringfence::sim::presets

// SPDX-License-Identifier: MIT
// A fingerprint of a model's state, so that two runs can be shown to be in the same one.
#pragma once

#include <vector>

#include "base/types.h"

namespace ringfence::sim::timing {

/// FNV-1a over 64-bit words, with a final mix of the high bits into the low ones.
class Digest {
public:
    void add(u64 word) { state_ = (state_ ^ word) * 0x100'0000'01b3; }
    template <typename Word>
    void add(const std::vector<Word>& words) {
        for (const Word word : words) {
            add(static_cast<u64>(word));
        }
    }
    [[nodiscard]] u64 value() const { return state_ ^ (state_ >> 32); }

private:
    u64 state_ = 0xcbf2'9ce4'8422'2325;
};

}  // namespace ringfence::sim::timing

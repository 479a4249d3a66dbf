// SPDX-License-Identifier: MIT
// Checksums of state: against damage, not against people.
#pragma once

#include <memory>
#include <span>

#include "base/types.h"

struct XXH3_state_s;

namespace ringfence::sim::state {

/// XXH3 with 64 bits, of bytes that come in pieces.
class Hash {
public:
    Hash();

    void add(std::span<const u8> bytes);
    /// Of all that was added.
    [[nodiscard]] u64 value() const;

private:
    struct Free {
        void operator()(XXH3_state_s* state) const;
    };
    std::unique_ptr<XXH3_state_s, Free> state_;
};

u64 hash_of(std::span<const u8> bytes);

}  // namespace ringfence::sim::state

// SPDX-License-Identifier: MIT
#include "sim/state/hash.h"

#include <xxhash.h>

#include "base/compiler.h"

namespace ringfence::sim::state {

Hash::Hash() : state_(XXH3_createState()) {
    RF_ASSERT(state_ != nullptr);
    XXH3_64bits_reset(state_.get());
}

void Hash::Free::operator()(XXH3_state_s* state) const {
    XXH3_freeState(state);
}

void Hash::add(std::span<const u8> bytes) {
    XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
}

u64 Hash::value() const {
    return XXH3_64bits_digest(state_.get());
}

u64 hash_of(std::span<const u8> bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace ringfence::sim::state

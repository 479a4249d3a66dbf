// SPDX-License-Identifier: MIT
#include "lab/attack/secret.h"

#include <random>

namespace ringfence::lab::attack {

std::string make_secret(u64 seed, usize count) {
    // The engine's sequence is fixed by the standard; its distributions' are not.
    std::mt19937_64 engine(seed);
    constexpr u64 values = 255;
    std::string secret;
    while (secret.size() < count) {
        secret.push_back(static_cast<char>(1 + engine() % values));
    }
    return secret;
}

}  // namespace ringfence::lab::attack

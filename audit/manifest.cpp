// SPDX-License-Identifier: MIT
#include "audit/manifest.h"

#include <algorithm>

namespace ringfence::audit {

const Part* Manifest::find(VirtualAddress address) const {
    const auto found =
        std::ranges::find_if(parts, [&](const Part& part) { return part.holds(address); });
    return found == parts.end() ? nullptr : &*found;
}

bool Manifest::reaches(VirtualAddress address) const {
    return find(address) != nullptr || find(address - 1) != nullptr;
}

const PrivateFrames* Manifest::find_private(PhysicalAddress first, u64 bytes) const {
    const auto found = std::ranges::find_if(private_frames, [&](const PrivateFrames& frames) {
        return first < frames.start + frames.bytes && frames.start < first + bytes;
    });
    return found == private_frames.end() ? nullptr : &*found;
}

std::optional<PhysicalAddress> Manifest::kernel_root_of(PhysicalAddress root) const {
    if (pair_bit == 0 || !is_user_root(root)) {
        return std::nullopt;
    }
    return PhysicalAddress{root.value() & ~pair_bit};
}

}  // namespace ringfence::audit

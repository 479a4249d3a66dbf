// SPDX-License-Identifier: MIT
// Process-context identifiers in pairs: N for a process's kernel table, N | 0x800 for its user
// table. 0 is for code that does not know of PCIDs. A number is used once per generation, so it
// never has stale entries; when they run out, one flush of everything starts the next generation.
#pragma once

#include "base/types.h"

namespace ringfence::kernel::arch {

/// A number and the generation in which it is valid. Value-initialised: never valid.
struct PcidContext {
    u64 generation = 0;
    u16 number = 0;
};

class PcidAllocator {
public:
    static constexpr u16 user_bit = 0x800;
    static constexpr u16 first = 1;
    static constexpr u16 last = user_bit - 1;

    static constexpr u16 kernel_pcid(PcidContext context) { return context.number; }
    static constexpr u16 user_pcid(PcidContext context) { return context.number | user_bit; }

    [[nodiscard]] constexpr bool valid(PcidContext context) const {
        return context.generation == generation_;
    }

    struct Allocation {
        PcidContext context;
        bool flush_everything;  ///< before the number is used: all PCIDs may have stale entries
    };
    constexpr Allocation allocate() {
        const bool exhausted = next_ > last;
        if (exhausted) {
            ++generation_;
            next_ = first;
        }
        return {{generation_, next_++}, exhausted};
    }

private:
    u64 generation_ = 1;
    u16 next_ = first;
};

}  // namespace ringfence::kernel::arch

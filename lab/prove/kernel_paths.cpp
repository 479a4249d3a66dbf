// SPDX-License-Identifier: MIT
#include "lab/prove/kernel_paths.h"

#include <algorithm>

#include "lab/error.h"

namespace ringfence::lab::prove {

KernelPaths KernelPaths::of(const sim::observe::SymbolTable& symbols) {
    const auto between = [&](const char* first, const char* end) {
        const sim::observe::AddressRange range = symbols.between(first, end);
        if (range.first == range.end) {
            fail(Failure::Own, "the kernel image has no code between the symbols {} and {}", first,
                 end);
        }
        return range;
    };
    return KernelPaths{{between("__entry_text_start", "__entry_text_end"),
                        between("__exit_text_start", "__exit_text_end"),
                        between("__design_change_start", "__design_change_end")}};
}

bool KernelPaths::contains(VirtualAddress address) const {
    return std::ranges::any_of(ranges_, [&](const auto& range) { return range.contains(address); });
}

}  // namespace ringfence::lab::prove

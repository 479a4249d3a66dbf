// SPDX-License-Identifier: MIT
// All SSE instructions: the parts, in one table.
#include "sim/isa/x86/sse_rows.h"

#include <vector>

namespace ringfence::sim::isa::x86 {

std::span<const BinderRow> sse_rows() {
    static const std::vector<BinderRow> rows = [] {
        std::vector<BinderRow> all;
        for (const auto part : {xmm_shared_rows(), xmm_integer_rows(), sse_move_rows(),
                                sse_arithmetic_rows(), sse_convert_rows()}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }();
    return rows;
}

}  // namespace ringfence::sim::isa::x86

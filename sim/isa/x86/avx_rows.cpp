// SPDX-License-Identifier: MIT
// All VEX-encoded vector instructions: the parts, in one table.
#include <vector>

#include "sim/isa/x86/avx_operands.h"

namespace ringfence::sim::isa::x86 {

std::span<const BinderRow> avx_rows() {
    static const std::vector<BinderRow> rows = [] {
        std::vector<BinderRow> all;
        for (const auto part :
             {avx::avx_integer_rows(), avx::avx_shift_rows(), avx::avx_move_rows(),
              avx::avx_permute_rows(), avx::avx_arithmetic_rows(), avx::avx_convert_rows(),
              avx::avx_fused_rows(), avx::avx_masked_rows()}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }();
    return rows;
}

}  // namespace ringfence::sim::isa::x86

// SPDX-License-Identifier: MIT
// The parts that sse_rows() is made of; each is in the file of that name.
#pragma once

#include "sim/isa/x86/binder.h"

namespace ringfence::sim::isa::x86 {

/// Integer instructions with an MMX counterpart, and those without.
std::span<const BinderRow> xmm_shared_rows();
std::span<const BinderRow> xmm_integer_rows();
std::span<const BinderRow> sse_move_rows();
std::span<const BinderRow> sse_arithmetic_rows();
std::span<const BinderRow> sse_convert_rows();

}  // namespace ringfence::sim::isa::x86

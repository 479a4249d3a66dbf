// SPDX-License-Identifier: MIT
// Whether programs may trace others on this host: containers often forbid it.
#pragma once

namespace ringfence::end_to_end {

/// True if a child can be traced, can have its debug registers set, and can do without
/// address-space randomisation, which gdb asks for.
[[nodiscard]] bool host_lets_programs_trace();

}  // namespace ringfence::end_to_end

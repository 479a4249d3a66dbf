// SPDX-License-Identifier: MIT
// Whether programs may trace others on this host: containers often forbid it.
#pragma once

namespace ringfence::end_to_end {

/// True if a child can be traced, can have its debug registers set, and can do without
/// address-space randomisation, which gdb asks for.
[[nodiscard]] bool host_lets_programs_trace();

/// True if gdb can write all registers that this host's processor has: version 13 has room for the
/// extended state up to AVX-512 and PKRU, and Linux takes all of it or nothing.
[[nodiscard]] bool host_gdb_writes_registers();

}  // namespace ringfence::end_to_end

// SPDX-License-Identifier: MIT
// Whether the host's own processor can be asked about local descriptor tables.
#pragma once

namespace ringfence::end_to_end {

/// False where modify_ldt says yes and the processor sees nothing of it, as under hypervisors that
/// keep the descriptor tables to themselves.
[[nodiscard]] bool host_has_local_segments();

}  // namespace ringfence::end_to_end

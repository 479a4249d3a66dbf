// SPDX-License-Identifier: MIT
// Whether the kernel's own pages are global. A global TLB entry serves every table, also a user
// table that does not map its page, so none may exist while any program is isolated.
#pragma once

namespace ringfence::kernel::arch {

/// For new mappings of the kernel's half, the manifest's apart.
[[nodiscard]] bool kernel_pages_global();

/// As boot decided, before the kernel's tables are built.
void set_kernel_pages_global(bool global);

/// Changes all of the kernel's mappings, and flushes what TLBs hold of them. Nothing if they are
/// so.
void make_kernel_pages_global(bool global);

}  // namespace ringfence::kernel::arch

// SPDX-License-Identifier: MIT
// The one place that removes translations from the TLB. [intel/vol3]: 4.10.4
//
// Which entries a change can have left depends on the table that it was made in:
//   kernel half   under every PCID, and as global entries; removed from all at once
//   user half     under the kernel PCID of its address space (removed at once) and, in the isolated
//                 design, under the user PCID (removed at once with INVPCID, else owed: the next
//                 exit to user mode loads its root without NO_FLUSH)
// Without PCIDs every load of CR3 removes all but global entries, which the user half never has.
#pragma once

#include "base/types.h"
#include "kernel_arch/pcid_allocator.h"
#include "paging/pending_invalidation.h"

namespace ringfence::kernel::arch {

/// Consumes what changes of the kernel half leave.
struct KernelTlb {
    void invalidate(const paging::StaleRange& stale);
    void invalidate_everything(bool global);
};

/// Consumes what changes of the user half of one address space leave.
class UserTlb {
public:
    /// `context` is invalidated as a whole if the space is not the active one.
    UserTlb(PcidContext& context, bool active) : context_(context), active_(active) {}
    void invalidate(const paging::StaleRange& stale);
    void invalidate_everything(bool global);

private:
    PcidContext& context_;
    bool active_;
};

/// Removes everything: all PCIDs, global entries too.
void flush_all_translations();

/// Writes CR3 and counts it.
void load_root(u64 value);

/// From now on the user PCID owes a flush, which the next exit to user mode pays.
void owe_user_flush();
[[nodiscard]] bool user_flush_owed();

}  // namespace ringfence::kernel::arch

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
#include "kernel_arch/design.h"
#include "kernel_arch/pcid_allocator.h"
#include "kernel_arch/stale_group.h"
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
    /// `context` is invalidated as a whole if the space is not the active one. With `group` nothing
    /// is invalidated yet: it notes what has to be.
    UserTlb(PcidContext& context, Design design, bool active, StaleGroup* group = nullptr)
        : context_(context), design_(design), active_(active), group_(group) {}
    void invalidate(const paging::StaleRange& stale);
    void invalidate(const StaleGroup& group);
    void invalidate_everything(bool global);

private:
    [[nodiscard]] bool has_user_pcid() const;
    void invalidate_in_user_pcid(VirtualAddress page);

    PcidContext& context_;
    Design design_;
    bool active_;
    StaleGroup* group_;
};

/// A page fault removes the TLB's entries for its page under the PCID it came with ([intel/vol3]:
/// 4.10.4.1). Until forget_user_fault, more rights for that page need not remove them again: what
/// the processor caches anew meanwhile, running ahead, allows less than the tables do. Another
/// frame must. For a fault that came from user mode, and while no thread runs in user mode.
void note_user_fault(VirtualAddress page);
void forget_user_fault();

/// Removes everything: all PCIDs, global entries too.
void flush_all_translations();

/// Writes CR3 and counts it.
void load_root(u64 value);

/// From now on the user PCID owes a flush, which the next exit to user mode pays.
void owe_user_flush();
[[nodiscard]] bool user_flush_owed();

}  // namespace ringfence::kernel::arch

// SPDX-License-Identifier: MIT
#include "kernel/core/process/process_groups.h"

#include "kernel/core/process/process_table.h"

namespace ringfence::kernel {

bool is_orphaned_group(u32 group) {
    for (const Ref<Process>& process : processes().all()) {
        const Process& parent = *process->parent;
        if (process->group == group && !process->is_zombie() &&
            parent.session == process->session && parent.group != group) {
            return false;
        }
    }
    return true;
}

}  // namespace ringfence::kernel

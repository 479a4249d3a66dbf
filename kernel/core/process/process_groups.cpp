// SPDX-License-Identifier: MIT
#include "kernel/core/process/process_groups.h"

#include <algorithm>

#include "kernel/core/process/process_table.h"
#include "kernel/core/signal/send.h"

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

void end_stop_of_orphans(u32 group) {
    const Vector<Ref<Process>>& all = processes().all();
    const bool any_stopped = std::any_of(all.begin(), all.end(), [group](const auto& process) {
        return process->group == group && process->state == Process::State::Stopped;
    });
    if (!any_stopped || !is_orphaned_group(group)) {
        return;
    }
    for (const u32 number : {signals::hangup, signals::resume}) {
        for (const Ref<Process>& process : all) {
            if (process->group == group) {
                send_signal(*process, {.number = number, .code = signal_codes::kernel});
            }
        }
    }
}

}  // namespace ringfence::kernel

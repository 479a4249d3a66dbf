// SPDX-License-Identifier: MIT
#include "kernel/core/process/isolation_choice.h"

#include "kernel/core/log/log.h"
#include "kernel/core/process/process_table.h"

namespace ringfence::kernel {

namespace {

/// Calls `visit` with the memory of each process that follows the system. Processes that share
/// memory bring it more than once.
template <typename Visit>
void for_each_follower(Visit visit) {
    for (const Ref<Process>& process : processes().all()) {
        if (process->memory && process->memory->isolation.choice == IsolationChoice::System) {
            visit(process->memory->tables());
        }
    }
}

}  // namespace

Fallible<void> choose_isolation(Process& process, IsolationSetting wanted) {
    MemorySpace& memory = *process.memory;
    const bool weaker = memory.isolation.design() == arch::Design::Isolated &&
                        wanted.design() == arch::Design::Shared;
    // A program that only follows may become weaker later, when the system does.
    const bool may_become_weaker = memory.isolation.choice == IsolationChoice::Isolated &&
                                   wanted.choice != IsolationChoice::Isolated;
    const bool stays_weaker = wanted.choice == IsolationChoice::Shared;
    if ((weaker || may_become_weaker || stays_weaker) &&
        !process.credentials.may(Capability::SysAdmin)) {
        return Error{Errno::Eperm};
    }
    if (memory.references() > 1) {
        return Error{Errno::Ebusy};
    }
    if (!memory.tables().prepare_design(wanted.design())) {
        return Error{Errno::Enomem};
    }
    memory.tables().commit_design();
    memory.isolation = wanted;
    return {};
}

Fallible<void> change_system_design(arch::Design design) {
    bool enough = true;
    for_each_follower(
        [&](arch::AddressSpace& tables) { enough = enough && tables.prepare_design(design).ok(); });
    if (!enough) {
        for_each_follower([](arch::AddressSpace& tables) { tables.drop_prepared(); });
        return Error{Errno::Enomem};
    }
    for_each_follower([](arch::AddressSpace& tables) { tables.commit_design(); });
    arch::set_system_design(design);
    log("isolation: {} from now on", design == arch::Design::Isolated ? "enabled" : "disabled");
    return {};
}

}  // namespace ringfence::kernel

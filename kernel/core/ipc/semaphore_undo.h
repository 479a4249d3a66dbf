// SPDX-License-Identifier: MIT
// What is done to semaphores when a process ends that wanted it so (SEM_UNDO).
#pragma once

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/containers/vector.h"
#include "kernel/core/errors.h"

namespace ringfence::kernel {

class SemaphoreSet;

/// What is owed to one set by one process, or by several that share it.
struct SemaphoreUndo : public Counted<SemaphoreUndo> {
    SemaphoreSet& set;
    Vector<i16> changes;  ///< for each semaphore
    ListHook<SemaphoreUndo> set_hook{this};
    ListHook<SemaphoreUndo> process_hook{this};

    explicit SemaphoreUndo(SemaphoreSet& subject) : set(subject) {}
    ~SemaphoreUndo() {
        set_hook.unlink();
        process_hook.unlink();
    }
    /// Whether what is owed stays within bounds when `change` is made to semaphore `number`.
    [[nodiscard]] bool has_room(u16 number, i16 change) const;
    void note(u16 number, i16 change) { changes[number] = owed(number, change); }

private:
    [[nodiscard]] i16 owed(u16 number, i16 change) const {
        return static_cast<i16>(changes[number] - change);
    }
};
using SemaphoreUndoOfSet = IntrusiveList<SemaphoreUndo, &SemaphoreUndo::set_hook>;

/// All of a process; clone with CLONE_SYSVSEM shares it. With the last owner its debts are paid.
class SemaphoreUndoList final : public RefCounted {
public:
    ~SemaphoreUndoList() override;

    /// What is owed to `set`, made if there is nothing yet. Enomem.
    Fallible<SemaphoreUndo*> of(SemaphoreSet& set);

private:
    IntrusiveList<SemaphoreUndo, &SemaphoreUndo::process_hook> undos_;
};

}  // namespace ringfence::kernel

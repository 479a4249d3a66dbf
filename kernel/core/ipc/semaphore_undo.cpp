// SPDX-License-Identifier: MIT
#include "kernel/core/ipc/semaphore_undo.h"

#include "kernel/core/ipc/semaphore_set.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

bool SemaphoreUndo::has_room(u16 number, i16 change) const {
    constexpr i32 most = semaphore_limits::largest_value;  // SEMAEM
    const i32 debt = changes[number] - change;
    return debt >= -most - 1 && debt <= most;
}

SemaphoreUndoList::~SemaphoreUndoList() {
    while (SemaphoreUndo* const undo = undos_.front()) {
        undo->set.undo(*undo);
        delete undo;
    }
}

Fallible<SemaphoreUndo*> SemaphoreUndoList::of(SemaphoreSet& set) {
    for (SemaphoreUndo& undo : undos_) {
        if (&undo.set == &set) {
            return &undo;
        }
    }
    RF_TRY(admit_allocation(1 + set.count() * sizeof(i16) / frame_size));
    auto* const undo = new SemaphoreUndo(set);
    if (!undo->changes.try_reserve(set.count())) {
        delete undo;
        return Error{Errno::Enomem};
    }
    undo->changes.resize(set.count());
    undos_.push_back(*undo);
    set.undos().push_back(*undo);
    return undo;
}

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
#include "kernel/core/process/current_place.h"

#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

namespace {
constexpr i32 working_directory = -100;  // AT_FDCWD
}

WalkContext current_walk_context() {
    const Process& process = current_process();
    return {process.place->root, process.place->directory, &process.credentials};
}

Fallible<WalkContext> walk_context_at(i32 descriptor) {
    WalkContext context = current_walk_context();
    if (descriptor != working_directory) {
        RF_TRY_ASSIGN(file, current_process().files->get(descriptor));
        context.start = Ref<Inode>(&file->inode());
    }
    return context;
}

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
// unshare: what was shared when a process was made becomes its own. There are no namespaces.
#include "kernel/core/process/fork.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

/// What cannot be its own unless it is already: threads are of one process, and its memory and
/// handlers stay. [linux/abi]: unshare(2), EINVAL
bool is_own_already(const Process& process, u64 flags) {
    using namespace clone_bits;
    const bool of_process =
        (flags & (clone_bits::Thread::mask | Handlers::mask | Memory::mask)) != 0;
    const bool of_handlers = (flags & (Handlers::mask | Memory::mask)) != 0;
    return !(of_process && process.has_several_threads()) &&
           !(of_handlers && process.handlers->references() > 1) &&
           !(Memory::test(flags) && process.memory->references() > 1);
}

}  // namespace

Nothing unshare_files(Process& process) {
    if (process.files->references() == 1) {
        return {};
    }
    RF_TRY_ASSIGN(own, process.files->copy());
    process.files = own;
    return {};
}

Nothing unshare(u64 flags) {
    using namespace clone_bits;
    constexpr u64 known = clone_bits::Thread::mask | clone_bits::Place::mask | Handlers::mask |
                          Memory::mask | Files::mask | SystemV::mask;
    Process& process = current_process();
    if ((flags & ~known) != 0 || !is_own_already(process, flags)) {
        return Error{Errno::Einval};
    }
    if (Files::test(flags)) {
        RF_TRY(unshare_files(process));
    }
    if (clone_bits::Place::test(flags) && process.place->references() > 1) {
        process.place = process.place->copy();
    }
    if (SystemV::test(flags)) {
        process.semaphore_undos = nullptr;
    }
    return {};
}

}  // namespace ringfence::kernel::syscalls

// SPDX-License-Identifier: MIT
// signalfd.
#include "kernel/core/fs/signal_file.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

Value signalfd4(i32 descriptor, Pointer set, u64 set_size, u32 flags) {
    constexpr u32 allowed = open_bits::CloseOnExec::mask | open_bits::NonBlocking::mask;
    if (set_size != sizeof(u64)) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(bits, read_user<u64>(set));
    const SignalSet accepted = SignalSet(bits).without(unblockable_signals);
    if ((flags & ~allowed) != 0) {
        return Error{Errno::Einval};
    }
    constexpr i32 a_new_one = -1;
    if (descriptor == a_new_one) {
        RF_TRY_ASSIGN(made,
                      make_signal_file(OpenFlags{flags & open_bits::NonBlocking::mask}, accepted));
        return new_descriptor(made, OpenFlags{flags}.close_on_exec());
    }
    RF_TRY_ASSIGN(file, file_of(descriptor));
    SignalFile* existing = file_cast<SignalFile>(*file);
    if (existing == nullptr) {
        return Error{Errno::Einval};
    }
    existing->accept(accepted);
    return static_cast<u64>(descriptor);
}

Value signalfd(i32 descriptor, Pointer set, u64 set_size) {
    return signalfd4(descriptor, set, set_size, 0);
}

}  // namespace ringfence::kernel::syscalls

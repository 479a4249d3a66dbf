// SPDX-License-Identifier: MIT
// Making processes and threads. [linux/abi]: clone(2)
#pragma once

#include "kernel/core/errors.h"
#include "kernel/core/process/process.h"
#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel {

namespace clone_bits {
using ExitSignal = Bitfield<0, 8>;
using Memory = Flag<8>;
using Place = Flag<9>;
using Files = Flag<10>;
using Handlers = Flag<11>;
using PidDescriptor = Flag<12>;
using Traced = Flag<13>;  ///< CLONE_PTRACE
using VFork = Flag<14>;
using SameParent = Flag<15>;
using Thread = Flag<16>;
using SystemV = Flag<18>;
using SetThreadPointer = Flag<19>;
using ParentSetId = Flag<20>;
using ChildClearId = Flag<21>;
using Detached = Flag<22>;  ///< without meaning, but not beside a pidfd
using Untraced = Flag<23>;
using ChildSetId = Flag<24>;
/// New namespaces (CLONE_NEW*) and what else the kernel has not.
using NewMountNamespace = Flag<17>;
using NewNamespaces = Bitfield<25, 6>;
}  // namespace clone_bits

struct CloneRequest {
    u64 flags = 0;  ///< clone_bits, the exit signal apart
    u32 exit_signal = signals::child;
    VirtualAddress stack{};           ///< null: the parent's own stack pointer
    VirtualAddress parent_id{};       ///< where CLONE_PARENT_SETTID writes
    VirtualAddress child_id{};        ///< where the CHILD flags write
    VirtualAddress pid_descriptor{};  ///< where CLONE_PIDFD writes
    VirtualAddress thread_pointer{};
};

/// Starts a child of the running thread, whose user registers are `frame`. Returns its number;
/// with CLONE_VFORK only once it has given the memory back.
Fallible<u32> clone_process(const CloneRequest& request, const arch::TrapFrame& frame);

/// A thread of `process` on a kernel stack of its own, that starts in user mode with `frame`.
/// `parent`, the running thread, gives the other registers. Not yet ready.
Fallible<Ref<Thread>> make_user_thread(Ref<Process> process, u32 id, const Thread& parent,
                                       const arch::TrapFrame& frame);

/// The first process's thread: runs `entry(argument)` in the kernel. Not yet ready.
Fallible<Ref<Thread>> make_kernel_thread(Ref<Process> process, u32 id, void (*entry)(void*),
                                         void* argument);

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
#include "kernel/core/process/fork.h"

#include "kernel/core/fs/process_file.h"
#include "kernel/core/process/cpu_limit.h"
#include "kernel/core/process/interval_timer.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/tracing/stop.h"
#include "kernel/core/tracing/tracing.h"
#include "kernel/core/vm/admission.h"
#include "kernel/core/vm/user_memory.h"
#include "kernel_arch/kernel_stack.h"
#include "kernel_arch/traced_thread.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel {

namespace {

/// Where a new thread's life begins, on its own kernel stack.
void enter_user_mode(void*) {
    finish_switch();
    Thread& self = current_thread();
    if (self.announce_id_at != VirtualAddress{}) {
        // A bad address is ignored, as Linux does.
        static_cast<void>(write_user(self.announce_id_at, self.id()).ok());
    }
    arch::TrapFrame& frame = arch::user_frame(self.registers);
    prepare_return_to_user(frame);
    arch::return_to_user(frame);
}

Fallible<void> check(const CloneRequest& request) {
    using namespace clone_bits;
    const u64 flags = request.flags;
    const bool bad_combination = (Handlers::test(flags) && !Memory::test(flags)) ||
                                 (clone_bits::Thread::test(flags) && !Handlers::test(flags));
    const bool bad_descriptor =
        PidDescriptor::test(flags) &&
        (clone_bits::Thread::test(flags) || Detached::test(flags) ||
         (ParentSetId::test(flags) && request.pid_descriptor == request.parent_id));
    if (bad_combination || bad_descriptor || NewNamespaces::test(flags) ||
        NewMountNamespace::test(flags) || request.exit_signal > signal_count) {
        return Error{Errno::Einval};
    }
    if (SetThreadPointer::test(flags) && request.thread_pointer >= arch::user_end) {
        return Error{Errno::Eperm};
    }
    return {};
}

Fallible<void> share_or_copy_memory(Process& child, Process& parent, u64 flags) {
    using namespace clone_bits;
    if (Memory::test(flags)) {
        child.memory = parent.memory;
        return {};
    }
    RF_TRY_ASSIGN(memory, parent.memory->copy());
    child.memory = memory;
    return {};
}

Fallible<void> share_or_copy_files(Process& child, Process& parent, u64 flags) {
    if (clone_bits::Files::test(flags)) {
        child.files = parent.files;
        return {};
    }
    RF_TRY_ASSIGN(files, parent.files->copy());
    child.files = files;
    return {};
}

void inherit(Process& child, Process& parent, const CloneRequest& request) {
    using namespace clone_bits;
    const u64 flags = request.flags;
    child.place = Place::test(flags) ? parent.place : parent.place->copy();
    child.handlers = Handlers::test(flags) ? parent.handlers : parent.handlers->copy();
    child.credentials = parent.credentials;
    child.limits = parent.limits;
    watch_cpu_limit(child);
    child.group = parent.group;
    child.session = parent.session;
    child.terminal = parent.terminal;
    const Scheduling& scheduling = current_thread().scheduling;
    const bool begins_anew =
        scheduling.reset_on_fork && (is_realtime(scheduling.policy) || parent.nice < 0);
    child.nice = begins_anew ? 0 : parent.nice;
    child.io_priority = parent.io_priority;
    child.fixed_addresses = parent.fixed_addresses;
    child.name = parent.name;
    child.command_line = parent.command_line;
    child.environment = parent.environment;
    child.executable = parent.executable;
    child.executable_path = parent.executable_path;
    // A sibling ends as its maker does: the parent of both has not asked for any other signal.
    child.exit_signal = SameParent::test(flags) ? parent.exit_signal : request.exit_signal;
    child.started = monotonic_now();
    child.holds_borrowed_memory = VFork::test(flags);
    child.parent = SameParent::test(flags) ? parent.parent : &parent;
    child.parent->children.push_back(child);
    child.maker = SameParent::test(flags) ? parent.maker : current_thread().id();
}

/// CLONE_SYSVSEM: what one of both takes of semaphores, the last one gives back.
void share_semaphore_undos(Process& child, Process& parent) {
    if (!parent.semaphore_undos) {
        parent.semaphore_undos = make_ref<SemaphoreUndoList>();
    }
    child.semaphore_undos = parent.semaphore_undos;
}

Fallible<Ref<Process>> make_child(Process& parent, u32 id, const CloneRequest& request) {
    Ref<Process> child = make_ref<Process>(id);
    RF_TRY(share_or_copy_files(*child, parent, request.flags));
    RF_TRY(share_or_copy_memory(*child, parent, request.flags));
    inherit(*child, parent, request);
    if (clone_bits::SystemV::test(request.flags)) {
        share_semaphore_undos(*child, parent);
    }
    return child;
}

void apply_thread_options(ringfence::kernel::Thread& thread, const CloneRequest& request) {
    using namespace clone_bits;
    if (ChildSetId::test(request.flags)) {
        thread.announce_id_at = request.child_id;
    }
    if (ChildClearId::test(request.flags)) {
        thread.clear_child_id = request.child_id;
    }
    if (SetThreadPointer::test(request.flags)) {
        RF_ASSERT(arch::set_thread_pointer(thread.registers, request.thread_pointer));  // checked
    }
}

void wait_for_memory_return(Process& child) {
    WaitQueue* const queues[] = {&child.released};
    while (child.holds_borrowed_memory && !current_thread().exiting()) {
        sleep_on(queues, never, Sleep::Uninterruptible);
    }
}

/// By which name a tracer hears of it. [linux/abi]: ptrace(2), PTRACE_O_TRACECLONE
TraceEvent event_of(const CloneRequest& request) {
    if (clone_bits::VFork::test(request.flags)) {
        return TraceEvent::VFork;
    }
    return request.exit_signal == signals::child && !clone_bits::Thread::test(request.flags)
               ? TraceEvent::Fork
               : TraceEvent::Clone;
}

/// A thread with a kernel stack.
Fallible<Ref<ringfence::kernel::Thread>> make_thread(Ref<Process> process, u32 id) {
    RF_TRY(admit_allocation());
    const auto stack = arch::allocate_kernel_stack();
    if (!stack) {
        return Error{Errno::Enomem};
    }
    auto thread = make_ref<ringfence::kernel::Thread>(id, std::move(process));
    thread->stack_top = stack.value();
    return thread;
}

/// Threads that memory allows, about as Linux counts: RLIMIT_NPROC's default.
constexpr u64 frames_per_thread = 64;
/// Frames that must be left for the processes that run already when another one starts.
constexpr u64 fork_headroom = 2 * reserved_frames;

/// Frames that copies of the process's arguments and environment take, at most.
u64 text_frames(const Process& process) {
    return 2 * (process.command_line.size() + process.environment.size()) / frame_size;
}

/// CLONE_PIDFD: a descriptor of the parent's for the child, and the parent told of it.
Fallible<i32> open_child(Process& parent, Ref<Process> child, VirtualAddress announce_at) {
    RF_TRY_ASSIGN(file, make_process_file(OpenFlags{}, std::move(child)));
    RF_TRY_ASSIGN(descriptor, parent.files->add(file, true, parent.limit(Resource::OpenFiles)));
    const auto told = write_user(announce_at, descriptor);
    if (!told) {
        RF_TRY(parent.files->close(descriptor));
        return Error{told.error()};
    }
    return descriptor;
}

/// What is made before the thread and goes with it if there is none.
struct Unstarted {
    Ref<Process> child;  ///< null for a thread of the caller's process
    i32 descriptor = -1;

    void discard(Process& parent) const {
        if (descriptor >= 0) {
            static_cast<void>(parent.files->close(descriptor).ok());  // nobody else has run since
        }
        if (child) {
            child->sibling_hook.unlink();
            child->memory = nullptr;
        }
    }
};

Fallible<Ref<ringfence::kernel::Thread>> make_first_thread(Unstarted& made,
                                                           const Ref<Process>& process, u32 id,
                                                           const CloneRequest& request,
                                                           const arch::TrapFrame& frame) {
    ringfence::kernel::Thread& self = current_thread();
    if (clone_bits::PidDescriptor::test(request.flags)) {
        RF_TRY_ASSIGN(descriptor, open_child(self.process(), process, request.pid_descriptor));
        made.descriptor = descriptor;
    }
    return make_user_thread(process, id, self, frame);
}

}  // namespace

namespace {
template <IntervalClock clock>
void fire(void* process) {
    fire_interval_timer(*static_cast<Process*>(process), clock);
}
}  // namespace

Process::Process(u32 identifier)
    : real_timer(fire<IntervalClock::Real>, this),
      virtual_timer(fire<IntervalClock::Virtual>, this),
      profiling_timer(fire<IntervalClock::Profiling>, this),
      cpu_limit_timer([](void* process) { enforce_cpu_limit(*static_cast<Process*>(process)); },
                      this),
      id_(identifier) {}

Fallible<Ref<Thread>> make_user_thread(Ref<Process> process, u32 id, const Thread& parent,
                                       const arch::TrapFrame& frame) {
    RF_TRY_ASSIGN(thread, make_thread(std::move(process), id));
    arch::prepare_fork(thread->registers, parent.registers, thread->stack_top, enter_user_mode,
                       nullptr);
    arch::user_frame(thread->registers) = frame;
    thread->registers.step_forced = parent.registers.step_forced;
    arch::clear_single_step(thread->registers);
    thread->blocked = parent.blocked;
    thread->scheduling = parent.scheduling.of_child();
    return thread;
}

Fallible<Ref<Thread>> make_kernel_thread(Ref<Process> process, u32 id, void (*entry)(void*),
                                         void* argument) {
    RF_TRY_ASSIGN(thread, make_thread(std::move(process), id));
    arch::prepare_thread(thread->registers, thread->stack_top, entry, argument);
    return thread;
}

Fallible<u32> clone_process(const CloneRequest& request, const arch::TrapFrame& frame) {
    using namespace clone_bits;
    RF_TRY(check(request));
    ringfence::kernel::Thread& self = current_thread();
    Process& parent = self.process();
    if (processes().thread_count() >= parent.limit(Resource::Processes) ||
        processes().thread_count() >= frames().total_frames() / frames_per_thread) {
        return Error{Errno::Eagain};
    }
    RF_TRY(admit_allocation(fork_headroom + text_frames(parent)));
    RF_TRY_ASSIGN(id, processes().new_id());

    const bool is_thread = clone_bits::Thread::test(request.flags);
    Ref<Process> process(&parent);
    if (!is_thread) {
        RF_TRY_ASSIGN(child, make_child(parent, id, request));
        process = child;
    }
    arch::TrapFrame child_frame = frame;
    child_frame.set_result(0);
    child_frame.forget_syscall();
    if (request.stack != VirtualAddress{}) {
        child_frame.set_stack_pointer(request.stack);
    }
    Unstarted unstarted{.child = is_thread ? Ref<Process>() : process};
    const auto made = make_first_thread(unstarted, process, id, request, child_frame);
    if (!made) {
        unstarted.discard(parent);
        return Error{made.error()};
    }
    const Ref<ringfence::kernel::Thread>& thread = made.value();
    apply_thread_options(*thread, request);
    if (!Memory::test(request.flags) || VFork::test(request.flags)) {
        thread->alternate_stack = self.alternate_stack;
    }
    if (!is_thread) {
        processes().add(process);
    }
    process->threads.push_back(*thread);
    processes().add(thread);
    if (ParentSetId::test(request.flags)) {
        static_cast<void>(write_user(request.parent_id, id).ok());  // ignored, as Linux does
    }
    const TraceEvent event = event_of(request);
    if (!Untraced::test(request.flags)) {
        inherit_tracing(*thread, event, Traced::test(request.flags));
    }
    make_ready(*thread);
    if (!Untraced::test(request.flags)) {
        stop_for_event(event, id);
    }
    if (VFork::test(request.flags) && !is_thread) {
        wait_for_memory_return(*process);
        stop_for_event(TraceEvent::VForkDone, id);
    }
    return id;
}

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
// The stops in which a thread waits for its tracer, and what the tracer's answers do to it. All of
// these are about the running thread, but for `resume`, and return when it may go on: because its
// tracer let it, is gone, or because the thread was killed meanwhile.
#pragma once

#include "kernel/core/process/process.h"
#include "kernel/core/tracing/tracee.h"
#include "kernel_arch/trap_frame.h"

namespace ringfence::kernel {

/// How a stopped thread goes on.
enum class Resumption : u8 { Run, ToCall, Step, EmulateCall, EmulateCallAndStep };

/// Lets a stopped thread go on, with `signal` as the tracer's answer to its stop.
void resume_tracee(Tracee& tracee, u32 signal, Resumption how);
/// PTRACE_INTERRUPT, or a stop of its process: `thread`, which is traced, stops soon.
void request_trap_stop(Thread& thread);
/// SIGCONT came for a seized thread.
void notify_of_resume(Thread& thread);

/// What `information` becomes of by the tracer's answer; none if nothing is to be delivered.
[[nodiscard]] std::optional<SignalInformation> stop_for_signal(
    const SignalInformation& information);
/// The event if the tracer wants to hear of it: `message` is for GETEVENTMSG. For Exec without the
/// option, SIGTRAP, unless the thread is seized.
void stop_for_event(TraceEvent event, u64 message);
/// A handler's frame was made while the thread was stepped.
void stop_at_handler();

/// Before a traced system call. False if it must not be made: the result is in the frame.
[[nodiscard]] bool stop_before_call(arch::TrapFrame& frame);
/// All that thread_work asks for, before signals are looked at: stops, the end of a system call,
/// and what must be ready when user mode runs. Returns at once if the thread must end.
void do_thread_work(arch::TrapFrame& frame);

}  // namespace ringfence::kernel

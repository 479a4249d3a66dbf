// SPDX-License-Identifier: MIT
// A thread: what the scheduler runs. Everything that several threads of a program share is in
// Process.
#pragma once

#include <optional>

#include "base/address.h"
#include "base/bits.h"
#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/scheduler/cpu_clock.h"
#include "kernel/core/scheduler/cpu_times.h"
#include "kernel/core/scheduler/scheduling.h"
#include "kernel/core/scheduler/timer.h"
#include "kernel/core/signal/pending_signals.h"
#include "kernel/core/tracing/tracee.h"
#include "kernel_arch/signal_frame.h"
#include "kernel_arch/thread_state.h"

namespace ringfence::kernel {

class Process;

/// What a thread must see to before it goes on with its program. Nearly always nothing.
namespace thread_work {
using Exit = Flag<0, u8>;          ///< must end
using TrapStop = Flag<1, u8>;      ///< must stop for its tracer
using TrapNotify = Flag<2, u8>;    ///< must tell its tracer that SIGCONT came
using TraceCalls = Flag<3, u8>;    ///< stops for its tracer at each system call
using EmulateCalls = Flag<4, u8>;  ///< its tracer stands in for its system calls
using Step = Flag<5, u8>;          ///< stops for its tracer after each instruction
using Breakpoints = Flag<6, u8>;   ///< hardware breakpoints must be loaded
/// Those that do not wait for the end of an interruptible sleep.
inline constexpr u8 interrupting = Exit::mask | TrapStop::mask | TrapNotify::mask;
/// How its tracer lets it go on: set anew each time.
inline constexpr u8 resumption = TraceCalls::mask | EmulateCalls::mask | Step::mask;
}  // namespace thread_work

enum class WakeReason : u8 { Woken, TimedOut, Interrupted };

/// How restart_syscall goes on with an interrupted sleep.
struct RestartBlock {
    bool armed = false;
    u64 deadline = never;
    VirtualAddress remaining{};  ///< where the program wants to know the rest; may be null
};

class Thread final : public RefCounted, public Counted<Thread> {
public:
    /// Stopped by a signal, or Traced: stopped for its tracer.
    enum class State : u8 { New, Ready, Running, Sleeping, Stopped, Traced, Dead };

    /// `process` is null only for the idle thread.
    Thread(u32 identifier, Ref<Process> owner);
    ~Thread() override;

    [[nodiscard]] u32 id() const { return id_; }
    /// For execve by another thread than the first, which then takes the first one's place.
    void set_id(u32 id) { id_ = id; }
    [[nodiscard]] Process& process() const { return *process_; }
    [[nodiscard]] bool is_idle() const { return !process_; }
    [[nodiscard]] bool exiting() const { return thread_work::Exit::test(work); }

    arch::ThreadState registers;
    VirtualAddress stack_top{};  ///< zero: runs on a stack that it does not own

    // The scheduler's.
    State state = State::New;
    Scheduling scheduling;       ///< changed by set_scheduling
    bool interruptible = false;  ///< while it sleeps: a signal wakes it
    WakeReason wake_reason = WakeReason::Woken;
    ListHook<Thread> run_hook{this};
    Timer sleep_timer;
    u64 running_since = 0;
    u64 run_time = 0;  ///< nanoseconds on the CPU before running_since
    TickCounts ticks;
    CpuTimeSplit time_split;
    CpuClocks cpu_clocks;

    // Signals.
    SignalSet blocked;
    std::optional<SignalSet> blocked_before_call;  ///< of sigsuspend, ppoll: restored on return
    PendingSignals pending;
    arch::SignalStack alternate_stack{.base = 0, .flags = 2, .reserved = 0, .size = 0};
    RestartBlock restart;
    u64 fault_address = 0;  ///< of the last page fault that became a signal

    // Threads in user space.
    VirtualAddress clear_child_id;  ///< zeroed and woken as a futex when the thread ends
    VirtualAddress robust_list;     ///< of locks that it may hold when it ends; null: none
    VirtualAddress announce_id_at;  ///< where a new thread writes its number when it starts
    ListHook<Thread> process_hook{this};
    u8 work = 0;  ///< thread_work

    // Tracing.
    Ref<Tracee> tracee;                                   ///< while another thread traces it
    IntrusiveList<Tracee, &Tracee::tracer_hook> tracees;  ///< that it traces

private:
    u32 id_;
    Ref<Process> process_;
};

}  // namespace ringfence::kernel

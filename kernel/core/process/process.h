// SPDX-License-Identifier: MIT
// A process: what the threads of a program share, and its place among other processes.
#pragma once

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/containers/string.h"
#include "kernel/core/fs/file_table.h"
#include "kernel/core/fs/working_place.h"
#include "kernel/core/ipc/semaphore_undo.h"
#include "kernel/core/process/credentials.h"
#include "kernel/core/process/executed_file.h"
#include "kernel/core/process/posix_timers.h"
#include "kernel/core/process/resource_limits.h"
#include "kernel/core/scheduler/thread.h"
#include "kernel/core/scheduler/wait_queue.h"
#include "kernel/core/signal/signal_handlers.h"
#include "kernel/core/terminal/terminal.h"
#include "kernel/core/tracing/tracee.h"
#include "kernel/core/vm/memory_space.h"

namespace ringfence::kernel {

/// How a process ended or changed, as wait reports it.
struct WaitStatus {
    u32 exit_code = 0;  ///< 0 to 255
    u32 signal = 0;     ///< 0, or what killed it
    bool dumped = false;

    /// The encoding of wait(2).
    [[nodiscard]] u32 encoded() const {
        using Signal = Bitfield<0, 7, u32>;
        using Dumped = Flag<7, u32>;
        using Code = Bitfield<8, 8, u32>;
        return Signal::make(signal) | Dumped::make(dumped ? 1 : 0) | Code::make(exit_code);
    }
};

/// An interval timer (setitimer, alarm).
struct IntervalTimer {
    explicit IntervalTimer(Timer::Callback callback, void* context) : timer(callback, context) {}
    Timer timer;
    u64 interval = 0;  ///< 0: fires once
};

class Process final : public RefCounted, public Counted<Process> {
public:
    enum class State : u8 { Alive, Stopped, Zombie };

    explicit Process(u32 identifier);

    [[nodiscard]] u32 id() const { return id_; }
    /// The thread that stands for the process in /proc and for signals; null once all have ended.
    [[nodiscard]] Thread* first_thread() const { return threads.front(); }
    [[nodiscard]] bool has_several_threads() const {
        return !threads.empty() && ++threads.begin() != threads.end();
    }
    [[nodiscard]] bool is_zombie() const { return state == State::Zombie; }
    [[nodiscard]] u64 limit(Resource which) const { return limits.at(which).soft; }

    // Its relatives. The parent of the kernel's own init process is itself.
    Process* parent = nullptr;
    ListHook<Process> sibling_hook{this};
    IntrusiveList<Process, &Process::sibling_hook> children;
    u32 group = 0;
    u32 session = 0;
    Ref<Terminal> terminal;   ///< that controls its session; null if none does
    u32 lost_foreground = 0;  ///< of a session leader: the group in the foreground of the terminal
                              ///< that was hung up, 0 if there is none

    // What its threads share.
    IntrusiveList<Thread, &Thread::process_hook> threads;
    Ref<MemorySpace> memory;
    Ref<FileTable> files;
    Ref<WorkingPlace> place;
    Ref<SignalHandlers> handlers;
    PendingSignals pending;
    Ref<SemaphoreUndoList> semaphore_undos;  ///< null until a SEM_UNDO
    Credentials credentials;
    ResourceLimits limits;

    // What it runs.
    String name;          ///< at most 15 bytes, as prctl(PR_SET_NAME) and /proc have it
    String command_line;  ///< arguments, each followed by NUL
    String environment;
    ExecutedFile executable;
    String executable_path;

    // Its end.
    State state = State::Alive;
    WaitStatus status;
    u32 exit_signal = signals::child;  ///< what the parent gets
    bool stop_unreported = false;      ///< for wait with WUNTRACED
    bool resume_unreported = false;    ///< for wait with WCONTINUED
    u32 stop_signal = 0;
    bool group_exiting = false;
    u32 parent_death_signal = 0;
    u32 maker = 0;             ///< the parent's thread that made it
    Ref<Tracee> ended_leader;  ///< of the first thread, which has ended, while it is traced
    WaitQueue signal_arrived;  ///< for signalfd: one more is pending
    WaitQueue child_changed;   ///< on the parent: a child ended, stopped or went on
    WaitQueue thread_ended;    ///< one of its threads ended
    WaitQueue ended;           ///< for pidfds: it has ended
    WaitQueue released;        ///< a vfork child gave its memory back

    // Time.
    u64 started = 0;
    u64 ended_threads_time = 0;  ///< of threads that have ended
    TickCounts ended_threads_ticks;
    CpuTimeSplit time_split;
    CpuTimes children_times;  ///< of children that were waited for
    u64 page_faults = 0;
    u64 children_page_faults = 0;
    i32 nice = 0;
    u32 io_priority = 0;  ///< as ioprio_set(2) has it
    CpuClocks cpu_clocks;
    Ref<CpuClock> own_cpu_clock;   ///< for the timers below; null if none was set by it
    Ref<CpuClock> own_user_clock;  ///< the same
    IntervalTimer real_timer;
    IntervalTimer virtual_timer;
    IntervalTimer profiling_timer;
    Timer cpu_limit_timer;
    PosixTimers posix_timers;
    bool holds_borrowed_memory = false;  ///< a vfork child before execve or exit
    bool fixed_addresses = false;        ///< personality: ADDR_NO_RANDOMIZE
    bool has_executed = false;           ///< since fork: setpgid by the parent is too late

private:
    u32 id_;
};

/// Nanoseconds of CPU time of all its threads.
[[nodiscard]] u64 cpu_time(const Process& process);

}  // namespace ringfence::kernel

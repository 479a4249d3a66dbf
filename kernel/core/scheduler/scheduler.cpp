// SPDX-License-Identifier: MIT
#include "kernel/core/scheduler/scheduler.h"

#include "kernel/core/log/log.h"
#include "kernel/core/process/process.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/scheduler/cpu_accounting.h"
#include "kernel/core/scheduler/run_queue.h"
#include "kernel/core/signal/deliver.h"
#include "kernel_arch/cpu.h"
#include "kernel_arch/kernel_stack.h"
#include "kernel_arch/traced_thread.h"

namespace ringfence::kernel {

namespace {

constexpr u32 ticks_per_slice = 4;
constexpr u32 ticks_per_round = arch::timer_ticks_per_second / 10;  // of SCHED_RR
constexpr u32 ticks_per_period = arch::timer_ticks_per_second;
constexpr u32 realtime_ticks_per_period = ticks_per_period * 95 / 100;

u32 ticks_of(const Thread& thread) {
    return thread.scheduling.policy == SchedulingPolicy::RoundRobin ? ticks_per_round
                                                                    : ticks_per_slice;
}

/// What real-time threads have had of the current second.
struct RealtimeShare {
    u32 ticks = 0;
    u32 realtime_ticks = 0;
    bool used_up = false;
};

/// What a switch of threads must look at, apart from the queue. Nearly always nothing.
namespace switch_work {
using RealtimeUsedUp = Flag<0, u8>;     ///< real-time threads have had their share
using BreakpointsLoaded = Flag<1, u8>;  ///< of the running thread
}  // namespace switch_work

struct SchedulerState {
    RunQueue ready;
    Thread* running = nullptr;
    Thread* idle = nullptr;
    Ref<Thread> dead;  ///< ended, still owns the stack it ran on last
    u32 slice_left = ticks_per_slice;
    bool slice_over = false;  ///< or one of higher priority wants the CPU
    RealtimeShare realtime;
    u8 work = 0;  ///< switch_work
};

SchedulerState& scheduler() {
    static SchedulerState state;
    return state;
}

/// Goes on with `next`, which is in no queue.
void switch_to(SchedulerState& state, Thread& next) {
    Thread& previous = *state.running;
    state.slice_left = ticks_of(next);
    state.slice_over = false;
    next.state = Thread::State::Running;
    if (&next == &previous) {
        return;
    }
    const u64 now = monotonic_now();
    previous.run_time += now - previous.running_since;
    next.running_since = now;
    state.running = &next;
    if (!next.is_idle()) {
        next.process().memory->activate();
    }
    arch::switch_threads(previous.registers, next.registers);
    finish_switch();
}

/// The next in turn, or the idle thread.
Thread& take_next(SchedulerState& state) {
    Thread* const next = state.ready.take();
    return next != nullptr ? *next : *state.idle;
}

/// The same when switch_work is there. Apart, so that nothing is kept for it on the usual way.
[[gnu::noinline]] Thread& take_next_with_work(SchedulerState& state) {
    using namespace switch_work;
    if (BreakpointsLoaded::test(state.work)) {
        arch::disarm_breakpoints();
        state.work &= static_cast<u8>(~BreakpointsLoaded::mask);
    }
    Thread* const ordinary =
        RealtimeUsedUp::test(state.work) ? state.ready.take_ordinary() : nullptr;
    return ordinary != nullptr ? *ordinary : take_next(state);
}

/// Gives the CPU to the next thread, or to the idle one.
void switch_away() {
    SchedulerState& state = scheduler();
    switch_to(state, state.work != 0 ? take_next_with_work(state) : take_next(state));
}

/// A thread may run from now on, at once if it is more urgent than the one that does.
void let_run(Thread& thread) {
    SchedulerState& state = scheduler();
    state.ready.add(thread);
    if (thread.scheduling.priority > state.running->scheduling.priority) {
        state.slice_over = true;
    }
}

/// One tick more of a second.
void count_realtime(SchedulerState& state) {
    RealtimeShare& share = state.realtime;
    const bool was_used_up = share.used_up;
    share.realtime_ticks += state.running->scheduling.priority > 0 ? 1 : 0;
    if (++share.ticks == ticks_per_period) {
        share = {};
    } else {
        share.used_up = share.realtime_ticks >= realtime_ticks_per_period;
    }
    if (share.used_up != was_used_up) {
        state.work ^= switch_work::RealtimeUsedUp::mask;
        state.slice_over = true;
    }
}

/// A sleeping thread's place in one queue.
class Sleeper final : public Waiter {
public:
    explicit Sleeper(Thread& thread) : thread_(thread) {}
    void notify() override { wake(thread_, WakeReason::Woken); }

    Sleeper* next = nullptr;  ///< the same thread's place in another queue

private:
    Thread& thread_;
};

void wake_from_timer(void* thread) {
    wake(*static_cast<Thread*>(thread), WakeReason::TimedOut);
}

}  // namespace

Thread::Thread(u32 identifier, Ref<Process> owner)
    : sleep_timer(wake_from_timer, this), id_(identifier), process_(std::move(owner)) {}

Thread::~Thread() {
    if (stack_top != VirtualAddress{}) {
        arch::free_kernel_stack(stack_top);
    }
}

void finish_switch() {
    scheduler().dead = nullptr;
}

Thread& current_thread() {
    return *scheduler().running;
}

Process& current_process() {
    return scheduler().running->process();
}

TimerQueue& timers() {
    static TimerQueue queue;
    return queue;
}

void start_scheduler() {
    static Ref<Thread> idle = make_ref<Thread>(0, Ref<Process>());
    SchedulerState& state = scheduler();
    state.idle = idle.get();
    state.running = idle.get();
    idle->state = Thread::State::Running;
}

void run_idle() {
    SchedulerState& state = scheduler();
    for (;;) {
        if (!state.ready.empty()) {
            switch_away();
        } else if (timers().empty()) {
            report_deadlock();
        } else {
            arch::wait_for_interrupt();
        }
    }
}

void make_ready(Thread& thread) {
    RF_ASSERT(thread.state == Thread::State::New || thread.state == Thread::State::Stopped ||
              thread.state == Thread::State::Traced);
    let_run(thread);
}

void wake(Thread& thread, WakeReason reason) {
    if (thread.state == Thread::State::Sleeping) {
        thread.wake_reason = reason;
        let_run(thread);
    }
}

WaitQueue::~WaitQueue() {
    while (waiters_.pop_front() != nullptr) {
    }
}

void WaitQueue::wake_all() {
    for (Waiter& waiter : waiters_) {
        waiter.notify();
    }
}

void yield() {
    SchedulerState& state = scheduler();
    if (!state.ready.empty()) {
        state.ready.add(*state.running);
        switch_away();
    }
}

WakeReason sleep_on(std::span<WaitQueue* const> queues, u64 deadline, Sleep kind) {
    Thread& self = current_thread();
    if (kind == Sleep::Interruptible && has_deliverable_signal(self)) {
        return WakeReason::Interrupted;
    }
    if (deadline <= monotonic_now()) {
        return WakeReason::TimedOut;
    }
    Sleeper* places = nullptr;
    for (WaitQueue* queue : queues) {
        Sleeper* const place = new Sleeper(self);
        queue->add(*place);
        place->next = std::exchange(places, place);
    }
    timers().arm(self.sleep_timer, deadline);
    self.interruptible = kind == Sleep::Interruptible;
    self.state = Thread::State::Sleeping;
    switch_away();
    self.sleep_timer.cancel();
    while (places != nullptr) {
        Sleeper* const place = std::exchange(places, places->next);
        place->hook.unlink();
        delete place;
    }
    return self.wake_reason;
}

void stop_current(Thread::State state) {
    current_thread().state = state;
    switch_away();
}

void note_breakpoints_loaded() {
    scheduler().work |= switch_work::BreakpointsLoaded::mask;
}

void end_current() {
    SchedulerState& state = scheduler();
    state.running->state = Thread::State::Dead;
    state.dead = state.running;
    processes().remove(*state.running);
    switch_away();
    RF_UNREACHABLE("a dead thread runs");
}

void scheduler_tick(CpuMode mode) {
    SchedulerState& state = scheduler();
    count_tick(*state.running, mode);
    timers().expire(monotonic_now());
    expire_cpu_timers(*state.running);
    count_realtime(state);
    if (state.slice_left > 0 && state.running->scheduling.policy != SchedulingPolicy::Fifo) {
        --state.slice_left;
    }
    state.slice_over = state.slice_over || state.slice_left == 0;
}

void reschedule_if_due() {
    SchedulerState& state = scheduler();
    if (!state.slice_over) {
        return;
    }
    // Who is interrupted by somebody more urgent keeps its turn.
    const Turn turn = state.slice_left == 0 ? Turn::Last : Turn::First;
    state.slice_over = false;
    state.slice_left = ticks_of(*state.running);
    if (!state.ready.empty()) {
        state.ready.add(*state.running, turn);
        switch_away();
    }
}

void set_scheduling(Thread& thread, const Scheduling& wanted) {
    SchedulerState& state = scheduler();
    const bool is_ready = thread.state == Thread::State::Ready;
    if (is_ready) {
        state.ready.remove(thread);
    }
    thread.scheduling = wanted;
    if (is_ready) {
        let_run(thread);
    } else if (&thread == state.running) {
        state.slice_over = true;  // others may be more urgent now
    }
}

u64 slice_of(const Thread& thread) {
    constexpr u64 tick = nanoseconds_per_second / arch::timer_ticks_per_second;
    return thread.scheduling.policy == SchedulingPolicy::Fifo ? 0 : ticks_of(thread) * tick;
}

u64 cpu_time(const Thread& thread) {
    const bool running = &thread == scheduler().running;
    return thread.run_time + (running ? monotonic_now() - thread.running_since : 0);
}

u64 idle_time() {
    return cpu_time(*scheduler().idle);
}

}  // namespace ringfence::kernel

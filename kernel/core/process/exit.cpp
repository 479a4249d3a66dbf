// SPDX-License-Identifier: MIT
#include "kernel/core/process/exit.h"

#include "kernel/core/process/first_process.h"
#include "kernel/core/process/process_groups.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/process/robust_list.h"
#include "kernel/core/process/run_report.h"
#include "kernel/core/scheduler/cpu_accounting.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/syscall/futex_table.h"
#include "kernel/core/terminal/job_control.h"
#include "kernel/core/tracing/end.h"
#include "kernel/core/tracing/stop.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel {

namespace {

void adopt(Process& orphan, Process& parent) {
    orphan.sibling_hook.unlink();
    orphan.parent = &parent;
    parent.children.push_back(orphan);
}

void leave_children_to_init(Process& process) {
    Process& init = processes().init();
    for (Process& child : process.children) {
        adopt(child, init);
        if (child.session == process.session && child.group != process.group) {
            end_stop_of_orphans(child.group);
        }
        if (child.is_zombie()) {
            if (!child.ended_leader) {  // else its tracer hears of it first
                reap(child);
            }
        } else if (child.parent_death_signal != 0) {
            send_signal(child, {.number = child.parent_death_signal, .sender = process.id()});
        }
    }
}

/// The parent does not want to know: no zombie is kept.
bool is_unwatched(const Process& process) {
    const Process& parent = *process.parent;
    const SignalAction& action = parent.handlers->action(signals::child);
    return &parent == &processes().init() ||
           (process.exit_signal == signals::child &&
            (action.is_ignored() || action_bits::NoChildWait::test(action.flags)));
}

void end_process(Process& process) {
    for (Timer* timer : {&process.real_timer.timer, &process.virtual_timer.timer,
                         &process.profiling_timer.timer, &process.cpu_limit_timer}) {
        timer->cancel();
    }
    process.posix_timers.remove_all();
    process.files = nullptr;
    process.place = nullptr;
    process.executable = {};
    leave_terminal(process);
    if (process.memory->references() == 1) {
        report_user_table(process);
    }
    process.memory = nullptr;
    process.semaphore_undos = nullptr;
    release_borrowed_memory(process);
    process.state = Process::State::Zombie;
    process.ended.wake_all();
    leave_children_to_init(process);
    if (process.parent->session == process.session && process.parent->group != process.group) {
        end_stop_of_orphans(process.group);
    }
    if (is_first_process(process)) {
        finish_machine(process.status);
    }
    if (!withhold_end(process)) {
        announce_end(process);
    }
}

}  // namespace

void announce_end(Process& process) {
    const bool unwatched = is_unwatched(process);
    const WaitStatus& status = process.status;
    notify_parent(process,
                  status.signal == 0 ? signal_codes::child_exited : signal_codes::child_killed,
                  static_cast<i32>(status.signal == 0 ? status.exit_code : status.signal));
    if (unwatched) {
        reap(process);
    }
}

void release_borrowed_memory(Process& process) {
    process.holds_borrowed_memory = false;
    process.released.wake_all();
}

void leave_memory(Thread& thread) {
    release_robust_locks(thread);
    const VirtualAddress address = std::exchange(thread.clear_child_id, VirtualAddress{});
    Process& process = thread.process();
    const bool somebody_looks = process.memory->references() > 1 || process.has_several_threads();
    if (address != VirtualAddress{} && somebody_looks) {
        // A bad address is the program's own affair; nobody is left to tell.
        if (write_user(address, u32{0}).ok()) {
            wake_futex(address, 1);
        }
    }
}

void reap(Process& process) {
    Process& parent = *process.parent;
    if (const Ref<Tracee> tracee = std::exchange(process.ended_leader, nullptr); tracee) {
        tracee->leave();
    }
    parent.children_times += cpu_times(process);
    parent.children_times += process.children_times;
    parent.children_page_faults += process.page_faults + process.children_page_faults;
    process.sibling_hook.unlink();
    process.cpu_clocks.stop();
    // Pidfds may keep the rest of it.
    process.command_line = String();
    process.environment = String();
    processes().remove(process);
}

void exit_current_thread(const WaitStatus& status) {
    stop_for_event(TraceEvent::Exit, status.encoded());
    {
        Thread& thread = current_thread();
        const Ref<Process> process(&thread.process());
        leave_memory(thread);
        thread.cpu_clocks.stop();
        process->ended_threads_time += cpu_time(thread);
        process->ended_threads_ticks += thread.ticks;
        thread.process_hook.unlink();
        process->thread_ended.wake_all();
        end_tracing(thread, status);
        if (process->threads.empty()) {
            end_process(*process);
        }
    }
    end_current();
}

}  // namespace ringfence::kernel

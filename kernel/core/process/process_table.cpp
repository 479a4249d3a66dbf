// SPDX-License-Identifier: MIT
#include "kernel/core/process/process_table.h"

#include <algorithm>

#include "kernel/core/log/log.h"
#include "kernel/core/tracing/end.h"
#include "kernel_arch/cpu.h"

namespace ringfence::kernel {

namespace {

/// Position of the object with number `id`, or where it would be.
template <typename T>
usize position_of(const Vector<Ref<T>>& sorted, u32 id) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), id,
                                     [](const Ref<T>& a, u32 wanted) { return a->id() < wanted; });
    return static_cast<usize>(at - sorted.begin());
}

template <typename T>
T* find_in(const Vector<Ref<T>>& sorted, u32 id) {
    const usize position = position_of(sorted, id);
    return position < sorted.size() && sorted[position]->id() == id ? sorted[position].get()
                                                                    : nullptr;
}

template <typename T>
void remove_from(Vector<Ref<T>>& sorted, const T& object) {
    const usize position = position_of(sorted, object.id());
    RF_ASSERT(position < sorted.size() && sorted[position] == &object);
    const Ref<T> held = sorted[position];
    sorted.erase(position);
}

}  // namespace

bool ProcessTable::in_use(u32 id) const {
    return find_thread(id) != nullptr || is_ended_tracee(id) ||
           std::any_of(processes_.begin(), processes_.end(), [id](const Ref<Process>& process) {
               return process->id() == id || process->group == id || process->session == id;
           });
}

Fallible<u32> ProcessTable::new_id() {
    if (threads_.size() >= most_threads || processes_.size() >= most_threads) {
        return Error{Errno::Eagain};
    }
    do {
        last_id_ = last_id_ == largest_id ? 2 : last_id_ + 1;
    } while (in_use(last_id_));
    return last_id_;
}

void ProcessTable::add(Ref<Process> process) {
    ++created_;
    const usize position = position_of(processes_, process->id());
    processes_.insert(position, std::move(process));
}

void ProcessTable::remove(const Process& process) {
    remove_from(processes_, process);
}

void ProcessTable::add(Ref<Thread> thread) {
    const usize position = position_of(threads_, thread->id());
    threads_.insert(position, std::move(thread));
}

void ProcessTable::remove(const Thread& thread) {
    remove_from(threads_, thread);
}

Process* ProcessTable::find(u32 id) const {
    return find_in(processes_, id);
}

Thread* ProcessTable::find_thread(u32 id) const {
    return find_in(threads_, id);
}

bool ProcessTable::has_group(u32 group, u32 session) const {
    return std::any_of(processes_.begin(), processes_.end(), [&](const Ref<Process>& process) {
        return process->group == group && (session == 0 || process->session == session);
    });
}

ProcessTable& processes() {
    static ProcessTable table;
    return table;
}

void report_deadlock() {
    log_important("deadlock: every thread sleeps and no timer is armed");
    for (const Ref<Process>& process : processes().all()) {
        if (process->is_zombie()) {
            log_important("  process {} ({}): ended, waits to be reaped", process->id(),
                          process->name.view());
            continue;
        }
        for (const Thread& thread : process->threads) {
            log_important("  process {} thread {} ({}): {}", process->id(), thread.id(),
                          process->name.view(),
                          thread.state == Thread::State::Sleeping ? "sleeps" : "stopped");
        }
    }
    arch::exit_machine(abi::MachineExit::KernelPanic);
}

}  // namespace ringfence::kernel

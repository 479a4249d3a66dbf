// SPDX-License-Identifier: MIT
// All processes and threads, by number. Process 1 is the kernel's own: it has no thread, adopts
// orphans and waits for them.
#pragma once

#include "kernel/core/containers/vector.h"
#include "kernel/core/errors.h"
#include "kernel/core/process/process.h"

namespace ringfence::kernel {

class ProcessTable {
public:
    static constexpr u32 largest_id = 32767;
    static constexpr usize most_threads = 4096;

    /// A number that no process, thread, group or session has; Eagain if there are too many.
    Fallible<u32> new_id();
    void add(Ref<Process> process);
    void remove(const Process& process);
    void add(Ref<Thread> thread);
    void remove(const Thread& thread);

    [[nodiscard]] Process* find(u32 id) const;  ///< null if there is none
    [[nodiscard]] Thread* find_thread(u32 id) const;
    /// Ascending by number.
    [[nodiscard]] const Vector<Ref<Process>>& all() const { return processes_; }
    [[nodiscard]] usize thread_count() const { return threads_.size(); }
    /// True if a process of that group, in that session if it is not 0, is there.
    [[nodiscard]] bool has_group(u32 group, u32 session = 0) const;
    [[nodiscard]] u64 created() const { return created_; }
    [[nodiscard]] u32 last_id() const { return last_id_; }

    [[nodiscard]] Process& init() const { return *init_; }
    void set_init(Ref<Process> process) { init_ = std::move(process); }

private:
    [[nodiscard]] bool in_use(u32 id) const;

    Vector<Ref<Process>> processes_;
    Vector<Ref<Thread>> threads_;
    Ref<Process> init_;
    u32 last_id_ = 0;
    u64 created_ = 0;
};

ProcessTable& processes();

/// Every thread sleeps and nothing can wake one: says who sleeps, and ends the machine.
[[noreturn]] void report_deadlock();

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
// Shared by programs that trace others: ptrace as the system call is, and stops by name.
#pragma once

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>

#include "guest/programs/children.h"

namespace tracing {

inline long trace(int request, pid_t thread, unsigned long address = 0, unsigned long data = 0) {
    return syscall(SYS_ptrace, request, thread, address, data);
}
inline long trace(int request, pid_t thread, unsigned long address, const void* data) {
    return trace(request, thread, address, reinterpret_cast<unsigned long>(data));
}
/// A word of memory or of struct user.
inline uint64_t peek(int request, pid_t thread, unsigned long address) {
    uint64_t word = 0;
    require(trace(request, thread, address, &word) == 0, "peek");
    return word;
}
inline unsigned long place(const void* pointer) {
    return reinterpret_cast<unsigned long>(pointer);
}

inline user_regs_struct registers(pid_t thread) {
    user_regs_struct all{};
    require(trace(PTRACE_GETREGS, thread, 0, &all) == 0, "PTRACE_GETREGS");
    return all;
}
inline long set_registers(pid_t thread, const user_regs_struct& all) {
    return trace(PTRACE_SETREGS, thread, 0, &all);
}

inline void show_status(const char* name, int status) {
    if (WIFEXITED(status)) {
        std::printf("%s: exit %d\n", name, WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        std::printf("%s: killed by %d\n", name, WTERMSIG(status));
    } else if (WIFCONTINUED(status)) {
        std::printf("%s: goes on\n", name);
    } else {
        std::printf("%s: stop %d, event %d\n", name, WSTOPSIG(status), status >> 16);
    }
}

/// Waits for what `thread` does next, and says it.
inline int next(const char* name, pid_t thread) {
    int status = 0;
    pid_t found = 0;
    do {
        found = waitpid(thread, &status, __WALL);
    } while (found < 0 && errno == EINTR);
    if (found < 0) {
        show(name, found);
        return -1;
    }
    show_status(name, status);
    return status;
}

inline void go_on(pid_t thread, int request = PTRACE_CONT, int signal = 0) {
    if (trace(request, thread, 0, static_cast<unsigned long>(signal)) < 0) {
        show("going on", -1);
    }
}

/// A child that asks to be traced, stops, and then does `work`.
template <typename Work>
pid_t start_traced(Work work) {
    const pid_t child = children::start([&] {
        require(trace(PTRACE_TRACEME, 0) == 0, "PTRACE_TRACEME");
        raise(SIGSTOP);
        return work();
    });
    int status = 0;
    require(
        waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP,
        "the first stop");
    return child;
}

/// Orphans of killed tracers are this program's to wait for, where that can be asked for.
inline void adopt_orphans() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}
inline void wait_for_orphans() {
    while (waitpid(-1, nullptr, __WALL) > 0) {
    }
}

/// The end of a tracee that is stopped.
inline void end(const char* name, pid_t thread) {
    kill(thread, SIGKILL);
    next(name, thread);
}

}  // namespace tracing

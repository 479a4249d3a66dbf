// SPDX-License-Identifier: MIT
#include "guest/endurance/traced_children.h"

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>

namespace endurance {

namespace {

constexpr unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE |
                                  PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;

long trace(__ptrace_request request, pid_t child, unsigned long address, unsigned long data) {
    return ptrace(request, child, address, data);
}

[[noreturn]] void be_traced() {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    if (fork() == 0) {
        _exit(0);
    }
    wait(nullptr);
    _exit(0);
}

void change_it(pid_t child) {
    user_regs_struct registers{};
    ptrace(PTRACE_GETREGS, child, 0, &registers);
    ptrace(PTRACE_SETREGS, child, 0, &registers);
    // Its own copy of a page of text, with what was there.
    const long word = ptrace(PTRACE_PEEKTEXT, child, registers.rip, 0);
    trace(PTRACE_POKETEXT, child, registers.rip, static_cast<unsigned long>(word));
    constexpr unsigned long on_execution = 1;
    trace(PTRACE_POKEUSER, child, offsetof(user, u_debugreg), registers.rip);
    trace(PTRACE_POKEUSER, child, offsetof(user, u_debugreg) + 7 * sizeof(long), on_execution);
}

/// Goes on with whoever stops, `times` times at most.
void follow(pid_t child, __ptrace_request way, unsigned times) {
    pid_t next = child;
    for (unsigned i = 0; i < times && next > 0; ++i) {
        ptrace(way, next, 0, 0);
        next = waitpid(-1, nullptr, __WALL);
    }
}

/// Waits for what has stopped or ended; the rest ends with its tracer.
void end_all(pid_t child) {
    kill(child, SIGKILL);
    int status = 0;
    for (pid_t found = 0; (found = waitpid(-1, &status, __WALL | WNOHANG)) > 0;) {
        if (WIFSTOPPED(status)) {
            kill(found, SIGKILL);
            ptrace(PTRACE_CONT, found, 0, 0);
        }
    }
}

[[noreturn]] void trace_one(unsigned variant) {
    const pid_t child = fork();
    if (child == 0) {
        be_traced();
    }
    waitpid(child, nullptr, 0);
    trace(PTRACE_SETOPTIONS, child, 0, options);
    change_it(child);
    constexpr __ptrace_request ways[] = {PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SINGLESTEP};
    follow(child, ways[variant % 3], variant % 8);
    if (variant % 4 == 0) {
        ptrace(PTRACE_DETACH, child, 0, 0);
    } else if (variant % 4 != 1) {  // else they end with their tracer
        end_all(child);
    }
    _exit(0);
}

}  // namespace

void trace_a_child(unsigned variant) {
    int ends[2];
    if (pipe(ends) != 0) {
        return;
    }
    const pid_t tracer = fork();
    if (tracer == 0) {
        trace_one(variant);
    }
    close(ends[1]);
    char byte = 0;
    while (read(ends[0], &byte, 1) > 0) {  // until the last of them is gone
    }
    close(ends[0]);
    if (tracer > 0) {
        waitpid(tracer, nullptr, 0);
    }
}

}  // namespace endurance

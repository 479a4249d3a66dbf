// SPDX-License-Identifier: MIT
// ptrace: the stops that a tracer sees, and what its answers do.
#include <pthread.h>
#include <sched.h>

#include "guest/programs/tracing/tracee.h"

using namespace tracing;

namespace {

constexpr int seize = PTRACE_SEIZE;
constexpr int interrupt = PTRACE_INTERRUPT;
constexpr int listen_only = PTRACE_LISTEN;
constexpr int call_information = PTRACE_GET_SYSCALL_INFO;
constexpr unsigned long all_events =
    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
    PTRACE_O_TRACEEXEC | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXIT;

volatile int handled = 0;
void note(int) {
    handled = handled + 1;
}

void refusals() {
    show("nobody to continue", trace(PTRACE_CONT, getpid()));
    show("no such thread", trace(PTRACE_CONT, 999'999));
    show("attaching to oneself", trace(PTRACE_ATTACH, getpid()));
    show("attaching to nobody", trace(PTRACE_ATTACH, 0));
    const pid_t child = start_traced([] { return trace(PTRACE_TRACEME, 0) < 0 ? errno : 0; });
    show("a request that there is not", trace(4711, child));
    show("attaching twice", trace(PTRACE_ATTACH, child));
    show("options that there are not", trace(PTRACE_SETOPTIONS, child, 0, 1UL << 30));
    show("a signal that there is not", trace(PTRACE_CONT, child, 0, 65));
    show("interrupting what is not seized", trace(interrupt, child));
    show("listening to what is not seized", trace(listen_only, child));
    show("a bad pointer", trace(PTRACE_GETREGS, child, 0, 8));
    show("going on", trace(PTRACE_CONT, child));
    next("tracing twice", child);
    show("no child is left", waitpid(-1, nullptr, 0));
}

void signals_in_between() {
    const pid_t child = start_traced([] {
        std::signal(SIGUSR1, note);
        raise(SIGUSR1);
        raise(SIGUSR2);
        raise(SIGWINCH);
        return 10 + handled;
    });
    go_on(child);
    next("a caught signal", child);
    siginfo_t information{};
    show("what it says", trace(PTRACE_GETSIGINFO, child, 0, &information));
    std::printf("signal %d, code %d, of itself: %d\n", information.si_signo, information.si_code,
                information.si_pid == child);
    go_on(child, PTRACE_CONT, SIGUSR1);
    next("one that would kill", child);
    go_on(child);
    next("one that is ignored", child);
    go_on(child, PTRACE_CONT, SIGUSR1);
    next("the end", child);
}

void system_calls() {
    const pid_t child = start_traced([] {
        const long first = syscall(SYS_getppid);
        const long second = syscall(SYS_getuid);
        const long third = syscall(SYS_getpid);
        return first == getpid() && second == -77 && third == 4242 ? 1 : 2;
    });
    require(trace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD) == 0, "PTRACE_SETOPTIONS");
    const auto reach = [&](long number) {
        for (;;) {
            go_on(child, PTRACE_SYSCALL);
            int status = 0;
            require(waitpid(child, &status, 0) == child && WIFSTOPPED(status), "a call");
            user_regs_struct all = registers(child);
            if (static_cast<long>(all.orig_rax) == number) {
                std::printf("call %ld: stop %d, result %ld\n", number, WSTOPSIG(status),
                            static_cast<long>(all.rax));
                return all;
            }
        }
    };
    const auto finish = [&](const char* name) {
        go_on(child, PTRACE_SYSCALL);
        next(name, child);
        return registers(child);
    };
    // getppid becomes getpid
    user_regs_struct all = reach(SYS_getppid);
    __ptrace_syscall_info information{};
    std::printf("%ld bytes to know",
                trace(call_information, child, sizeof(information), &information));
    std::printf(" of %d, call %d\n", information.op, static_cast<int>(information.entry.nr));
    all.orig_rax = SYS_getpid;
    show("another call", set_registers(child, all));
    all = finish("its end");
    std::printf("the child's number: %d\n", static_cast<pid_t>(all.rax) == child);
    std::printf("%ld bytes to know",
                trace(call_information, child, sizeof(information), &information));
    std::printf(" of %d, error %d\n", information.op, information.exit.is_error);
    // getuid is not made at all
    all = reach(SYS_getuid);
    all.orig_rax = static_cast<unsigned long long>(-1);
    all.rax = static_cast<unsigned long long>(-77);
    show("no call", set_registers(child, all));
    all = finish("its end");
    // errors become errno in the C library, so give the word as a value would be given
    all.rax = static_cast<unsigned long long>(-77);
    set_registers(child, all);
    reach(SYS_getpid);
    all = finish("its end");
    all.rax = 4242;
    show("another result", set_registers(child, all));
    go_on(child);
    next("the end", child);
}

/// Which event a child's making is, and what the tracer then sees of it.
template <typename Make>
void event_of(const char* name, Make make) {
    std::printf("-- %s\n", name);
    const pid_t child = start_traced([&] {
        make();
        return 0;
    });
    require(trace(PTRACE_SETOPTIONS, child, 0, all_events) == 0, "PTRACE_SETOPTIONS");
    go_on(child);
    next("event", child);
    unsigned long made = 0;
    trace(PTRACE_GETEVENTMSG, child, 0, &made);
    next("the new one", static_cast<pid_t>(made));
    go_on(child);
    go_on(static_cast<pid_t>(made));
    next("the new one ends", static_cast<pid_t>(made));
    unsigned long code = 0;
    trace(PTRACE_GETEVENTMSG, static_cast<pid_t>(made), 0, &code);
    std::printf("with %#lx\n", code);
    go_on(static_cast<pid_t>(made));
    next("the new one is gone", static_cast<pid_t>(made));
    for (int status = next("event", child); WIFSTOPPED(status); status = next("event", child)) {
        go_on(child);
    }
}

/// No SIGCHLD comes at a moment that nobody knows.
void block_signals() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
}

void* end_thread(void*) {
    syscall(SYS_exit, 5);
    return nullptr;
}

void events() {
    event_of("fork", [] {
        block_signals();
        const pid_t made = fork();
        if (made == 0) {
            _exit(3);
        }
        waitpid(made, nullptr, 0);
    });
    event_of("vfork", [] {
        block_signals();
        const pid_t made = vfork();
        if (made == 0) {
            _exit(4);
        }
        waitpid(made, nullptr, 0);
    });
    event_of("thread", [] {
        pthread_t thread{};
        pthread_create(&thread, nullptr, end_thread, nullptr);
        pthread_join(thread, nullptr);
        raise(SIGUSR1);  // the tracer holds it there while it waits for the thread
    });
}

void group_stops() {
    const pid_t child = children::start([] {
        for (;;) {
            pause();
        }
        return 0;
    });
    show("seizing", trace(seize, child));
    show("seizing with an address", trace(seize, child, 1));
    show("interrupting", trace(interrupt, child));
    next("interrupted", child);
    go_on(child);
    kill(child, SIGSTOP);
    next("SIGSTOP", child);
    go_on(child, PTRACE_CONT, SIGSTOP);
    next("all of it", child);
    show("listening", trace(listen_only, child));
    show("no answer while it listens", trace(PTRACE_CONT, child));
    kill(child, SIGCONT);
    next("SIGCONT", child);
    go_on(child);
    next("its delivery", child);
    go_on(child, PTRACE_CONT, SIGCONT);
    show("interrupting again", trace(interrupt, child));
    next("interrupted", child);
    show("detaching", trace(PTRACE_DETACH, child));
    kill(child, SIGTERM);
    next("the end", child);
}

void attaching() {
    const pid_t child = children::start([] {
        for (;;) {
            pause();
        }
        return 0;
    });
    show("attaching", trace(PTRACE_ATTACH, child));
    next("attached", child);
    show("detaching with a signal", trace(PTRACE_DETACH, child, 0, SIGKILL));
    next("the end", child);
}

void tracers_end(const char* name, unsigned long options) {
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    const pid_t subject = children::start([&] {
        close(ends[1]);
        char byte = 0;
        // Goes on when the tracer, which has the other end as well, is gone.
        return static_cast<int>(read(ends[0], &byte, 1)) + 20;
    });
    children::in_child("tracer", [&] {
        require(trace(seize, subject, 0, options) == 0, "PTRACE_SEIZE");
        require(trace(interrupt, subject) == 0, "PTRACE_INTERRUPT");
        int status = 0;
        require(waitpid(subject, &status, __WALL) == subject, "waitpid");
        return 0;
    });
    close(ends[0]);
    close(ends[1]);
    next(name, subject);
}

}  // namespace

int main() {
    children::begin();
    refusals();
    signals_in_between();
    system_calls();
    events();
    group_stops();
    attaching();
    tracers_end("a tracee whose tracer has ended", 0);
    tracers_end("one that ends with it", PTRACE_O_EXITKILL);
    std::printf("done\n");
}

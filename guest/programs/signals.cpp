// SPDX-License-Identifier: MIT
// Signal handlers: delivery, masks, restart, alternate stacks, faults with their siginfo.
#include <csetjmp>
#include <csignal>
#include <ctime>
#include <initializer_list>

#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"

namespace {

volatile sig_atomic_t seen;
volatile sig_atomic_t seen_code;
volatile sig_atomic_t on_alternate_stack;
sigjmp_buf after_fault;
char alternate_stack[64 * 1024];

void count(int /*signal*/) {
    seen = seen + 1;
}

void remember(int signal, siginfo_t* information, void* /*context*/) {
    seen = signal;
    seen_code = information->si_code;
}

void jump_out(int signal, siginfo_t* information, void* /*context*/) {
    char here;
    on_alternate_stack =
        &here >= alternate_stack && &here < alternate_stack + sizeof alternate_stack;
    seen = signal;
    seen_code = information->si_code;
    siglongjmp(after_fault, 1);
}

void install(int signal, void (*handler)(int, siginfo_t*, void*), int flags) {
    struct sigaction action{};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    sigemptyset(&action.sa_mask);
    require(sigaction(signal, &action, nullptr) == 0, "sigaction");
}

void masks() {
    signal(SIGUSR1, count);
    seen = 0;
    raise(SIGUSR1);
    std::printf("delivered at once: %d\n", seen);
    sigset_t set;
    sigset_t old;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    raise(SIGUSR1);
    std::printf("blocked: %d\n", seen);
    sigset_t pending;
    sigpending(&pending);
    std::printf("pending: %d\n", sigismember(&pending, SIGUSR1));
    sigprocmask(SIG_SETMASK, &old, nullptr);
    std::printf("unblocked, two merge into one: %d\n", seen);
    signal(SIGUSR1, SIG_IGN);
    raise(SIGUSR1);
    std::printf("ignored: %d\n", seen);
}

void origins() {
    install(SIGUSR2, remember, 0);
    kill(getpid(), SIGUSR2);
    std::printf("kill: signal %d from a user %d\n", seen, seen_code == SI_USER);
    install(SIGCHLD, remember, 0);
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    while (waitpid(child, nullptr, 0) < 0) {
    }
    std::printf("child: signal %d, it exited %d\n", seen, seen_code == CLD_EXITED);
    signal(SIGCHLD, SIG_DFL);
}

volatile int zero = 0;
volatile int seven = 7;

/// Uses up the stack. The volatile array keeps the compiler from turning it into a loop.
int recurse(int depth) {
    volatile char space[4096];
    space[0] = static_cast<char>(depth);
    return zero == 0 ? recurse(depth + 1) + space[0] : 0;
}

template <typename Fault>
void fault(const char* name, int signal, Fault cause) {
    install(signal, jump_out, SA_ONSTACK);
    seen = 0;
    if (sigsetjmp(after_fault, 1) == 0) {
        cause();
        std::printf("%s: nothing happened\n", name);
        return;
    }
    std::printf("%s: signal %d, code %d, on the alternate stack %d\n", name, seen, seen_code,
                on_alternate_stack);
}

void faults() {
    stack_t stack{};
    stack.ss_sp = alternate_stack;
    stack.ss_size = sizeof alternate_stack;
    require(sigaltstack(&stack, nullptr) == 0, "sigaltstack");
    fault("division by zero", SIGFPE, [] { zero = seven / zero; });
    fault("undefined instruction", SIGILL, [] { asm volatile("ud2"); });
    fault("null pointer", SIGSEGV, [] { static_cast<void>(*static_cast<volatile int*>(nullptr)); });
    fault("privileged instruction", SIGSEGV, [] { asm volatile("cli"); });
    fault("stack overflow", SIGSEGV, [] { static_cast<void>(recurse(0)); });
    fault("breakpoint", SIGTRAP, [] { asm volatile("int3"); });
}

void interrupted_calls() {
    install(SIGALRM, remember, 0);
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    itimerval soon{};
    soon.it_value.tv_usec = 20000;
    char byte;
    setitimer(ITIMER_REAL, &soon, nullptr);
    show("read interrupted by a signal", read(ends[0], &byte, 1));
    install(SIGALRM, remember, SA_RESTART);
    const pid_t child = fork();
    if (child == 0) {
        const timespec wait{0, 60000000};
        nanosleep(&wait, nullptr);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    setitimer(ITIMER_REAL, &soon, nullptr);
    show_value("read restarted after a signal", read(ends[0], &byte, 1));
    require(waitpid(child, nullptr, 0) == child, "waitpid");
    sigset_t none;
    sigemptyset(&none);
    setitimer(ITIMER_REAL, &soon, nullptr);
    show("sigsuspend", sigsuspend(&none));
}

/// Without a stack for its frame a handler does not run; SIGSEGV's may have one.
void without_a_stack() {
    signal(SIGUSR1, count);
    for (const int flags : {SA_ONSTACK, 0}) {
        const pid_t child = fork();
        if (child == 0) {
            install(
                SIGSEGV, [](int, siginfo_t* information, void*) { _exit(information->si_code); },
                flags);
            long result = SYS_kill;
            asm volatile("movq %%rsp, %%rbx; xorl %%esp, %%esp; syscall; movq %%rbx, %%rsp"
                         : "+a"(result)
                         : "D"(static_cast<long>(getpid())), "S"(static_cast<long>(SIGUSR1))
                         : "rbx", "rcx", "r11", "memory");
            _exit(1);
        }
        int status = 0;
        require(waitpid(child, &status, 0) == child, "waitpid");
        std::printf("no stack: exit %d, signal %d\n", WEXITSTATUS(status), WTERMSIG(status));
    }
}

/// A handler must leave every register as it was, the vector registers too.
void registers() {
    signal(SIGUSR1, count);
    seen = 0;
    double sum = 0;
    for (int i = 0; i < 1000; ++i) {
        sum += 1.0 / (1 + i);
        if (i % 100 == 0) {
            raise(SIGUSR1);
        }
    }
    std::printf("a sum across %d handlers: %.15f\n", seen, sum);
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    masks();
    origins();
    faults();
    interrupted_calls();
    without_a_stack();
    registers();
    return 0;
}

// SPDX-License-Identifier: MIT
// ptrace: hardware breakpoints, which are one thread's and never the kernel's.
#include <fcntl.h>
#include <sched.h>

#include <initializer_list>

#include "guest/programs/tracing/tracee.h"

using namespace tracing;

namespace {

alignas(64) volatile uint64_t watched[8];

[[gnu::noinline]] void landmark() {
    asm volatile("" ::: "memory");
}

constexpr size_t debug_register(unsigned number) {
    return offsetof(user, u_debugreg) + number * sizeof(long);
}

/// DR7 with breakpoint `number` on: `condition` 0 execution, 1 writes, 3 accesses; `length` 0, 1,
/// 3, 2 for 1, 2, 4, 8 bytes.
constexpr unsigned long control(unsigned number, unsigned long condition, unsigned long length) {
    return 1UL << (2 * number) | (condition | length << 2) << (16 + 4 * number);
}

long poke(pid_t thread, unsigned number, unsigned long value) {
    return trace(PTRACE_POKEUSER, thread, debug_register(number), value);
}
uint64_t look(pid_t thread, unsigned number) {
    return peek(PTRACE_PEEKUSER, thread, debug_register(number));
}

unsigned long at(unsigned index) {
    return place(const_cast<const uint64_t*>(&watched[index]));
}

/// The next stop, and which breakpoints were hit.
int hit(const char* name, pid_t child) {
    go_on(child);
    const int status = next(name, child);
    if (WIFSTOPPED(status)) {
        siginfo_t information{};
        trace(PTRACE_GETSIGINFO, child, 0, &information);
        std::printf("code %d, hits %#x\n", information.si_code,
                    static_cast<unsigned>(look(child, 6) & 15));
    }
    return status;
}

int work() {
    landmark();
    watched[1] = 5;
    const uint64_t sum = watched[2] + watched[1];
    watched[3] = sum;
    const pid_t made = fork();  // has none of them
    if (made == 0) {
        landmark();
        watched[1] = 6;
        _exit(watched[1] == 6 ? 9 : 1);
    }
    int status = 0;
    waitpid(made, &status, 0);
    // The kernel's own writes to the place say nothing.
    const int zero = open("/dev/zero", O_RDONLY);
    const bool read_it = read(zero, const_cast<uint64_t*>(&watched[1]), 8) == 8;
    landmark();
    return read_it ? WEXITSTATUS(status) : 2;
}

void hits() {
    const pid_t child = start_traced(work);
    show("an instruction", poke(child, 0, place(reinterpret_cast<const void*>(&landmark))));
    show("a word", poke(child, 1, at(1)));
    show("another", poke(child, 2, at(2)));
    const unsigned long all = control(0, 0, 0) | control(1, 1, 2) | control(2, 3, 2);
    show("on", poke(child, 7, all));
    std::printf("control as it was written: %d\n", look(child, 7) == all);
    hit("the instruction", child);
    hit("the write", child);
    hit("the read", child);
    hit("the write's word, read", child);
    for (int i = 0; i < 4; ++i) {
        int status = hit("later", child);
        if (!WIFSTOPPED(status)) {
            break;
        }
        if (WSTOPSIG(status) == SIGCHLD) {
            show("off", poke(child, 7, 0));
        }
    }
}

void others_have_none() {
    const pid_t child = start_traced([] {
        for (int i = 0; i < 20; ++i) {
            landmark();
            watched[1] = static_cast<uint64_t>(i);
            sched_yield();
        }
        return 1;
    });
    const pid_t other = children::start([] {
        for (int i = 0; i < 50; ++i) {
            landmark();
            watched[1] = static_cast<uint64_t>(i);
            sched_yield();
        }
        return 2;
    });
    show("a word", poke(child, 1, at(1)));
    show("on", poke(child, 7, control(1, 1, 2)));
    int count = 0;
    for (;;) {
        go_on(child);
        int status = 0;
        require(waitpid(child, &status, 0) == child, "waitpid");
        if (!WIFSTOPPED(status)) {
            break;
        }
        ++count;
    }
    std::printf("hits: %d\n", count);
    children::wait_for("the other", other);
}

void refusals() {
    const pid_t child = start_traced([] { return 0; });
    show("DR4", poke(child, 4, 0));
    show("DR5", poke(child, 5, 0));
    show("beyond", trace(PTRACE_POKEUSER, child, debug_register(10), 0UL));
    show("an odd place", poke(child, 0, at(1) + 1));
    show("on", poke(child, 7, control(0, 1, 2)));
    show("at one byte", poke(child, 7, control(0, 1, 0)));
    show("an instruction of 4 bytes", poke(child, 7, control(0, 0, 3)));
    show("ports", poke(child, 7, control(0, 2, 0)));
    show("off", poke(child, 7, 0));
    // Linux lets the superuser watch the kernel, so that is done by one who is not.
    show("the end of the user half", poke(child, 1, 0x7fff'ffff'f000));
    end("the end", child);
    children::as_nobody("nobody", [] {
        const pid_t own = start_traced([] { return 0; });
        for (const unsigned long kernel :
             {0xffff'8000'0000'0000UL, 0xffff'ffff'8000'0000UL, ~7UL, 0xffff'ffff'ff20'0000UL}) {
            const bool set = poke(own, 0, kernel) == 0 && poke(own, 7, control(0, 1, 2)) == 0;
            std::printf("the kernel is watched: %d\n", set);
        }
        end("the end", own);
        return 0;
    });
}

}  // namespace

int main() {
    children::begin();
    hits();
    others_have_none();
    refusals();
    std::printf("done\n");
}

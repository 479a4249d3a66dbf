// SPDX-License-Identifier: MIT
// System calls of all numbers with arguments of all kinds, from a seed:
//   fuzz_syscalls CALLS SEED [steady]
// Shifts of workers, some of them without privileges, make calls at random until they have made
// CALLS in all. They may destroy themselves by that; the kernel must neither stop nor keep anything
// of theirs: after each shift its objects and frames are as they were before. `steady`: nobody
// changes the design. The same seed means the same calls, and the same shift fails.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "guest/endurance/arguments.h"
#include "guest/endurance/workers.h"
#include "guest/endurance/world.h"

namespace {

using endurance::Arguments;
using endurance::Bounds;
using endurance::Progress;
using endurance::Random;

struct Call {
    long number;
    const char* kinds;
};
constexpr Call calls[] = {
#define RF_CALL(name, kinds) {SYS_##name, kinds},
#include "guest/endurance/syscall_list.inc"
#undef RF_CALL
};

constexpr unsigned workers_per_shift = 3;
constexpr unsigned calls_per_worker = 600;
constexpr unsigned calls_per_child = 40;
/// What lists that have grown may keep.
constexpr uint64_t spare_bytes = 32 * 1024;

bool design_changes = true;

/// Calls that make a process or thread, which must not go on on this one's stack.
bool may_share_stack(const Call& call, const uint64_t (&arguments)[6]) {
    constexpr uint64_t clone_vm = 0x100;
    return call.number == SYS_vfork || call.number == SYS_clone3 ||
           (call.number == SYS_clone && ((arguments[0] & clone_vm) != 0 || arguments[1] != 0));
}

/// A number that the list has not: most of them no kernel has.
Call unlisted_call(Random& random) {
    const auto number = static_cast<long>(random.one_in(4) ? random.next() : random.below(1024));
    for (const Call& call : calls) {
        if (call.number == number) {
            return call;  // with arguments that do not end the experiment
        }
    }
    return {number, "xxxxxx"};
}

Call any_call(Random& random) {
    return random.one_in(40) ? unlisted_call(random) : random.of(calls);
}

/// True in a new process.
bool make_one_call(Arguments& arguments, Progress* progress) {
    Call call = any_call(arguments.random());
    constexpr long first_unlisted = 1024;
    if (call.number == SYS_exit || call.number == SYS_exit_group || call.number == SYS_pause) {
        if (!arguments.random().one_in(20)) {
            call = calls[0];
        }
    }
    uint64_t values[6] = {};
    for (unsigned i = 0; i < 6 && call.kinds[i] != '\0'; ++i) {
        values[i] = arguments.choose(call.kinds[i]);
    }
    if (progress != nullptr) {
        __atomic_fetch_add(&progress->steps, 1, __ATOMIC_RELAXED);
    }
    if (may_share_stack(call, values) || call.number >= first_unlisted || call.number < 0) {
        endurance::raw_call_ending_child(call.number, values);
        return false;
    }
    const long result = endurance::raw_call(call.number, values);
    return result == 0 && (call.number == SYS_fork || call.number == SYS_clone);
}

struct ThreadStart {
    Arguments arguments;
    Progress* progress;
};

[[noreturn]] void run_thread(ThreadStart* start) {
    for (unsigned made = 0; made < calls_per_child; ++made) {
        if (make_one_call(start->arguments, start->progress)) {
            break;
        }
    }
    for (;;) {
        endurance::raw_call(SYS_exit, {0, 0, 0, 0, 0, 0});
    }
}

/// A thread that makes calls beside its maker. Its stack stays mapped until the worker ends.
void start_thread(Arguments& arguments, Bounds bounds, Progress* progress) {
    constexpr uint64_t stack_size = 64 * 1024;
    void* const stack =
        mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) {
        return;
    }
    auto* const start =
        new (stack) ThreadStart{Arguments(arguments.random().next(), bounds), progress};
    constexpr uint64_t flags = 0x10f00 | 0x40000;  // VM, FS, FILES, SIGHAND, THREAD, SYSVSEM
    const uint64_t top = reinterpret_cast<uint64_t>(stack) + stack_size;
    long result;
    asm volatile(
        "syscall\n"
        "test %%rax, %%rax\n"
        "jnz 1f\n"
        "xor %%ebp, %%ebp\n"
        "mov %[start], %%rdi\n"
        "call *%[run]\n"
        "1:"
        : "=a"(result)
        : "a"(SYS_clone), "D"(flags), "S"(top), "d"(0), [start] "r"(start), [run] "r"(&run_thread)
        : "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
}

void ignore_signal(int) {}

/// Ends waiting now and then: blocking calls come back with EINTR.
void arm_alarm() {
    struct sigaction action{};
    action.sa_handler = ignore_signal;
    sigaction(SIGALRM, &action, nullptr);
    const itimerval often{{0, 300}, {0, 300}};
    setitimer(ITIMER_REAL, &often, nullptr);
}

void make_calls(Arguments& arguments, Bounds bounds, unsigned count, Progress* progress) {
    for (unsigned made = 0; made < count; ++made) {
        Random& random = arguments.random();
        if (random.one_in(100)) {
            start_thread(arguments, bounds, progress);
        }
        if (design_changes && random.one_in(150)) {
            endurance::change_all_designs_at_random(random);  // EPERM for those without privileges
        }
        if (make_one_call(arguments, progress)) {
            arguments = Arguments(random.next() + 1, bounds);
            made = 0;
            count = calls_per_child;
        }
    }
}

void work(uint64_t seed, unsigned worker, Progress& progress) {
    const Bounds bounds{.privileged = worker % 2 == 0, .design_changes = design_changes};
    Arguments::prepare_texts();
    endurance::make_world(bounds.privileged);
    arm_alarm();
    Arguments arguments(seed, bounds);
    make_calls(arguments, bounds, calls_per_worker, &progress);
}

/// A program that a worker has started in its place: goes on a little.
int go_on() {
    Arguments::prepare_texts();
    endurance::make_world(true);
    arm_alarm();
    Arguments arguments(static_cast<uint64_t>(getpid()),
                        {.privileged = true, .design_changes = false});
    make_calls(arguments, {.privileged = true, .design_changes = false}, calls_per_child, nullptr);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        design_changes = false;
        return argc == 2 && std::strcmp(argv[1], "again") == 0 ? go_on() : 0;
    }
    const uint64_t wanted = std::strtoull(argv[1], nullptr, 10);
    const uint64_t seed = std::strtoull(argv[2], nullptr, 10);
    design_changes = argc < 4 || std::strcmp(argv[3], "steady") != 0;
    return endurance::run_shifts({.unit = "calls",
                                  .workers = workers_per_shift,
                                  .work = work,
                                  .checks = false,
                                  .spare_bytes = spare_bytes},
                                 wanted, seed);
}

// SPDX-License-Identifier: MIT
// The registers of x87, SSE and AVX belong to each thread alone, whatever happens in between. Says
// the same whether or not there is AVX.
#include <csignal>
#include <string_view>
#include <thread>

#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"
#include "guest/programs/extended_state/registers.h"
#include "guest/programs/extended_state/signal_area.h"

namespace {

void verdict(const char* name, bool good) {
    std::printf("%s: %s\n", name, good ? "as they were" : "CHANGED");
}

void install(int signal, void (*handler)(int, siginfo_t*, void*), int flags = 0) {
    struct sigaction action{};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    require(sigaction(signal, &action, nullptr) == 0, "sigaction");
}

bool kept_across(unsigned seed, long number, long first = 0, long second = 0) {
    const Registers before = registers_of(seed);
    Registers after;
    call_holding(before, after, number, first, second);
    return equal_parts(after, before) == all_parts;
}

/// Every second one has SSE and AVX in their initial state, which nobody's values may get into.
bool yield_often(unsigned who) {
    bool good = true;
    for (unsigned round = 0; round < 30; ++round) {
        good = kept_across(who % 2 == 0 ? 0 : who, SYS_sched_yield) && good;
    }
    return good;
}

void threads() {
    constexpr unsigned count = 8;
    bool good[count] = {};
    std::thread running[count];
    for (unsigned i = 0; i < count; ++i) {
        running[i] = std::thread([&good, i] { good[i] = yield_often(i); });
    }
    bool all = true;
    for (unsigned i = 0; i < count; ++i) {
        running[i].join();
        all = all && good[i];
    }
    verdict("eight threads", all);
}

bool succeeded(pid_t child) {
    int status = -1;
    require(waitpid(child, &status, 0) == child, "waitpid");
    return status == 0;
}

void processes() {
    constexpr unsigned count = 6;
    pid_t children[count];
    std::fflush(stdout);
    for (unsigned i = 0; i < count; ++i) {
        children[i] = fork();
        if (children[i] == 0) {
            _exit(yield_often(i) ? 0 : 1);
        }
    }
    bool all = true;
    for (const pid_t child : children) {
        all = succeeded(child) && all;
    }
    verdict("six processes", all);
}

/// Both go on with what the parent had.
void forks() {
    const Registers before = registers_of(11);
    Registers after;
    std::fflush(stdout);
    const long child = call_holding(before, after, SYS_fork);
    const bool good = equal_parts(after, before) == all_parts;
    if (child == 0) {
        _exit(good ? 0 : 1);
    }
    verdict("the parent's registers after fork", good);
    verdict("the child's registers after fork", succeeded(static_cast<pid_t>(child)));
}

volatile sig_atomic_t seen;
volatile bool frames_are_good = true;

void clobber_all(int /*signal*/, siginfo_t* /*information*/, void* context) {
    frames_are_good = frames_are_good && is_well_formed(*static_cast<ucontext_t*>(context));
    clobber_registers();
    seen = seen + 1;
}

void signals() {
    install(SIGUSR1, clobber_all);
    bool good = true;
    for (unsigned seed = 0; seed < 6; ++seed) {
        good = kept_across(seed, SYS_kill, getpid(), SIGUSR1) && good;
    }
    std::printf("%d handlers, frames well formed: %d\n", seen, frames_are_good ? 1 : 0);
    verdict("registers around them", good);
}

/// In the middle of a loop, not at a system call; other threads run meanwhile.
void interrupts() {
    install(SIGALRM, clobber_all);
    constexpr long most_rounds = 100;
    constexpr long spins = 500'000;
    seen = 0;
    std::thread other([] { static_cast<void>(yield_often(3)); });
    const itimerval often{{0, 2000}, {0, 2000}};
    require(setitimer(ITIMER_REAL, &often, nullptr) == 0, "setitimer");
    bool good = true;
    for (unsigned round = 0; round < most_rounds && seen < 5; ++round) {
        const Registers before = registers_of(round);
        Registers after;
        spin_holding(before, after, spins);
        good = good && equal_parts(after, before) == all_parts;
    }
    const itimerval never{};
    require(setitimer(ITIMER_REAL, &never, nullptr) == 0, "setitimer");
    other.join();
    verdict("registers of a loop that is interrupted", good && frames_are_good);
}

void put_marks(unsigned char (&registers)[16][16]) {
    std::memset(registers[3], 0xa5, sizeof registers[3]);
    std::memset(registers[15], 0x5a, sizeof registers[15]);
}

/// Changes two registers of each kind in the frame, and the rounding of both units.
void edit_frame(int /*signal*/, siginfo_t* /*information*/, void* pointer) {
    SignalArea& area = area_of(*static_cast<ucontext_t*>(pointer));
    area.control_word = 0x77f;
    area.mxcsr = 0x3f80;
    area.x87[2][0] ^= 0xff;
    area.x87[7][0] ^= 0xff;
    put_marks(area.xmm);
    if (has_avx()) {
        area.state |= avx_component;
        put_marks(area.upper);
    }
    clobber_registers();
}

/// From state in use, and from upper halves that were not: then the header must say so.
void edited_frames() {
    install(SIGUSR2, edit_frame);
    for (const unsigned seed : {13U, 0U}) {
        const Registers before = registers_of(seed);
        Registers expected = before;
        expected.control_word = 0x77f;
        expected.mxcsr = 0x3f80;
        expected.x87[2][0] ^= 0xff;
        expected.x87[7][0] ^= 0xff;
        const std::size_t bytes = has_avx() ? 32 : 16;
        std::memset(expected.ymm[3], 0xa5, bytes);
        std::memset(expected.ymm[15], 0x5a, bytes);
        Registers after;
        call_holding(before, after, SYS_kill, getpid(), SIGUSR2);
        std::printf("what a handler wrote into its frame arrives: %d\n",
                    equal_parts(after, expected) == all_parts ? 1 : 0);
    }
}

char* stack_end;
volatile bool fits;

void measure(int /*signal*/, siginfo_t* /*information*/, void* context) {
    // The frame begins 8 bytes below the context.
    const auto taken = stack_end - static_cast<char*>(context) + 8;
    fits = taken > 0 && static_cast<unsigned long>(taken) <= getauxval(AT_MINSIGSTKSZ);
}

volatile sig_atomic_t depth;

void go_deeper(int /*signal*/, siginfo_t* /*information*/, void* /*context*/) {
    depth = depth + 1;
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
}

/// A frame takes no more than AT_MINSIGSTKSZ, and frames on an alternate stack stay on it.
void alternate_stacks() {
    constexpr std::size_t page = 4096;
    const std::size_t size = 8 * page;
    void* const memory =
        mmap(nullptr, 2 * size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(memory != MAP_FAILED, "mmap");
    auto* const below = static_cast<char*>(memory);
    std::memset(below, 0x77, size);
    stack_t stack{};
    stack.ss_sp = below + size;
    stack.ss_size = size;
    stack_end = below + 2 * size;
    require(sigaltstack(&stack, nullptr) == 0, "sigaltstack");
    install(SIGUSR1, measure, SA_ONSTACK);
    raise(SIGUSR1);
    std::printf("the frame is no larger than AT_MINSIGSTKSZ: %d\n", fits ? 1 : 0);
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        install(SIGUSR1, go_deeper, SA_ONSTACK | SA_NODEFER);
        raise(SIGUSR1);
        _exit(0);
    }
    int status = 0;
    require(waitpid(child, &status, 0) == child, "waitpid");
    bool untouched = true;
    for (std::size_t i = 0; i < size; ++i) {
        untouched = untouched && below[i] == 0x77;
    }
    std::printf("too many frames: signal %d, memory below untouched: %d\n", WTERMSIG(status),
                untouched ? 1 : 0);
}

bool is_zero(const unsigned char* bytes, std::size_t count) {
    bool zero = true;
    for (std::size_t i = 0; i < count; ++i) {
        zero = zero && bytes[i] == 0;
    }
    return zero;
}

/// What was there before main, and before the C library.
bool started_with_initial_state() {
    SignalArea area;
    std::memcpy(&area, registers_at_start, sizeof area);
    constexpr std::size_t status_and_tags = 4;  // behind the control word: nothing is valid
    const bool all = !has_xsave();              // FXSAVE writes all; else the header says what
    const bool x87 = (!all && (area.state & x87_component) == 0) ||
                     (area.control_word == initial_control_word &&
                      is_zero(area.unused, status_and_tags) && is_zero(area.x87[0], 128));
    const bool xmm = is_zero(area.xmm[0], sizeof area.xmm);
    const bool upper = (area.state & avx_component) == 0 || is_zero(area.upper[0], 256);
    return x87 && xmm && area.mxcsr == initial_mxcsr && (all || upper);
}

/// Goes on in a new program with all registers in use.
void start_again() {
    static char name[] = "/proc/self/exe";
    static char word[] = "again";
    static char* arguments[] = {name, word, nullptr};
    static char* environment[] = {nullptr};
    const Registers before = registers_of(21);
    Registers after;
    std::fflush(stdout);
    call_holding(before, after, SYS_execve, reinterpret_cast<long>(name),
                 reinterpret_cast<long>(arguments), reinterpret_cast<long>(environment));
    std::puts("execve failed");
}

}  // namespace

int main(int count, char** arguments) {
    if (count > 1 && std::string_view(arguments[1]) == "again") {
        std::printf("initial state after execve: %d\n", started_with_initial_state() ? 1 : 0);
        return 0;
    }
    setvbuf(stdout, nullptr, _IOLBF, 0);
    std::printf("initial state: %d\n", started_with_initial_state() ? 1 : 0);
    threads();
    processes();
    forks();
    signals();
    interrupts();
    edited_frames();
    damaged_frames();
    alternate_stacks();
    start_again();
    return 1;
}

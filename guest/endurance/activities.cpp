// SPDX-License-Identifier: MIT
// Activities of processes: forks, programs, memory, signals, threads, files, designs. What goes on
// between processes is in conversations.cpp.
#include "guest/endurance/activities.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "abi/isolation_choice.h"
#include "guest/endurance/conversations.h"
#include "guest/endurance/ipc_objects.h"
#include "guest/endurance/kernel_objects.h"
#include "guest/endurance/terminals.h"
#include "guest/endurance/traced_children.h"
#include "guest/endurance/workers.h"

namespace endurance {

namespace {

constexpr size_t page_size = 4096;

Outcome fork_and_write(Random& random) {
    constexpr unsigned pages = 8;
    auto* const memory = static_cast<volatile uint8_t*>(mmap(
        nullptr, pages * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (memory == MAP_FAILED) {
        return {};
    }
    const auto mark = static_cast<uint8_t>(random.next());
    for (unsigned page = 0; page < pages; ++page) {
        memory[page * page_size] = mark;
    }
    const auto code = static_cast<uint8_t>(random.below(100));
    const pid_t child = fork();
    if (child == 0) {
        bool same = true;
        for (unsigned page = 0; page < pages; ++page) {
            same = same && memory[page * page_size] == mark;
            memory[page * page_size] = static_cast<uint8_t>(mark + 1);
        }
        _exit(same ? code : 120);
    }
    bool kept = true;
    const int ended = child > 0 ? exit_code_of(child) : code;
    for (unsigned page = 0; page < pages; ++page) {
        kept = kept && memory[page * page_size] == mark;
    }
    munmap(const_cast<uint8_t*>(memory), pages * page_size);
    return {ended != code ? "a child's exit code or memory"
            : !kept       ? "memory after a fork"
                          : nullptr};
}

Outcome run_program(Random& random) {
    char code[8];
    std::snprintf(code, sizeof code, "%lu", random.below(100));
    const pid_t child = random.one_in(2) ? vfork() : fork();
    if (child == 0) {
        execl("/proc/self/exe", "soak", "ends-with", code, nullptr);
        _exit(121);
    }
    const int ended = child > 0 ? exit_code_of(child) : std::atoi(code);
    return {ended == std::atoi(code) || ended == 121 ? nullptr : "a program's exit code"};
}

Outcome map_and_move(Random& random) {
    const size_t pages = 2 + random.below(30);
    const size_t size = pages * page_size;
    auto* memory = static_cast<uint64_t*>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (memory == MAP_FAILED) {
        return {};
    }
    constexpr size_t words = page_size / sizeof(uint64_t);
    bool zero = true;
    const uint64_t mark = random.next();
    for (size_t page = 0; page < pages; page += 1 + random.below(2)) {
        zero = zero && memory[page * words] == 0 && memory[page * words + 1] == 0;
        memory[page * words] = mark + page;
        memory[page * words + 1] = 1;
    }
    const size_t hidden = random.below(pages);
    mprotect(memory + hidden * words, page_size, PROT_NONE);
    if (random.one_in(2)) {
        void* const moved = mremap(memory, size, size + 8 * page_size, MREMAP_MAYMOVE);
        if (moved != MAP_FAILED) {
            memory = static_cast<uint64_t*>(moved);
            munmap(memory + pages * words, 8 * page_size);
        }
    }
    mprotect(memory + hidden * words, page_size, PROT_READ | PROT_WRITE);
    bool kept = true;
    for (size_t page = 0; page < pages; ++page) {
        kept = kept && (memory[page * words] == mark + page || memory[page * words + 1] == 0);
    }
    if (random.one_in(2)) {  // leave a page without access behind: it goes with the rest
        mprotect(memory + hidden * words, page_size, PROT_NONE);
    }
    munmap(memory, size);
    return {!zero ? "new memory is not zero" : !kept ? "contents of moved memory" : nullptr};
}

// ---- Signals.

std::atomic<uint32_t> signals_seen;
void count_signal(int) {
    signals_seen.fetch_add(1, std::memory_order_relaxed);
}

Outcome send_signals(Random& random) {
    struct sigaction action{};
    struct sigaction old{};
    action.sa_handler = count_signal;
    action.sa_flags = random.one_in(2) ? SA_RESTART : 0;
    const int number = SIGRTMIN + static_cast<int>(random.below(8));
    sigaction(number, &action, &old);
    signals_seen = 0;
    const uint32_t count = static_cast<uint32_t>(1 + random.below(20));
    uint32_t sent = 0;
    for (uint32_t i = 0; i < count; ++i) {
        sent += sigqueue(getpid(), number, {.sival_int = 1}) == 0 ? 1 : 0;
    }
    const timespec soon{0, 50'000};
    nanosleep(&soon, nullptr);
    sigaction(number, &old, nullptr);
    return {signals_seen == sent ? nullptr : "real-time signals are lost"};
}

Outcome set_timers(Random& random) {
    struct sigaction action{};
    action.sa_handler = count_signal;
    sigaction(SIGUSR2, &action, nullptr);
    signals_seen = 0;
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR2;
    timer_t timers[3];
    unsigned made = 0;
    for (timer_t& timer : timers) {
        if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) {
            break;
        }
        ++made;
        const long first = static_cast<long>(1'000 + random.below(200'000));
        const itimerspec often{{0, 20'000}, {0, first}};
        timer_settime(timer, 0, &often, nullptr);
    }
    for (int i = 0; i < 50 && signals_seen == 0; ++i) {
        const timespec soon{0, 100'000};
        nanosleep(&soon, nullptr);
    }
    for (unsigned i = 0; i < made; ++i) {
        timer_delete(timers[i]);
    }
    signal(SIGUSR2, SIG_IGN);
    return {made == 0 || signals_seen > 0 ? nullptr : "a timer does not expire"};
}

// ---- Threads.

struct Shared {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    uint64_t sum = 0;
    unsigned turns = 0;
};
void* add_in_turns(void* argument) {
    auto& shared = *static_cast<Shared*>(argument);
    for (unsigned i = 0; i < shared.turns; ++i) {
        pthread_mutex_lock(&shared.lock);
        const uint64_t sum = shared.sum;
        if (i % 4 == 0) {
            sched_yield();
        }
        shared.sum = sum + 1;
        pthread_mutex_unlock(&shared.lock);
    }
    return nullptr;
}

Outcome run_threads(Random& random) {
    Shared shared;
    shared.turns = static_cast<unsigned>(10 + random.below(60));
    pthread_t threads[6];
    unsigned started = 0;
    for (; started < 2 + random.below(5); ++started) {
        if (pthread_create(&threads[started], nullptr, add_in_turns, &shared) != 0) {
            break;
        }
    }
    for (unsigned i = 0; i < started; ++i) {
        pthread_join(threads[i], nullptr);
    }
    return {shared.sum == uint64_t{shared.turns} * started ? nullptr : "a sum under a lock"};
}

/// A process with threads that ends while they run.
Outcome leave_threads(Random& random) {
    const pid_t child = fork();
    if (child == 0) {
        static Shared shared;
        shared.turns = 100'000'000;
        pthread_t thread;
        for (int i = 0; i < 3; ++i) {
            if (pthread_create(&thread, nullptr, add_in_turns, &shared) != 0) {
                break;
            }
        }
        const timespec soon{0, static_cast<long>(random.below(300'000))};
        nanosleep(&soon, nullptr);
        if (random.one_in(3)) {
            execl("/proc/self/exe", "soak", "ends-with", "7", nullptr);
        }
        _exit(7);
    }
    return {child < 0 || exit_code_of(child) == 7 ? nullptr : "the end of a process with threads"};
}

// ---- Files.

Outcome write_files(Random& random) {
    char name[16];
    std::snprintf(name, sizeof name, "f%lu", random.below(4));
    const int file = open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);
    if (file < 0) {
        return {};
    }
    uint8_t bytes[3000];
    const auto mark = static_cast<uint8_t>(random.next());
    std::memset(bytes, mark, sizeof bytes);
    const auto place = static_cast<off_t>(random.below(200'000));
    const ssize_t written = pwrite(file, bytes, sizeof bytes, place);
    const char* failure = nullptr;
    if (written > 0) {
        auto* const mapped = static_cast<uint8_t*>(
            mmap(nullptr, static_cast<size_t>(place + written), PROT_READ, MAP_SHARED, file, 0));
        if (mapped != MAP_FAILED) {
            failure = mapped[place + written - 1] == mark && (place == 0 || mapped[0] == 0)
                          ? nullptr
                          : "a mapped file";
            munmap(mapped, static_cast<size_t>(place + written));
        }
        std::memset(bytes, 0, sizeof bytes);
        if (pread(file, bytes, sizeof bytes, place) != written || bytes[0] != mark) {
            failure = "what was written to a file";
        }
    }
    if (ftruncate(file, place / 2) != 0 && place > 0) {
        failure = "ftruncate";
    }
    close(file);
    mkdir("dir", 0700);
    rename(name, "dir/x");
    symlink("dir/x", "link");
    struct stat status{};
    if (stat("link", &status) != 0 || status.st_size != place / 2) {
        failure = "a renamed file";
    }
    unlink("link");
    unlink("dir/x");
    rmdir("dir");
    return {failure};
}

// ---- Designs.

Outcome change_own_design(Random& random) {
    using namespace ringfence::abi::isolation;
    const uint64_t choice = random.below(3);
    const int outcome = prctl(static_cast<int>(set_choice), choice, 0, 0, 0);
    const auto now = static_cast<uint64_t>(prctl(static_cast<int>(get_choice), 0, 0, 0, 0));
    const bool isolated = (now & is_isolated) != 0;
    const bool right =
        (now & choice_mask) == choice &&
        (choice == 0 || isolated == (static_cast<Choice>(choice) == Choice::Isolated));
    return {outcome != 0 || right ? nullptr : "the design that a program chose"};
}

Outcome change_all_designs(Random& random) {
    const long written = change_all_designs_at_random(random);
    return {written > 0 || errno == ENOMEM ? nullptr : "a change of the system's design"};
}

Outcome trace_a_process(Random& random) {
    trace_a_child(static_cast<unsigned>(random.below(120)));
    return {};
}

constexpr Activity all[] = {
    {"fork", fork_and_write},
    {"exec", run_program},
    {"memory", map_and_move},
    {"signals", send_signals},
    {"timers", set_timers},
    {"CPU timers", set_cpu_timers},
    {"pidfds", hold_by_pidfd},
    {"sealed memory", share_sealed_memory},
    {"threads", run_threads},
    {"threads left", leave_threads},
    {"files", write_files},
    {"pipe", talk_by_pipe},
    {"unix", talk_by_unix},
    {"datagrams", talk_by_udp},
    {"tcp", talk_by_tcp},
    {"descriptors", pass_descriptors},
    {"locks", take_turns_by_lock},
    {"epoll", wait_by_epoll},
    {"abandoned", abandon_sockets},
    {"shared memory", share_by_ipc},
    {"messages", talk_by_messages},
    {"POSIX messages", talk_by_posix_queue},
    {"abandoned IPC", abandon_ipc},
    {"terminals", talk_by_terminal},
    {"abandoned terminals", abandon_terminals},
    {"tracing", trace_a_process},
};
constexpr Activity changes[] = {{"own design", change_own_design},
                                {"all designs", change_all_designs}};

}  // namespace

std::span<const Activity> activities() {
    return all;
}

std::span<const Activity> design_changes() {
    return changes;
}

int started_program(int argc, char** argv) {
    return argc > 2 ? std::atoi(argv[2]) : 122;
}

}  // namespace endurance

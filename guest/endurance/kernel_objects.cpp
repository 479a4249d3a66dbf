// SPDX-License-Identifier: MIT
#include "guest/endurance/kernel_objects.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "guest/endurance/workers.h"

namespace endurance {

namespace {

volatile sig_atomic_t seen;
void see_signal(int) {
    seen = seen + 1;
}

void see(int number) {
    struct sigaction action{};
    action.sa_handler = see_signal;
    sigaction(number, &action, nullptr);
    seen = 0;
}

uint64_t cpu_nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

bool ends_by_signal(int process, int number) {
    constexpr auto by_descriptor = static_cast<idtype_t>(3);  // P_PIDFD
    siginfo_t ended{};
    while (waitid(by_descriptor, static_cast<id_t>(process), &ended, WEXITED) != 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return ended.si_code == CLD_KILLED && ended.si_status == number;
}

}  // namespace

Outcome hold_by_pidfd(Random& random) {
    const int counter = eventfd(3, EFD_NONBLOCK);
    const pid_t child = fork();
    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    const int process = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    if (process < 0) {
        if (child > 0) {
            kill(child, SIGKILL);
            static_cast<void>(exit_code_of(child));
        }
        close(counter);
        return {};
    }
    const char* failure = nullptr;
    const int taken = static_cast<int>(syscall(SYS_pidfd_getfd, process, counter, 0));
    uint64_t count = 0;
    if (taken >= 0 && (read(taken, &count, sizeof count) != sizeof count || count != 3)) {
        failure = "a file taken from another process";
    }
    const int number = random.one_in(2) ? SIGKILL : SIGTERM;
    if (number == SIGTERM) {
        signal(SIGTERM, SIG_DFL);
    }
    if (syscall(SYS_pidfd_send_signal, process, number, nullptr, 0) != 0) {
        failure = "a signal by a pidfd";
    }
    if (random.one_in(2)) {
        pollfd ended{process, POLLIN, 0};
        while (poll(&ended, 1, -1) < 0 && errno == EINTR) {
        }
    }
    if (!ends_by_signal(process, number)) {
        failure = "an end by a pidfd";
    }
    for (const int descriptor : {counter, taken, process}) {
        close(descriptor);
    }
    return {failure};
}

Outcome set_cpu_timers(Random& random) {
    see(SIGUSR2);
    see(SIGPROF);
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR2;
    timer_t timers[2];
    unsigned made = 0;
    for (const clockid_t clock : {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID}) {
        if (timer_create(clock, &event, &timers[made]) != 0) {
            break;
        }
        const itimerspec often{{0, 20'000}, {0, static_cast<long>(1'000 + random.below(100'000))}};
        timer_settime(timers[made], 0, &often, nullptr);
        ++made;
    }
    const itimerval soon{{0, 0}, {0, static_cast<long>(1 + random.below(100))}};
    setitimer(ITIMER_PROF, &soon, nullptr);
    constexpr uint64_t most = 200'000'000;
    const uint64_t start = cpu_nanoseconds();
    while (seen < 2 && cpu_nanoseconds() - start < most) {
    }
    for (unsigned i = 0; i < made; ++i) {
        timer_delete(timers[i]);
    }
    const itimerval none{};
    setitimer(ITIMER_PROF, &none, nullptr);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGPROF, SIG_IGN);
    return {seen >= (made == 0 ? 1 : 2) ? nullptr : "a timer by CPU time does not expire"};
}

Outcome share_sealed_memory(Random& random) {
    constexpr size_t words = 700;
    const int file = memfd_create("sealed", MFD_ALLOW_SEALING);
    void* const memory =
        ftruncate(file, words * sizeof(uint64_t)) == 0
            ? mmap(nullptr, words * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
            : MAP_FAILED;
    if (memory == MAP_FAILED) {
        close(file);
        return {};
    }
    const uint64_t mark = random.next();
    for (size_t i = 0; i < words; ++i) {
        static_cast<uint64_t*>(memory)[i] = mark + i;
    }
    const bool too_early = fcntl(file, F_ADD_SEALS, F_SEAL_WRITE) == 0;
    munmap(memory, words * sizeof(uint64_t));
    const bool sealed =
        fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
    const pid_t child = fork();
    if (child == 0) {
        uint64_t word = 0;
        const size_t at = random.below(words);
        const auto place = static_cast<off_t>(at * sizeof word);
        const bool refused = pwrite(file, &word, sizeof word, place) < 0 && ftruncate(file, 0) != 0;
        const bool same = pread(file, &word, sizeof word, place) == sizeof word;
        _exit(refused && same && word == mark + at ? 0 : 1);
    }
    const bool right = child < 0 || exit_code_of(child) == 0;
    close(file);
    return {!too_early && sealed && right ? nullptr : "sealed memory"};
}

}  // namespace endurance

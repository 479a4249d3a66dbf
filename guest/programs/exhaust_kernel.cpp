// SPDX-License-Identifier: MIT
// Asks for more than there is: memory, descriptors, processes, mappings, terminals, signals. Each
// part runs in a process of its own that may be killed for it; then everything must work as before.
// Runs on this project's kernel only, whose limits it knows.
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

#include "guest/programs/check.h"

namespace {

constexpr size_t page = 4096;
constexpr rlim_t most_descriptors = 65536;

bool is_shortage(int error) {
    return error == ENOMEM || error == EAGAIN || error == ENOSPC || error == ENOBUFS ||
           error == EMFILE;
}

/// A call may work, or say what there is too little of.
void may_be_short(long result, const char* what) {
    require(result >= 0 || is_shortage(errno), what);
}

void* map(size_t size, int protection) {
    return mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/// Takes memory until the kernel refuses.
void take_all_memory() {
    for (size_t size = 1 << 20; size >= page; size /= 2) {
        for (;;) {
            void* const block = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
            unsigned char resident = 0;
            if (block == MAP_FAILED ||
                mincore(static_cast<char*>(block) + size - page, page, &resident) != 0 ||
                resident == 0) {
                break;
            }
        }
    }
    // Shared memory ends at half of all; what is private takes the rest, but for one last step,
    // which would kill.
    for (;;) {
        char* const block = static_cast<char*>(map(64 * page, PROT_READ | PROT_WRITE));
        if (block == MAP_FAILED || mlock(block, 64 * page) != 0) {
            return;
        }
    }
}

// ---- Parts.

void descriptors() {
    rlimit limit{most_descriptors + 1, most_descriptors + 1};
    require(setrlimit(RLIMIT_NOFILE, &limit) < 0 && errno == EPERM, "more than nr_open");
    limit = {1UL << 40, 1UL << 40};
    require(setrlimit(RLIMIT_NOFILE, &limit) < 0 && errno == EPERM, "far more than nr_open");
    limit = {most_descriptors, most_descriptors};
    require(setrlimit(RLIMIT_NOFILE, &limit) == 0, "nr_open");
    require(dup2(1, most_descriptors - 1) == most_descriptors - 1, "the last descriptor");
    require(dup2(1, most_descriptors) < 0 && errno == EBADF, "one more");
    const pid_t child = fork();
    require(child >= 0, "fork with many descriptors");
    if (child == 0) {
        _exit(fcntl(most_descriptors - 1, F_GETFD) == 0 ? 0 : 1);
    }
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "inherited descriptors");
    static pollfd entries[most_descriptors + 1];
    for (pollfd& entry : entries) {
        entry = {most_descriptors - 1, POLLIN, 0};
    }
    require(poll(entries, most_descriptors + 1, 0) < 0 && errno == EINVAL, "too many to poll");
    may_be_short(poll(entries, most_descriptors, 1), "as many as there may be");
}

void mappings() {
    constexpr size_t count = 70'000;
    char* const area = static_cast<char*>(map(count * page, PROT_READ));
    require(area != MAP_FAILED, "mmap");
    size_t cut = 0;
    for (size_t i = 0; i < count; i += 2) {
        if (mprotect(area + i * page, page, PROT_NONE) != 0) {
            require(errno == ENOMEM, "mprotect");
            break;
        }
        ++cut;
    }
    require(cut > 10'000, "as many mappings as other kernels allow");
    const int maps = open("/proc/self/maps", O_RDONLY);
    may_be_short(maps, "a long text");
    close(maps);
    may_be_short(brk(sbrk(0)), "brk");
    require(munmap(area, count * page) == 0, "munmap");
}

void far_apart() {
    constexpr size_t size = 1UL << 45;
    void* const nothing = map(size, PROT_NONE);
    require(nothing != MAP_FAILED, "a large mapping of nothing");
    may_be_short(mlock(nothing, size), "mlock of nothing");
    char* const area = static_cast<char*>(map(size, PROT_READ));
    require(area != MAP_FAILED, "a large mapping");
    // Each touch takes a table. The process is killed for one of them.
    for (size_t at = 0; at < size; at += 2 << 20) {
        static_cast<void>(*const_cast<volatile char*>(area + at));
    }
}

void full_memory() {
    static char text[120'000];
    std::memset(text, 'x', sizeof text - 1);
    static char* arguments[20] = {};
    for (int i = 0; i < 15; ++i) {
        arguments[i] = text;
    }
    take_all_memory();
    const pid_t child = fork();
    may_be_short(child, "fork");
    if (child == 0) {
        _exit(0);
    }
    // The file is no program: should there be memory enough, that is what execve finds.
    require(execv("/dev/null", arguments) < 0 && (is_shortage(errno) || errno == EACCES), "execve");
    for (int i = 0; i < 3'000; ++i) {
        may_be_short(open("/proc/self/status", O_RDONLY), "open");
        may_be_short(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
        int ends[2];
        if (pipe(ends) == 0) {
            fcntl(ends[1], F_SETFL, O_NONBLOCK);
            may_be_short(write(ends[1], text, sizeof text), "write");
        }
        may_be_short(epoll_create1(0), "epoll");
        char name[300];
        std::snprintf(name, sizeof name, "/tmp/%0200d", i);
        may_be_short(symlink(text + sizeof text - 4'000, name), "symlink");
    }
    sigset_t signals;
    sigfillset(&signals);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    for (int i = 0; i < 3'000; ++i) {
        may_be_short(sigqueue(getpid(), SIGRTMIN, {.sival_int = i}), "sigqueue");
    }
    static gid_t groups[65'536];
    may_be_short(setgroups(65'536, groups), "setgroups");
    timer_t timer;
    sigevent event{};
    event.sigev_notify = SIGEV_NONE;
    for (int i = 0; i < 5'000; ++i) {
        may_be_short(timer_create(CLOCK_MONOTONIC, &event, &timer), "timer_create");
    }
    static pollfd entries[1'000];
    for (pollfd& entry : entries) {
        entry = {0, POLLPRI, 0};
    }
    may_be_short(poll(entries, 1'000, 1), "poll");
}

/// As many pseudo-terminals as there may be, each with something for both of its ends.
void terminals() {
    char text[1'000];
    std::memset(text, 'x', sizeof text);
    const rlimit limit{most_descriptors, most_descriptors};
    require(setrlimit(RLIMIT_NOFILE, &limit) == 0, "descriptors");
    int opened = 0;
    for (int i = 0; i < 5'000; ++i) {
        const int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
        may_be_short(master, "a master");
        int locked = 0;
        if (master < 0 || ioctl(master, TIOCSPTLCK, &locked) != 0) {
            continue;
        }
        const int terminal = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK);
        may_be_short(terminal, "a terminal");
        may_be_short(write(master, text, sizeof text), "input");
        if (terminal >= 0) {
            ++opened;
            may_be_short(write(terminal, text, sizeof text), "output");
        }
    }
    require(opened > 100, "terminals");
}

void many_processes() {
    int started = 0;
    for (pid_t child = 1; child >= 0; ++started) {
        child = fork();
        if (child == 0) {
            pause();
        }
        require(child >= 0 || is_shortage(errno), "fork");
    }
    require(started > 50, "processes");
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    while (wait(nullptr) > 0) {
    }
}

struct Part {
    const char* name;
    void (*run)();
    bool may_be_killed;
};
constexpr Part parts[] = {
    {"descriptors", descriptors, false}, {"mappings", mappings, false},
    {"far apart", far_apart, true},      {"full memory", full_memory, true},
    {"terminals", terminals, false},     {"processes", many_processes, false}};

void remove_links() {
    for (int i = 0; i < 3'000; ++i) {
        char name[300];
        std::snprintf(name, sizeof name, "/tmp/%0200d", i);
        unlink(name);
    }
}

void check_works() {
    void* const block = map(4 << 20, PROT_READ | PROT_WRITE);
    require(block != MAP_FAILED && mlock(block, 4 << 20) == 0 && munmap(block, 4 << 20) == 0,
            "memory afterwards");
    const pid_t child = fork();
    require(child >= 0, "fork afterwards");
    if (child == 0) {
        _exit(3);
    }
    int status = 0;
    require(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3, "wait afterwards");
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    for (const Part& part : parts) {
        const pid_t child = fork();
        require(child >= 0, "fork");
        if (child == 0) {
            setpgid(0, 0);
            part.run();
            _exit(0);
        }
        int status = 0;
        require(waitpid(child, &status, 0) == child, "wait");
        const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        require(status == 0 || (killed && part.may_be_killed), part.name);
        remove_links();
        check_works();
        std::printf("%s: all works again\n", part.name);
    }
    return 0;
}

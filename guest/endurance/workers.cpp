// SPDX-License-Identifier: MIT
#include "guest/endurance/workers.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iterator>
#include <new>

#include "guest/endurance/ipc_objects.h"
#include "guest/endurance/usage.h"

// Where the program's writable memory lies: the linker says it.
extern "C" {
extern char __data_start;
extern char _end;
}

namespace endurance {

namespace {

constexpr unsigned most_workers = 16;

void require(bool condition, const char* what) {
    if (!condition) {
        std::perror(what);
        std::exit(98);
    }
}

void sleep_microseconds(long count) {
    const timespec time{0, count * 1000};
    nanosleep(&time, nullptr);
}

// ---- The file system.

/// What a directory holds from the beginning, by inodes: a worker may remove something and make
/// something else of the same name.
struct KnownEntries {
    uint64_t numbers[32] = {};
    unsigned count = 0;

    void add(uint64_t number) {
        require(count < std::size(numbers), "too many entries in a directory");
        numbers[count++] = number;
    }
    [[nodiscard]] bool have(uint64_t number) const {
        return std::find(numbers, numbers + count, number) != numbers + count;
    }
};

/// Where the program lies: /proc/self/exe tells workers, who may put something in its place.
char own_directory[256];

/// Directories that workers can reach, kept open: they may take away the right to search them.
struct WatchedDirectory {
    const char* path;
    mode_t permissions;
    int descriptor = -1;
    KnownEntries known = {};
};
WatchedDirectory watched[] = {{"/", 0755},         {"/tmp", 01777},     {"/dev", 0755},
                              {"/dev/shm", 01777}, {"/dev/pts", 01777}, {own_directory, 0755}};

void find_own_directory() {
    const ssize_t size = readlink("/proc/self/exe", own_directory, sizeof own_directory - 1);
    char* const last = size > 0 ? std::strrchr(own_directory, '/') : nullptr;
    require(last != nullptr, "/proc/self/exe");
    last[last == own_directory ? 1 : 0] = '\0';
}

/// `struct linux_dirent64`, up to the name.
struct Entry {
    uint64_t number;
    int64_t offset;
    uint16_t size;
    uint8_t type;
    char name[];
};

/// Calls `visit(entry)` for the entries of `directory` until it says that it is done. Takes no
/// memory: the supervisor's is looked at.
template <typename Visit>
void for_each_entry(int directory, Visit visit) {
    const int again = openat(directory, ".", O_RDONLY | O_DIRECTORY);
    alignas(Entry) char bytes[1024];
    bool done = again < 0;
    while (!done) {
        const ssize_t size = getdents64(again, bytes, sizeof bytes);
        done = size <= 0;
        for (ssize_t at = 0; !done && at < size;) {
            const auto* const entry = reinterpret_cast<const Entry*>(bytes + at);
            at += entry->size;
            const bool is_dot =
                std::strcmp(entry->name, ".") == 0 || std::strcmp(entry->name, "..") == 0;
            done = !is_dot && visit(*entry);
        }
    }
    close(again);
}

KnownEntries entries_of(int directory) {
    KnownEntries known;
    for_each_entry(directory, [&](const Entry& entry) {
        known.add(entry.number);
        return false;
    });
    return known;
}

/// The first entry beside the known ones; false if there is none.
bool find_entry(int directory, const KnownEntries& known, char (&name)[256]) {
    bool found = false;
    for_each_entry(directory, [&](const Entry& entry) {
        found = !known.have(entry.number);
        if (found) {
            std::snprintf(name, sizeof name, "%s", entry.name);
        }
        return found;
    });
    return found;
}

/// Removes the entries of `directory`, but for the known ones. What is not empty is emptied first,
/// without recursion: it may be nested deeply.
void empty_directory(int directory, const KnownEntries& known) {
    char name[256];
    while (find_entry(directory, known, name)) {
        int at = dup(directory);
        while (unlinkat(at, name, 0) != 0 && unlinkat(at, name, AT_REMOVEDIR) != 0) {
            const int inner = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
            require(inner >= 0 && find_entry(inner, {}, name), "removing what a worker left");
            close(at);
            at = inner;
        }
        close(at);
    }
}

void sweep() {
    for (const WatchedDirectory& directory : watched) {
        fchmod(directory.descriptor, directory.permissions);
        empty_directory(directory.descriptor, directory.known);
    }
    sethostname("ringfence", 9);
    remove_ipc_objects();
}

// ---- Processes.

unsigned threads_in_the_system() {
    struct sysinfo information{};
    sysinfo(&information);
    return information.procs;
}

/// After fork every page of the supervisor would be copied at its next write, and then there may be
/// no memory left: better now.
void touch_own_pages() {
    constexpr uintptr_t page = 4096;
    for (uintptr_t at = reinterpret_cast<uintptr_t>(&__data_start) & ~(page - 1);
         at < reinterpret_cast<uintptr_t>(&_end); at += page) {
        volatile char* byte = reinterpret_cast<char*>(at);
        *byte = *byte;
    }
    volatile char stack[64 * 1024];
    for (size_t at = 0; at < sizeof stack; at += page) {
        stack[at] = 0;
    }
}

pid_t start_worker(const Shift& shift, unsigned worker, Progress& progress) {
    const pid_t child = fork();
    if (child != 0) {
        touch_own_pages();
        return child;
    }
    for (const WatchedDirectory& directory : watched) {
        close(directory.descriptor);
    }
    setsid();
    char name[16];
    std::snprintf(name, sizeof name, "%u", worker);
    if (chdir(scratch_directory) != 0 || (mkdir(name, 0777), chdir(name) != 0)) {
        _exit(97);
    }
    const int null_device = open("/dev/null", O_RDWR);
    for (int descriptor = 0; descriptor < 3; ++descriptor) {
        dup2(null_device, descriptor);
    }
    close(null_device);
    shift.work(seed_of_part(shift.seed, worker), worker, progress);
    _exit(0);
}

/// Ends everybody but the supervisor: kill(-1) spares the caller and the kernel's own process.
void end_everybody() {
    kill(-1, SIGKILL);
    while (threads_in_the_system() > 1) {
        while (waitpid(-1, nullptr, WNOHANG | __WALL) > 0) {
        }
        sleep_microseconds(50);
        kill(-1, SIGKILL);
    }
    while (waitpid(-1, nullptr, WNOHANG | __WALL) > 0) {
    }
}

/// Waits for the workers for as long as there is progress.
void watch_workers(pid_t* workers, unsigned count, const Progress& progress) {
    constexpr unsigned most_idle_looks = 20;
    const volatile uint64_t& steps = progress.steps;
    uint64_t seen = steps;
    unsigned idle = 0;
    for (unsigned living = count; living > 0 && idle < most_idle_looks;) {
        sleep_microseconds(500);
        idle = steps == seen ? idle + 1 : 0;
        seen = steps;
        for (unsigned i = 0; i < count; ++i) {
            if (workers[i] > 0 && waitpid(workers[i], nullptr, WNOHANG) != 0) {
                workers[i] = 0;
                --living;
            }
        }
    }
}

}  // namespace

Progress& start_supervising() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    require(mkdir(scratch_directory, 0777) == 0 && chmod(scratch_directory, 0777) == 0,
            scratch_directory);
    touch_program();
    find_own_directory();
    for (WatchedDirectory& directory : watched) {
        directory.descriptor = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        require(directory.descriptor >= 0, directory.path);
        directory.known = entries_of(directory.descriptor);
    }
    void* const shared =
        mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(shared != MAP_FAILED, "mmap");
    return *new (shared) Progress{};
}

uint64_t run_shift(const Shift& shift, Progress& progress) {
    constexpr uint64_t most_steps = 100'000;
    progress.steps = 0;
    pid_t workers[most_workers];
    const unsigned count = shift.workers < most_workers ? shift.workers : most_workers;
    unsigned started = 0;
    for (unsigned i = 0; i < count; ++i) {
        workers[started] = start_worker(shift, i, progress);
        started += workers[started] > 0 ? 1 : 0;  // those before it may have taken all memory
    }
    require(started > 0, "starting a worker");
    watch_workers(workers, started, progress);
    end_everybody();
    sweep();
    const int scratch = open(scratch_directory, O_RDONLY | O_DIRECTORY);
    fchmod(scratch, 0777);
    empty_directory(scratch, {});
    close(scratch);
    return progress.steps <= most_steps ? progress.steps : 0;
}

int run_shifts(const Experiment& experiment, uint64_t wanted, uint64_t seed) {
    // The first shifts make the lists that only grow as long as they will be.
    constexpr unsigned warm_up_shifts = 2;
    constexpr unsigned shifts_per_report = 100;
    // A connection is remembered for a minute, and may be tried to be opened for two.
    constexpr unsigned patience_seconds = 200;
    Progress& progress = start_supervising();
    Usage before = Usage::read();
    unsigned shift = 0;
    uint64_t made = 0;
    for (; made < wanted || shift <= warm_up_shifts; ++shift) {
        made +=
            run_shift({seed_of_part(seed, shift), experiment.workers, experiment.work}, progress);
        if (shift % shifts_per_report == 0) {  // the first time before anything is measured
            std::printf("%lu %s so far\n", made, experiment.unit);
        }
        if (experiment.checks && progress.failures > 0) {
            std::printf("seed %lu, shift %u: %s\n", seed, shift, progress.first_failure);
            return 1;
        }
        if (shift < warm_up_shifts) {
            before = Usage::read();
        } else if (!Usage::read().same_as(before, experiment.spare_bytes)) {
            std::printf("seed %lu, shift %u: not all was given back\n", seed, shift);
            return 1;
        }
    }
    if (!comes_back_to(before, experiment.spare_bytes, patience_seconds)) {
        std::printf("seed %lu: not all was given back at the end\n", seed);
        return 1;
    }
    std::printf("%lu %s in %u shifts, seed %lu: %sall was given back\n", made, experiment.unit,
                shift, seed, experiment.checks ? "all was right, " : "");
    return 0;
}

long change_all_designs_at_random(Random& random) {
    const int file = open("/proc/ringfence/design", O_WRONLY);
    const char* const design = random.one_in(2) ? "isolated" : "shared";
    const ssize_t written = write(file, design, std::strlen(design));
    const int error = errno;
    close(file);
    errno = error;
    return written;
}

int exit_code_of(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace endurance

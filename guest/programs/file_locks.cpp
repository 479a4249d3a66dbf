// SPDX-License-Identifier: MIT
// Locks of records and of files: who conflicts with whom, ranges, waiting, deadlock, and what gives
// them back.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/children.h"

namespace {

constexpr char path[] = "/tmp/ringfence-file-locks";

int open_file(int flags = O_RDWR) {
    const int file = open(path, flags | O_CREAT, 0600);
    require(file >= 0, "open");
    return file;
}

struct flock record(int type, off_t start, off_t length, int whence = SEEK_SET) {
    struct flock wanted{};
    wanted.l_type = static_cast<short>(type);
    wanted.l_whence = static_cast<short>(whence);
    wanted.l_start = start;
    wanted.l_len = length;
    return wanted;
}

int lock(int file, int type, off_t start, off_t length, int command = F_SETLK) {
    struct flock wanted = record(type, start, length);
    return fcntl(file, command, &wanted);
}

/// Runs `body` in a child, which ends with what it returns, and waits for it.
template <typename Body>
void in_child(Body body) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        body();
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "the child");
}

/// What stands in the way of an exclusive lock of each of the first bytes: a letter for each.
void show_map(const char* name, int file, int command = F_GETLK) {
    char map[41] = {};
    for (int at = 0; at < 40; ++at) {
        struct flock asked = record(F_WRLCK, at, 1);
        require(fcntl(file, command, &asked) == 0, "F_GETLK");
        map[at] = "rw."[asked.l_type];
    }
    std::printf("%s: %s\n", name, map);
}

void show_obstacle(const char* name, int file, int command, off_t start, pid_t parent) {
    struct flock asked = record(F_WRLCK, start, 1);
    require(fcntl(file, command, &asked) == 0, "F_GETLK");
    std::printf("%s: type %d whence %d at %ld, %ld bytes, of %s\n", name, asked.l_type,
                asked.l_whence, static_cast<long>(asked.l_start), static_cast<long>(asked.l_len),
                asked.l_pid == parent ? "the parent"
                : asked.l_pid == -1   ? "an open file"
                : asked.l_pid == 0    ? "nobody"
                                      : "another");
}

void ranges() {
    const int file = open_file();
    const auto map = [&](const char* name) { in_child([&] { show_map(name, file); }); };
    show("write 10 to 19", lock(file, F_WRLCK, 10, 10));
    map("one");
    show("read 14 to 15", lock(file, F_RDLCK, 14, 2));
    map("a hole in it");
    show("nothing at 12", lock(file, F_UNLCK, 12, 1));
    map("a gap in it");
    show("read 20 to 24", lock(file, F_RDLCK, 20, 5));
    show("read 16 to 19", lock(file, F_RDLCK, 16, 4));
    map("grown together");
    show("read 0 to 39", lock(file, F_RDLCK, 0, 40));
    map("all of it");
    in_child([&] { show_obstacle("as one", file, F_GETLK, 30, getppid()); });
    show("write from 30 on", lock(file, F_WRLCK, 30, 0));
    map("to the end");
    in_child([&] { show_obstacle("without an end", file, F_GETLK, 1L << 40, getppid()); });
    show_map("one's own", file);
    show("nothing anywhere", lock(file, F_UNLCK, 0, 0));
    map("none");
    require(ftruncate(file, 25) == 0 && lseek(file, 5, SEEK_SET) == 5, "lseek");
    struct flock before = record(F_WRLCK, 0, -3, SEEK_CUR);
    struct flock behind = record(F_RDLCK, -2, 4, SEEK_END);
    show("before the position", fcntl(file, F_SETLK, &before));
    show("around the end", fcntl(file, F_SETLK, &behind));
    map("both");
    close(file);
}

void conflicts() {
    const int file = open_file();
    require(lock(file, F_RDLCK, 0, 10) == 0 && lock(file, F_WRLCK, 10, 10) == 0, "lock");
    in_child([&] {
        show("read what is read", lock(file, F_RDLCK, 0, 10));
        show("write what is read", lock(file, F_WRLCK, 0, 10));
        show("read what is written", lock(file, F_RDLCK, 15, 1));
        show("write what is free", lock(file, F_WRLCK, 20, 1));
        show("give back another's", lock(file, F_UNLCK, 0, 0));
        show("read what is written still", lock(file, F_RDLCK, 15, 1));
        show_obstacle("who writes", file, F_GETLK, 15, getppid());
        show_obstacle("who reads", file, F_GETLK, 5, getppid());
        show_obstacle("who does neither", file, F_GETLK, 25, getppid());
        show("the whole file is another matter", flock(file, LOCK_EX | LOCK_NB));
    });
    // What a descriptor's end gives back, though it is not the one that was locked.
    const int other = open_file();
    close(other);
    in_child([&] { show_map("after another descriptor's end", file); });
    require(lock(file, F_WRLCK, 0, 10) == 0, "lock");
    const int copy = dup(file);
    require(dup2(STDOUT_FILENO, copy) == copy, "dup2");
    in_child([&] { show_map("after a copy's", file); });
    close(copy);
    in_child([&] {
        require(lock(file, F_WRLCK, 0, 10) == 0, "lock");
        in_child([&] { show("of a process", lock(file, F_WRLCK, 0, 1)); });
    });
    show("that has ended", lock(file, F_WRLCK, 0, 1));
    close(file);
}

void open_file_locks() {
    const int file = open_file();
    const int other = open_file();
    const int copy = dup(file);
    show("an open file's", lock(file, F_WRLCK, 0, 10, F_OFD_SETLK));
    show("another's", lock(other, F_WRLCK, 5, 1, F_OFD_SETLK));
    show("the same one's", lock(copy, F_RDLCK, 5, 1, F_OFD_SETLK));
    show("the process's", lock(file, F_WRLCK, 0, 1));
    show_map("seen from another", other, F_OFD_GETLK);
    show_map("seen from the process", other);
    show_obstacle("the holder", other, F_OFD_GETLK, 0, getpid());
    in_child([&] { show("the same one's in a child", lock(file, F_WRLCK, 0, 10, F_OFD_SETLK)); });
    close(file);
    show("a copy is left", lock(other, F_WRLCK, 5, 1, F_OFD_SETLK));
    close(copy);
    show("no copy is left", lock(other, F_WRLCK, 5, 1, F_OFD_SETLK));
    struct flock owned = record(F_WRLCK, 0, 1);
    owned.l_pid = 1;
    show("of a process by name", fcntl(other, F_OFD_SETLK, &owned));
    show("asked by name", fcntl(other, F_OFD_GETLK, &owned));
    close(other);
}

void whole_files() {
    const int file = open_file();
    const int other = open_file(O_RDONLY);
    show("shared", flock(file, LOCK_SH));
    show("shared by two", flock(other, LOCK_SH | LOCK_NB));
    show("for one alone", flock(file, LOCK_EX | LOCK_NB));
    show("which has lost its own", flock(other, LOCK_EX | LOCK_NB));
    show("once more", flock(other, LOCK_EX | LOCK_NB));
    show("for the first", flock(file, LOCK_SH | LOCK_NB));
    show("given back", flock(other, LOCK_UN));
    show("for the first", flock(file, LOCK_EX | LOCK_NB));
    in_child([&] {
        show("a child has it, too", flock(file, LOCK_EX | LOCK_NB));
        show("a record is another matter", lock(file, F_WRLCK, 0, 0));
    });
    close(file);
    show("closed", flock(other, LOCK_EX | LOCK_NB));
    show("nothing", flock(other, 0));
    show("two things", flock(other, LOCK_SH | LOCK_EX));
    show("no file", flock(99, LOCK_SH));
    const int place = open(path, O_PATH);
    show("a place", flock(place, LOCK_SH));
    close(place);
    close(other);
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    show("a pipe", flock(ends[0], LOCK_EX));
    show("its other end", flock(ends[1], LOCK_EX | LOCK_NB));
    close(ends[0]);
    show("alone", flock(ends[1], LOCK_EX | LOCK_NB));
    close(ends[1]);
}

/// A child holds the lock, tells so, and gives it back a while later; the parent waits for it.
template <typename Take, typename Give>
void wait_for_child(const char* name, int file, Take take, Give give) {
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        require(take(file, true) == 0 && write(ends[1], "x", 1) == 1, "take");
        usleep(20000);
        std::printf("%s: given back\n", name);
        fflush(stdout);
        require(give(file) == 0, "give");
        _exit(0);
    }
    char byte;
    require(read(ends[0], &byte, 1) == 1, "read");
    show("not yet", take(file, false));
    show(name, take(file, true));
    show("and back", give(file));
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "the child");
    close(ends[0]);
    close(ends[1]);
}

void waiting() {
    const int file = open_file();
    wait_for_child(
        "a record", file,
        [](int at, bool wait) { return lock(at, F_WRLCK, 3, 4, wait ? F_SETLKW : F_SETLK); },
        [](int at) { return lock(at, F_UNLCK, 3, 1) + lock(at, F_UNLCK, 4, 3); });
    // Parent and child each open the file themselves.
    int own = -1;
    const auto own_file = [&] { return own = own < 0 ? open_file() : own; };
    wait_for_child(
        "an open file", file,
        [&](int, bool wait) {
            return lock(own_file(), F_WRLCK, 0, 0, wait ? F_OFD_SETLKW : F_OFD_SETLK);
        },
        [&](int) { return lock(own, F_UNLCK, 0, 0, F_OFD_SETLK); });
    close(own);
    own = -1;
    wait_for_child(
        "a whole file", file,
        [&](int, bool wait) { return flock(own_file(), LOCK_EX | (wait ? 0 : LOCK_NB)); },
        [&](int) { return flock(own, LOCK_UN); });
    close(own);
    close(file);
}

volatile sig_atomic_t alarms = 0;

void interrupted() {
    const int file = open_file();
    require(lock(file, F_WRLCK, 0, 1) == 0, "lock");
    in_child([&] {
        struct sigaction action{};
        action.sa_handler = [](int) { alarms = alarms + 1; };
        require(sigaction(SIGALRM, &action, nullptr) == 0, "sigaction");
        const itimerval soon{{0, 0}, {0, 5000}};
        require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
        show("interrupted", lock(file, F_WRLCK, 0, 1, F_SETLKW));
        std::printf("alarms: %d\n", static_cast<int>(alarms));
    });
    close(file);
}

/// Parent and child each have a byte and want the other's: one of them is told.
void deadlock() {
    const int file = open_file();
    int ends[2];
    require(pipe(ends) == 0 && lock(file, F_WRLCK, 0, 1) == 0, "lock");
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        require(lock(file, F_WRLCK, 1, 1) == 0 && write(ends[1], "x", 1) == 1, "lock");
        require(lock(file, F_WRLCK, 0, 1, F_SETLKW) == 0, "the first byte");
        _exit(0);
    }
    char byte;
    require(read(ends[0], &byte, 1) == 1, "read");
    usleep(20000);
    show("a circle", lock(file, F_WRLCK, 1, 1, F_SETLKW));
    show("the way out", lock(file, F_UNLCK, 0, 1));
    show("then", lock(file, F_WRLCK, 1, 1, F_SETLKW));
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "the child");
    close(ends[0]);
    close(ends[1]);
    close(file);
}

/// What /proc/locks says of the file, in an order of its own.
void show_listed(const char* name, int file) {
    struct stat status{};
    require(fstat(file, &status) == 0, "fstat");
    std::vector<std::string> lines;
    std::FILE* const list = std::fopen("/proc/locks", "re");
    require(list != nullptr, "/proc/locks");
    char line[200];
    while (std::fgets(line, sizeof line, list) != nullptr) {
        const char* const behind_number = std::strchr(line, ' ');
        require(behind_number != nullptr, "a number");
        const bool waits = std::strncmp(behind_number, " -> ", 4) == 0;
        char kind[16], mode[16], type[16], start[32], end[32];
        unsigned major = 0, minor = 0;
        unsigned long number = 0;
        int process = 0;
        const int fields =
            std::sscanf(behind_number + (waits ? 4 : 1), "%15s %15s %15s %d %x:%x:%lu %31s %31s",
                        kind, mode, type, &process, &major, &minor, &number, start, end);
        if (fields == 9 && number == status.st_ino) {
            lines.push_back(std::string(waits ? "waits " : "holds ") + kind + " " + mode + " " +
                            type + " " + start + " " + end +
                            (process == getpid() ? ", the caller"
                             : process > 0       ? ", another"
                                                 : ", nobody"));
        }
    }
    std::fclose(list);
    std::sort(lines.begin(), lines.end());
    std::printf("%s\n", name);
    for (const std::string& each : lines) {
        std::printf("  %s\n", each.c_str());
    }
}

void listed() {
    const int file = open_file();
    show_listed("no locks", file);
    show("a part", lock(file, F_WRLCK, 10, 5));
    show("another", lock(file, F_RDLCK, 20, 0));
    const int other = open_file();
    show("the file", flock(other, LOCK_SH));
    show("of an open file", lock(other, F_RDLCK, 100, 10, F_OFD_SETLK));
    show_listed("four locks", file);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        _exit(lock(file, F_WRLCK, 12, 1, F_SETLKW));
    }
    children::wait_until_asleep(child);
    show_listed("and one who waits", file);
    show("give it back", lock(file, F_UNLCK, 0, 0));
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "the child");
    close(other);
    show_listed("no locks", file);
    close(file);
}

void errors() {
    const int reader = open_file(O_RDONLY);
    const int writer = open_file(O_WRONLY);
    const int place = open(path, O_PATH);
    show("write to read", lock(reader, F_WRLCK, 0, 1));
    show("read to write", lock(writer, F_RDLCK, 0, 1));
    show("nothing of either", lock(writer, F_UNLCK, 0, 1));
    show("a place", lock(place, F_UNLCK, 0, 1));
    show("no file", lock(99, F_WRLCK, 0, 1));
    show("a type", lock(reader, 3, 0, 1));
    show("a negative start", lock(reader, F_RDLCK, -1, 1));
    show("before the start", lock(reader, F_RDLCK, 5, -6));
    show("up to the start", lock(reader, F_RDLCK, 5, -5));
    show("the last byte", lock(reader, F_RDLCK, INT64_MAX, 1));
    show("one more", lock(reader, F_RDLCK, INT64_MAX, 2));
    show("the least length", lock(reader, F_RDLCK, 5, INT64_MIN));
    struct flock far = record(F_RDLCK, INT64_MAX, 1, SEEK_CUR);
    require(lseek(reader, 1, SEEK_SET) == 1, "lseek");
    show("beyond the last", fcntl(reader, F_SETLK, &far));
    struct flock nowhere = record(F_RDLCK, 0, 1, 3);
    show("from nowhere", fcntl(reader, F_SETLK, &nowhere));
    struct flock none = record(F_UNLCK, 0, 1);
    show("ask for nothing", fcntl(reader, F_GETLK, &none));
    close(place);
    close(writer);
    close(reader);
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    unlink(path);
    ranges();
    conflicts();
    open_file_locks();
    whole_files();
    waiting();
    interrupted();
    deadlock();
    listed();
    errors();
    unlink(path);
    return 0;
}

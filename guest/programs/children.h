// SPDX-License-Identifier: MIT
// Shared by programs that are made of several processes: starting them and waiting for them.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <ctime>

#include "guest/programs/check.h"

namespace children {

/// What a process prints comes when it ends or makes another one, whatever its output is: so the
/// order depends on who waits for whom alone. Nothing takes long.
inline void begin() {
    constexpr size_t enough = 64 * 1024;
    std::setvbuf(stdout, nullptr, _IOFBF, enough);
    alarm(60);
}

/// A child that does `work` and ends with what that returns.
template <typename Work>
pid_t start(Work work) {
    std::fflush(stdout);
    const pid_t child = fork();
    require(child >= 0, "fork");
    if (child == 0) {
        const int code = work();
        std::fflush(stdout);
        _exit(code);
    }
    return child;
}

inline void wait_for(const char* name, pid_t child) {
    int status = 0;
    pid_t ended = 0;
    do {
        ended = waitpid(child, &status, 0);
    } while (ended < 0 && errno == EINTR);
    require(ended == child, "waitpid");
    if (WIFSIGNALED(status)) {
        std::printf("%s: signal %d\n", name, WTERMSIG(status));
    } else {
        std::printf("%s: exit %d\n", name, WEXITSTATUS(status));
    }
}

template <typename Work>
void in_child(const char* name, Work work) {
    wait_for(name, start(work));
}

/// In a child without privileges.
template <typename Work>
void as_nobody(const char* name, Work work) {
    constexpr unsigned nobody = 65534;
    in_child(name, [&] {
        require(setgid(nobody) == 0 && setuid(nobody) == 0, "setuid");
        return work();
    });
}

inline void sleep_milliseconds(long count) {
    const timespec time{0, count * 1'000'000};
    nanosleep(&time, nullptr);
}

/// Waits, but not for ever, until `condition()` holds.
template <typename Condition>
void wait_until(Condition condition, const char* what) {
    for (int tries = 0; tries < 5000; ++tries) {
        if (condition()) {
            return;
        }
        sleep_milliseconds(1);
    }
    require(false, what);
}

/// Whether a child sleeps, so that it waits for what it was started for.
inline bool is_asleep(pid_t child) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/%d/stat", child);
    std::FILE* const file = std::fopen(path, "re");
    char text[64] = {};
    const size_t size = file == nullptr ? 0 : std::fread(text, 1, sizeof text - 1, file);
    if (file != nullptr) {
        std::fclose(file);
    }
    const char* const name_end = size == 0 ? nullptr : std::strrchr(text, ')');
    return name_end != nullptr && name_end[1] == ' ' && name_end[2] == 'S';
}

inline void wait_until_asleep(pid_t child) {
    wait_until([child] { return is_asleep(child); }, "a child that waits");
}

}  // namespace children

// SPDX-License-Identifier: MIT
// What processes share by clone, and what they stop sharing: unshare, and close_range with its
// flags.
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <csignal>
#include <initializer_list>

#include "guest/programs/children.h"

namespace {

/// A child that shares with this process what `flags` say, and ends before this one goes on.
template <typename Work>
void sharing(const char* name, unsigned long flags, Work work) {
    std::fflush(stdout);
    const long child = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    require(child >= 0, "clone");
    if (child == 0) {
        const int code = work();
        std::fflush(stdout);
        _exit(code);
    }
    children::wait_for(name, static_cast<pid_t>(child));
}

bool is_open(int descriptor) {
    return fcntl(descriptor, F_GETFD) >= 0;
}

void files() {
    const int first = open("/dev/null", O_RDONLY);
    const int second = open("/dev/null", O_RDONLY);
    sharing("shared", CLONE_FILES, [&] { return close(first); });
    std::printf("closed by the child: %d\n", !is_open(first));
    sharing("not shared any more", CLONE_FILES, [&] {
        show("unshare", unshare(CLONE_FILES));
        return close(second);
    });
    std::printf("still there: %d\n", is_open(second));
    show("alone", unshare(CLONE_FILES));
    std::printf("still there: %d\n", is_open(second));
    close(second);
}

void places() {
    require(chdir("/") == 0, "chdir");
    umask(022);
    sharing("shared", CLONE_FS, [] {
        umask(077);
        return chdir("/proc");
    });
    char path[64] = {};
    require(getcwd(path, sizeof path) != nullptr, "getcwd");
    std::printf("moved to %s, mask %o\n", path, umask(022));
    sharing("not shared any more", CLONE_FS, [] {
        show("unshare", unshare(CLONE_FS));
        umask(0);
        return chdir("/");
    });
    require(getcwd(path, sizeof path) != nullptr, "getcwd");
    std::printf("still in %s, mask %o\n", path, umask(022));
    require(chdir("/") == 0, "chdir");
}

int is_refused(void*) {
    const bool handlers = unshare(CLONE_SIGHAND) < 0 && errno == EINVAL;
    const bool memory = unshare(CLONE_VM) < 0 && errno == EINVAL;
    return handlers && memory ? 0 : 1;
}

void whole() {
    show("nothing", unshare(0));
    show("semaphores", unshare(CLONE_SYSVSEM));
    show("what is its own", unshare(CLONE_THREAD));
    show("and this", unshare(CLONE_SIGHAND));
    show("and this", unshare(CLONE_VM));
    show("no such flag", unshare(1));
    show("a clone's flag", unshare(CLONE_PARENT));
    alignas(16) static char stack[64 * 1024];
    std::fflush(stdout);
    const pid_t child = clone(is_refused, stack + sizeof stack,
                              CLONE_VM | CLONE_VFORK | CLONE_SIGHAND | SIGCHLD, nullptr);
    require(child > 0, "clone");
    children::wait_for("with shared memory and handlers", child);
}

void ranges() {
    constexpr unsigned unshare_flag = 2;
    constexpr unsigned on_exec = 4;
    const auto close_all = [](unsigned first, unsigned last, unsigned flags) {
        return syscall(SYS_close_range, first, last, flags);
    };
    int opened[4];
    const int null_device = open("/dev/null", O_RDONLY);
    for (int& descriptor : opened) {
        descriptor = fcntl(null_device, F_DUPFD, 100);
    }
    close(null_device);
    show("no such flag", close_all(100, 103, 1));
    show("backwards", close_all(103, 100, 0));
    show("on execve", close_all(100, 101, on_exec));
    for (const int descriptor : opened) {
        std::printf("descriptor %d: %d\n", descriptor, fcntl(descriptor, F_GETFD));
    }
    sharing("shared", CLONE_FILES, [&] { return close_all(100, 100, 0) == 0 ? 0 : 1; });
    std::printf("closed: %d\n", !is_open(100));
    sharing("not shared any more", CLONE_FILES, [&] {
        const long done = close_all(101, ~0U, unshare_flag);
        return done == 0 && !is_open(102) ? 0 : 1;
    });
    std::printf("still there: %d\n", is_open(102));
    sharing("both", CLONE_FILES,
            [&] { return close_all(102, 102, unshare_flag | on_exec) == 0 ? 0 : 1; });
    std::printf("unchanged: %d\n", fcntl(102, F_GETFD));
    show("all", close_all(100, ~0U, 0));
    std::printf("closed: %d\n", !is_open(103));
}

}  // namespace

int main() {
    children::begin();
    require(close_range(3, ~0U, 0) == 0, "close_range");
    files();
    places();
    whole();
    ranges();
    return 0;
}

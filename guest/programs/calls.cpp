// SPDX-License-Identifier: MIT
// System calls that few programs make and some cannot do without.
#include <cstdint>
#include <ctime>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guest/programs/check.h"

namespace {

void vectors_with_flags() {
    const int file = static_cast<int>(syscall(SYS_memfd_create, "vectors", 0));
    char first[] = "abc";
    char second[] = "defg";
    const iovec both[] = {{first, 3}, {second, 4}};
    show_value("pwritev2", pwritev2(file, both, 2, 2, RWF_SYNC));
    show_value("at its own position", pwritev2(file, both, 1, -1, 0));
    show_value("preadv2", preadv2(file, both, 2, 0, 0));
    std::printf("%s %s\n", first, second);
    show_value("a flag of the future", preadv2(file, both, 1, 0, 1 << 20));
    show_value("before the start", preadv2(file, both, 1, -2, 0));
    show("sync_file_range", sync_file_range(file, 0, 4, SYNC_FILE_RANGE_WRITE));
    show("an unknown flag", sync_file_range(file, 0, 4, 8));
    show("a negative size", sync_file_range(file, 0, -4, 0));
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    show("of a pipe", sync_file_range(ends[0], 0, 4, 0));
    show_value("preadv2 of a pipe", preadv2(ends[0], both, 1, 0, 0));
    show("of nothing", sync_file_range(99, 0, 4, 0));
}

void capabilities() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct sets[2] = {};
    show("capget", syscall(SYS_capget, &header, sets));
    show("capset to the same", syscall(SYS_capset, &header, sets));
    sets[0].effective |= 1;
    sets[0].permitted &= ~1U;
    show("effective beyond permitted", syscall(SYS_capset, &header, sets));
    sets[0].effective &= ~1U;
    header.pid = getppid();
    show("of another process", syscall(SYS_capset, &header, sets));
    header.version = 7;
    show("an unknown version", syscall(SYS_capset, &header, sets));
    std::printf("the known one: %d\n", header.version == _LINUX_CAPABILITY_VERSION_3);
    show("a bad pointer", syscall(SYS_capset, &header, 8));
}

void others() {
    show("restart_syscall", syscall(SYS_restart_syscall));
    const sched_param none{};
    const sched_param some{.sched_priority = 5};
    show("sched_setparam", sched_setparam(0, &none));
    show("a priority", sched_setparam(0, &some));
    show("a bad pointer", syscall(SYS_sched_setparam, 0, 8));
    const timespec wrong{.tv_sec = 0, .tv_nsec = -1};
    show("clock_settime", clock_settime(CLOCK_REALTIME, &wrong));
    show("of the monotonic clock", clock_settime(CLOCK_MONOTONIC, &wrong));
    show("a bad pointer", syscall(SYS_clock_settime, CLOCK_REALTIME, 8));
    struct stat status{};
    const int event = eventfd(0, 0);
    show("fstat", fstat(event, &status));
    std::printf("an eventfd has no type: %d\n", (status.st_mode & S_IFMT) == 0);
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    vectors_with_flags();
    capabilities();
    others();
    return 0;
}

// SPDX-License-Identifier: MIT
// System calls with pointers that a kernel must not follow: each must give an error, and none may
// harm the kernel.
#include <csignal>
#include <ctime>
#include <initializer_list>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"

namespace {

constexpr size_t page = 4096;

void try_pointer(const char* kind, long address) {
    std::printf("-- %s\n", kind);
    const int null_device = open("/dev/null", O_RDWR);
    const int zero_device = open("/dev/zero", O_RDONLY);
    require(null_device >= 0 && zero_device >= 0, "open devices");
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    require(write(ends[1], "1234", 4) == 4, "write");
    show("read from a pipe", syscall(SYS_read, ends[0], address, 4));
    show("write to a pipe", syscall(SYS_write, ends[1], address, 4));
    show("read zeros", syscall(SYS_read, zero_device, address, 4));
    show("open", syscall(SYS_openat, AT_FDCWD, address, O_RDONLY, 0));
    show("stat", syscall(SYS_stat, address, address));
    show("fstat", syscall(SYS_fstat, ends[0], address));
    show("pipe", syscall(SYS_pipe2, address, 0));
    show("uname", syscall(SYS_uname, address));
    show("getcwd", syscall(SYS_getcwd, address, page));
    show("clock_gettime", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, address));
    show("nanosleep", syscall(SYS_nanosleep, address, 0));
    show("sigaction", syscall(SYS_rt_sigaction, SIGUSR1, address, 0, 8));
    show("sigprocmask", syscall(SYS_rt_sigprocmask, SIG_SETMASK, address, 0, 8));
    show("execve", syscall(SYS_execve, address, address, address));
    show("writev", syscall(SYS_writev, null_device, address, 2));
    show("getrlimit", syscall(SYS_prlimit64, 0, RLIMIT_STACK, 0, address));
    show("readlink", syscall(SYS_readlink, "/proc/self/exe", address, 10));
    show("chdir", syscall(SYS_chdir, address));
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    show("wait4", syscall(SYS_wait4, child, address, 0, 0));
    while (waitpid(-1, nullptr, 0) > 0) {
    }
    for (const int descriptor : {null_device, zero_device, ends[0], ends[1]}) {
        close(descriptor);
    }
}

/// A buffer whose second half is missing: the kernel may give what fits or EFAULT, never crash.
void partial_buffers() {
    char* area = static_cast<char*>(
        mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    require(area != MAP_FAILED && munmap(area + page, page) == 0, "mmap");
    char* edge = area + page - 2;
    std::memcpy(edge, "ab", 2);
    std::printf("-- half a buffer\n");
    show("a path that does not end", open(edge, O_RDONLY));
    show("uname", syscall(SYS_uname, edge));
    show("clock_gettime", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, edge));
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    show("pipe", syscall(SYS_pipe2, edge, 0));
}

void read_only_target() {
    char* area =
        static_cast<char*>(mmap(nullptr, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    require(area != MAP_FAILED, "mmap");
    std::printf("-- read-only memory\n");
    show("uname", syscall(SYS_uname, area));
    show("fstat", syscall(SYS_fstat, 0, area));
    show("pipe", syscall(SYS_pipe2, area, 0));
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    try_pointer("address 8", 8);
    try_pointer("unmapped", 0x10000000);
    try_pointer("first address after the user half", 0x7ffffffff000);
    try_pointer("non-canonical", 0x7fffffffffffffff);
    try_pointer("kernel half", static_cast<long>(0xffff888000000000UL));
    try_pointer("kernel text", static_cast<long>(0xffffffff81000000UL));
    try_pointer("minus one", -1);
    partial_buffers();
    read_only_target();
    return 0;
}

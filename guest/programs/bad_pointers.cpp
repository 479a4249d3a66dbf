// SPDX-License-Identifier: MIT
// System calls with pointers that a kernel must not follow: each must give an error, and none may
// harm the kernel.
#include <csignal>
#include <ctime>
#include <initializer_list>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
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

/// Each pointer of each socket call.
void try_sockets(const char* kind, long address) {
    std::printf("-- sockets, %s\n", kind);
    int pair[2];
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
    require(write(pair[1], "12345678", 8) == 8, "write");
    const int datagram = socket(AF_INET, SOCK_DGRAM, 0);
    const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const sockaddr_un family{AF_UNIX, ""};
    require(bind(server, reinterpret_cast<const sockaddr*>(&family), sizeof(sa_family_t)) == 0 &&
                listen(server, 5) == 0,
            "listen");
    sockaddr_un name{};
    socklen_t size = sizeof name;
    require(getsockname(server, reinterpret_cast<sockaddr*>(&name), &size) == 0, "getsockname");
    const int client = socket(AF_UNIX, SOCK_STREAM, 0);
    require(connect(client, reinterpret_cast<sockaddr*>(&name), size) == 0, "connect");
    char byte = 'x';
    int number = 4;
    show("socketpair", syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, address));
    show("bind", syscall(SYS_bind, datagram, address, 16));
    show("connect", syscall(SYS_connect, datagram, address, 16));
    show("accept, address", syscall(SYS_accept4, server, address, &number, 0));
    show("getsockname, address", syscall(SYS_getsockname, pair[0], address, &number));
    show("getsockname, size", syscall(SYS_getsockname, pair[0], &name, address));
    show("getpeername, address", syscall(SYS_getpeername, pair[0], address, &number));
    show("getpeername, size", syscall(SYS_getpeername, pair[0], &name, address));
    show("setsockopt", syscall(SYS_setsockopt, pair[0], SOL_SOCKET, SO_PASSCRED, address, 4));
    number = 4;
    show("getsockopt, value",
         syscall(SYS_getsockopt, pair[0], SOL_SOCKET, SO_TYPE, address, &number));
    show("getsockopt, size", syscall(SYS_getsockopt, pair[0], SOL_SOCKET, SO_TYPE, &byte, address));
    show("send on a stream", syscall(SYS_sendto, pair[0], address, 4, 0, 0, 0));
    show("sendto, address", syscall(SYS_sendto, datagram, &byte, 1, 0, address, 16));
    show("receive from a stream", syscall(SYS_recvfrom, pair[0], address, 4, 0, 0, 0));
    show("still there", syscall(SYS_recvfrom, pair[0], &byte, 1, 0, 0, 0));
    show("recvfrom, size", syscall(SYS_recvfrom, pair[0], &byte, 1, 0, &name, address));
    show("sendmsg", syscall(SYS_sendmsg, pair[0], address, 0));
    show("recvmsg", syscall(SYS_recvmsg, pair[0], address, 0));
    iovec part{reinterpret_cast<void*>(address), 4};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    show("sendmsg, bytes", syscall(SYS_sendmsg, pair[0], &header, 0));
    show("recvmsg, bytes", syscall(SYS_recvmsg, pair[0], &header, 0));
    part.iov_base = &byte;
    part.iov_len = 1;
    header.msg_control = reinterpret_cast<void*>(address);
    header.msg_controllen = 24;
    show("sendmsg, control", syscall(SYS_sendmsg, pair[0], &header, 0));
    header.msg_control = nullptr;
    header.msg_controllen = 0;
    header.msg_name = reinterpret_cast<void*>(address);
    header.msg_namelen = 16;
    show("sendmsg, name", syscall(SYS_sendmsg, datagram, &header, 0));
    header.msg_name = nullptr;
    header.msg_iov = reinterpret_cast<iovec*>(address);
    show("sendmsg, vectors", syscall(SYS_sendmsg, pair[0], &header, 0));
    show("recvmsg, vectors", syscall(SYS_recvmsg, pair[0], &header, 0));
    show("sendmmsg", syscall(SYS_sendmmsg, pair[0], address, 2, 0));
    show("recvmmsg", syscall(SYS_recvmmsg, pair[0], address, 2, 0, 0));
    mmsghdr counted{};
    show("recvmmsg, timeout", syscall(SYS_recvmmsg, pair[0], &counted, 1, MSG_DONTWAIT, address));
    show("FIONREAD", syscall(SYS_ioctl, pair[0], FIONREAD, address));
    show("SIOCGIFCONF", syscall(SYS_ioctl, datagram, SIOCGIFCONF, address));
    show("SIOCGIFADDR", syscall(SYS_ioctl, datagram, SIOCGIFADDR, address));
    for (const int descriptor : {pair[0], pair[1], datagram, server, client}) {
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
    const struct {
        const char* kind;
        unsigned long address;
    } pointers[] = {{"address 8", 8},
                    {"unmapped", 0x10000000},
                    {"first address after the user half", 0x7ffffffff000},
                    {"non-canonical", 0x7fffffffffffffff},
                    {"kernel half", 0xffff888000000000},
                    {"kernel text", 0xffffffff81000000},
                    {"minus one", ~0UL}};
    for (const auto& [kind, address] : pointers) {
        try_pointer(kind, static_cast<long>(address));
        try_sockets(kind, static_cast<long>(address));
    }
    partial_buffers();
    read_only_target();
    return 0;
}

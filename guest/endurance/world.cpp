// SPDX-License-Identifier: MIT
#include "guest/endurance/world.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>

#include "guest/endurance/terminal_ends.h"

namespace endurance {

namespace {

void map_at(uint64_t address, uint64_t pages, int protection, int flags = MAP_PRIVATE,
            int descriptor = -1) {
    mmap(reinterpret_cast<void*>(address), pages * page_size, protection,
         flags | MAP_FIXED | (descriptor < 0 ? MAP_ANONYMOUS : 0), descriptor, 0);
}

void make_sockets() {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in name{};
    socklen_t size = sizeof name;
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof name);
    listen(listener, 4);
    getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size);
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    connect(client, reinterpret_cast<sockaddr*>(&name), size);
    accept(listener, nullptr, nullptr);
    const int datagram = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    name.sin_port = 0;
    bind(datagram, reinterpret_cast<sockaddr*>(&name), size);
    const int both = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);  // versions of IP
    listen(both, 4);
    sockaddr_in6 name6{};
    socklen_t size6 = sizeof name6;
    getsockname(both, reinterpret_cast<sockaddr*>(&name6), &size6);
    const int datagram6 = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    connect(datagram6, reinterpret_cast<sockaddr*>(&name6), size6);
    const int kernel_link = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
    const sockaddr_nl any_port{AF_NETLINK, 0, 0, 0};
    bind(kernel_link, reinterpret_cast<const sockaddr*>(&any_port), sizeof any_port);
    const int named = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const sockaddr_un place{AF_UNIX, "socket"};
    bind(named, reinterpret_cast<const sockaddr*>(&place), sizeof place);
    listen(named, 4);
}

void make_files() {
    int ends[2];
    if (pipe(ends) != 0) {
        return;
    }
    close(open("a", O_CREAT | O_RDWR, 0666));
    mkdir("d", 0777);
    mkfifo("c", 0666);
    if (symlink("a", "b") != 0) {
        return;
    }
    open("a", O_RDWR);
    open("d", O_RDONLY | O_DIRECTORY);
    open("/proc/self/maps", O_RDONLY);
    open("/dev/zero", O_RDWR);
    eventfd(1, EFD_NONBLOCK);
    timerfd_create(CLOCK_MONOTONIC, 0);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    signalfd(-1, &signals, 0);
    const int set = epoll_create1(0);
    epoll_event event{EPOLLIN | EPOLLET, {.u64 = 1}};
    epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event);
    inotify_add_watch(inotify_init1(IN_NONBLOCK), ".", IN_ALL_EVENTS);
    mq_attr queue{};
    queue.mq_maxmsg = 3;
    queue.mq_msgsize = 64;
    mq_open("/q1", O_CREAT | O_RDWR | O_NONBLOCK, 0666, &queue);
    syscall(SYS_pidfd_open, getpid(), 0);
    const int file = memfd_create("m", MFD_ALLOW_SEALING);
    if (ftruncate(file, small_area_pages * page_size) == 0) {
        map_at(file_area, small_area_pages, PROT_READ | PROT_WRITE, MAP_SHARED, file);
    }
}

}  // namespace

uint64_t page_of_text() {
    return reinterpret_cast<uint64_t>(&map_at) & ~(page_size - 1);
}

void make_world(bool privileged) {
    map_at(arena, arena_pages, PROT_READ | PROT_WRITE);
    map_at(read_only_area, small_area_pages, PROT_READ);
    map_at(no_access_area, small_area_pages, PROT_READ | PROT_WRITE);
    *reinterpret_cast<volatile uint64_t*>(no_access_area) = 1;
    mprotect(reinterpret_cast<void*>(no_access_area), small_area_pages * page_size, PROT_NONE);
    map_at(code_area, small_area_pages, PROT_READ | PROT_WRITE | PROT_EXEC);
    map_at(shared_area, small_area_pages, PROT_READ | PROT_WRITE, MAP_SHARED);
    make_files();
    make_sockets();
    static_cast<void>(open_terminal(O_NONBLOCK));
    if (!privileged) {
        const int failed = setgid(1000) | setuid(1000);
        static_cast<void>(failed);  // then it is privileged, and Bounds say so
    }
}

}  // namespace endurance

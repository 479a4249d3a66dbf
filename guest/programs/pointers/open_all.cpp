// SPDX-License-Identifier: MIT
// What the attempts find open.
#include <fcntl.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>

#include "guest/programs/check.h"
#include "guest/programs/pointers/call.h"

namespace pointers {

namespace {

void put(int descriptor, Open at) {
    require(descriptor >= 0, "a descriptor");
    require(dup2(descriptor, static_cast<int>(at)) == at && close(descriptor) == 0, "dup2");
}

int opened(Open at) {
    return static_cast<int>(at);
}

void open_pipe() {
    int ends[2];
    require(pipe2(ends, O_NONBLOCK) == 0, "pipe");
    put(ends[0], pipe_reader);
    put(ends[1], pipe_writer);
    require(write(opened(pipe_writer), "12345678", 8) == 8, "write to a pipe");
}

void open_files() {
    put(memfd_create("f", MFD_ALLOW_SEALING), file);
    require(
        write(opened(file), "123456789abcdef", 16) == 16 && lseek(opened(file), 0, SEEK_SET) == 0,
        "a file");
    put(open("/", O_RDONLY | O_DIRECTORY), folder);
    put(open("/dev/zero", O_RDONLY), zeros);
    put(open("/dev/null", O_RDWR), nothing);
}

void open_unix() {
    int pair[2];
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0, "socketpair");
    put(pair[0], stream);
    put(pair[1], stream_peer);
    require(write(opened(stream_peer), "12345678", 8) == 8, "bytes");
    require(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) == 0, "socketpair");
    require(write(pair[1], "12345678", 8) == 8, "a message");
    put(pair[0], datagram);
    require(close(pair[1]) == 0, "close");
}

void open_inet() {
    put(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), inet);
    put(socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0), inet6);
    put(socket(AF_INET, SOCK_STREAM, 0), listener);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const name = reinterpret_cast<sockaddr*>(&place);
    socklen_t size = sizeof place;
    require(bind(opened(listener), name, size) == 0 && listen(opened(listener), 5) == 0 &&
                getsockname(opened(listener), name, &size) == 0,
            "listen");
    put(socket(AF_INET, SOCK_STREAM, 0), listener_peer);
    require(connect(opened(listener_peer), name, size) == 0, "connect");
    require(fcntl(opened(listener), F_SETFL, O_NONBLOCK) == 0, "O_NONBLOCK");
}

void open_netlink() {
    put(socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE), kernel_link);
    nlmsghdr question{};
    question.nlmsg_len = sizeof question;
    question.nlmsg_type = NLMSG_NOOP;
    question.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    require(send(opened(kernel_link), &question, sizeof question, 0) == sizeof question,
            "a question");
}

void open_events() {
    put(eventfd(3, EFD_NONBLOCK), counter);
    put(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), clock);
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR2);
    require(sigprocmask(SIG_BLOCK, &some, nullptr) == 0 && raise(SIGUSR2) == 0, "a signal");
    put(signalfd(-1, &some, SFD_NONBLOCK), signals);
    put(inotify_init1(IN_NONBLOCK), watcher);
    put(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)), process);
    put(epoll_create1(0), set);
    epoll_event event{.events = EPOLLIN, .data = {}};
    require(epoll_ctl(opened(set), EPOLL_CTL_ADD, opened(counter), &event) == 0, "epoll_ctl");
}

void open_queue() {
    char name[32];
    std::snprintf(name, sizeof name, "/pointers-%d", getpid());
    mq_attr attributes{};
    attributes.mq_maxmsg = 2;
    attributes.mq_msgsize = 8;
    put(mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attributes), mailbox);
    require(mq_unlink(name) == 0 && mq_send(opened(mailbox), "1234567", 8, 3) == 0, "a queue");
}

void open_terminal() {
    put(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), master);
    require(unlockpt(opened(master)) == 0, "unlockpt");
    put(ioctl(opened(master), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK), terminal);
    require(write(opened(master), "1234567\n", 8) == 8, "a line");
    // Linux hands it on in the background, and who asks waits for that.
    pollfd asked{opened(terminal), POLLIN, 0};
    require(poll(&asked, 1, 1000) == 1, "a line");
    asked.fd = opened(master);
    require(poll(&asked, 1, 1000) == 1, "its echo");
}

}  // namespace

void open_all() {
    open_pipe();
    open_files();
    open_unix();
    open_inet();
    open_netlink();
    open_events();
    open_queue();
    open_terminal();
}

}  // namespace pointers

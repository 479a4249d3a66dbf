// SPDX-License-Identifier: MIT
#include "guest/endurance/conversations.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "guest/endurance/workers.h"

namespace endurance {

namespace {

uint8_t byte_at(uint64_t seed, size_t place) {
    return static_cast<uint8_t>(seed + place * 7 + place / 251);
}

/// Writes `size` bytes in pieces; true if all went.
bool send_all(int descriptor, uint64_t seed, size_t size) {
    uint8_t piece[1500];
    for (size_t done = 0; done < size;) {
        const size_t count = size - done < sizeof piece ? size - done : sizeof piece;
        for (size_t i = 0; i < count; ++i) {
            piece[i] = byte_at(seed, done + i);
        }
        const ssize_t written = write(descriptor, piece, count);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        done += written > 0 ? static_cast<size_t>(written) : 0;
    }
    return true;
}

/// Reads to the end; the number of bytes, or -1 if one was wrong.
ssize_t receive_all(int descriptor, uint64_t seed) {
    uint8_t piece[1700];
    ssize_t total = 0;
    for (;;) {
        const ssize_t count = read(descriptor, piece, sizeof piece);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return total;
        }
        for (ssize_t i = 0; i < count; ++i) {
            if (piece[i] != byte_at(seed, static_cast<size_t>(total + i))) {
                return -1;
            }
        }
        total += count;
    }
}

/// A child sends at one end, this process receives at the other.
Outcome stream_from_child(Random& random, int sending, int receiving, const char* what) {
    const uint64_t seed = random.next();
    const size_t size = random.below(random.one_in(4) ? 200'000 : 5'000);
    const pid_t child = fork();
    if (child == 0) {
        close(receiving);
        signal(SIGPIPE, SIG_IGN);
        _exit(send_all(sending, seed, size) ? 0 : 1);
    }
    close(sending);
    const ssize_t received = child > 0 ? receive_all(receiving, seed) : 0;
    close(receiving);
    const bool refused = child < 0 || exit_code_of(child) != 0;  // there was no memory
    return {received == static_cast<ssize_t>(size) || (refused && received >= 0) ? nullptr : what};
}

bool lock_byte(int file, short type, off_t byte) {
    struct flock wanted{};
    wanted.l_type = type;
    wanted.l_whence = SEEK_SET;
    wanted.l_start = byte;
    wanted.l_len = 1;
    int done = 0;
    do {
        done = fcntl(file, F_SETLKW, &wanted);
    } while (done != 0 && errno == EINTR);
    return done == 0;
}

/// Adds one so often; false if there was no memory for a lock.
bool add_under_lock(int file, uint64_t times, off_t byte) {
    for (uint64_t i = 0; i < times; ++i) {
        uint64_t number = 0;
        if (!lock_byte(file, F_WRLCK, byte)) {
            return false;
        }
        const bool read = pread(file, &number, sizeof number, 0) == sizeof number;
        if (i % 4 == 0) {
            sched_yield();
        }
        ++number;
        const bool written = read && pwrite(file, &number, sizeof number, 0) == sizeof number;
        if (!lock_byte(file, F_UNLCK, byte) || !written) {
            return false;
        }
    }
    return true;
}

int listen_on_loopback(sockaddr_in& name) {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof name;
    name = {};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&name), size) != 0 ||
        listen(listener, 8) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size) != 0) {
        close(listener);
        return -1;
    }
    return listener;
}

/// Both ends of a connection; false if there is none to be had.
bool connect_pair(int (&ends)[2], bool reset_at_close) {
    sockaddr_in name;
    const int listener = listen_on_loopback(name);
    if (listener < 0) {
        return false;
    }
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    ends[1] = connect(ends[0], reinterpret_cast<sockaddr*>(&name), sizeof name) == 0
                  ? accept(listener, nullptr, nullptr)
                  : -1;
    close(listener);
    if (ends[1] < 0) {
        close(ends[0]);
        return false;
    }
    if (reset_at_close) {
        const linger at_once{1, 0};
        setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    return true;
}

}  // namespace

Outcome talk_by_pipe(Random& random) {
    int ends[2];
    if (pipe(ends) != 0) {
        return {};
    }
    return stream_from_child(random, ends[1], ends[0], "bytes through a pipe");
}

Outcome talk_by_unix(Random& random) {
    int ends[2];
    const int type = random.one_in(3) ? SOCK_SEQPACKET : SOCK_STREAM;
    if (socketpair(AF_UNIX, type, 0, ends) != 0) {
        return {};
    }
    return stream_from_child(random, ends[1], ends[0], "bytes through an AF_UNIX socket");
}

Outcome talk_by_tcp(Random& random) {
    int ends[2];
    if (!connect_pair(ends, false)) {
        return {};
    }
    return stream_from_child(random, ends[1], ends[0], "bytes through TCP");
}

Outcome talk_by_udp(Random& random) {
    const int socket_of_own = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sockaddr_in name{};
    socklen_t size = sizeof name;
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(socket_of_own, reinterpret_cast<sockaddr*>(&name), size) != 0 ||
        getsockname(socket_of_own, reinterpret_cast<sockaddr*>(&name), &size) != 0) {
        close(socket_of_own);
        return {};
    }
    uint8_t bytes[2000];
    uint8_t back[2000];
    const char* failure = nullptr;
    for (unsigned i = 0; i < 1 + random.below(6); ++i) {
        const size_t count = random.below(sizeof bytes);
        for (size_t at = 0; at < count; ++at) {
            bytes[at] = byte_at(i, at);
        }
        const ssize_t sent =
            sendto(socket_of_own, bytes, count, 0, reinterpret_cast<sockaddr*>(&name), size);
        if (sent < 0 || random.one_in(4)) {
            break;  // what was sent is never received
        }
        const ssize_t received = recv(socket_of_own, back, sizeof back, 0);
        if (received != sent || std::memcmp(bytes, back, count) != 0) {
            failure = "a datagram";
        }
    }
    close(socket_of_own);
    return {failure};
}

Outcome pass_descriptors(Random& random) {
    int ends[2];
    int passed[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        return {};
    }
    if (pipe(passed) != 0) {
        close(ends[0]);
        close(ends[1]);
        return {};
    }
    alignas(cmsghdr) uint8_t control[CMSG_SPACE(3 * sizeof(int))] = {};
    char byte = 'x';
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(3 * sizeof(int));
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(3 * sizeof(int));
    // One end of the very connection goes too: a circle that nobody holds once both are closed.
    const int descriptors[3] = {passed[0], passed[1], ends[1]};
    std::memcpy(CMSG_DATA(header), descriptors, sizeof descriptors);
    const char* failure = nullptr;
    const bool sent = sendmsg(ends[0], &message, 0) == 1;
    if (sent && random.one_in(2)) {
        int received[3] = {-1, -1, -1};
        message.msg_controllen = CMSG_SPACE(3 * sizeof(int));
        if (recvmsg(ends[1], &message, 0) != 1) {
            failure = "a message with descriptors";
        } else if (message.msg_controllen >= CMSG_LEN(sizeof received)) {
            std::memcpy(received, CMSG_DATA(header), sizeof received);
            if (write(received[1], "y", 1) == 1 && read(passed[0], &byte, 1) == 1 && byte != 'y') {
                failure = "a passed pipe";
            }
        }
        for (const int descriptor : received) {
            close(descriptor);
        }
    }
    for (const int descriptor : {ends[0], ends[1], passed[0], passed[1]}) {
        close(descriptor);
    }
    return {failure};
}

Outcome take_turns_by_lock(Random& random) {
    const uint64_t zero = 0;
    const int file = memfd_create("number", 0);
    if (file < 0 || pwrite(file, &zero, sizeof zero, 0) != sizeof zero) {
        close(file);
        return {};
    }
    const uint64_t times = 1 + random.below(40);
    const auto byte = static_cast<off_t>(random.below(1000));
    const pid_t child = fork();
    if (child == 0) {
        _exit(add_under_lock(file, times, byte) ? 0 : 1);
    }
    const bool added = add_under_lock(file, times, byte);
    const bool child_added = child > 0 && exit_code_of(child) == 0;
    uint64_t number = 0;
    const bool read = pread(file, &number, sizeof number, 0) == sizeof number;
    close(file);
    const bool refused = !child_added || !added || !read;
    return {refused || number == 2 * times ? nullptr : "a number that is locked"};
}

Outcome wait_by_epoll(Random& random) {
    const int set = epoll_create1(0);
    const int counter = eventfd(0, EFD_NONBLOCK);
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    const char* failure = nullptr;
    if (set >= 0 && counter >= 0 && timer >= 0) {
        const uint32_t mode = random.one_in(2) ? uint32_t{EPOLLET} : 0;
        epoll_event event{EPOLLIN | mode, {.u64 = 1}};
        epoll_ctl(set, EPOLL_CTL_ADD, counter, &event);
        event.data.u64 = 2;
        epoll_ctl(set, EPOLL_CTL_ADD, timer, &event);
        const itimerspec soon{{0, 0}, {0, static_cast<long>(1'000 + random.below(100'000))}};
        timerfd_settime(timer, 0, &soon, nullptr);
        const uint64_t one = 1;
        const bool counted = random.one_in(2) && write(counter, &one, sizeof one) == sizeof one;
        epoll_event found[2];
        int count = 0;
        for (int tries = 0; tries < 20 && count <= 0; ++tries) {
            count = epoll_wait(set, found, 2, 10);  // EINTR: once more
        }
        failure = count > 0 && (!counted || found[0].data.u64 == 1) ? nullptr : "epoll_wait";
    }
    for (const int descriptor : {set, counter, timer}) {
        close(descriptor);
    }
    return {failure};
}

Outcome abandon_sockets(Random& random) {
    const pid_t child = fork();
    if (child != 0) {
        if (child > 0) {
            static_cast<void>(exit_code_of(child));  // a signal, as often as not
        }
        return {};
    }
    sockaddr_in name;
    for (unsigned i = 0; i < 1 + random.below(3); ++i) {
        int ends[2];
        if (connect_pair(ends, random.one_in(3))) {
            const ssize_t written = write(ends[0], "unread bytes", 12);
            static_cast<void>(written);
            if (random.one_in(3)) {
                shutdown(ends[1], SHUT_WR);
            }
        }
        const int listener = listen_on_loopback(name);
        const int waiting = socket(AF_INET, SOCK_STREAM, 0);
        if (listener >= 0 &&
            connect(waiting, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0 &&
            random.one_in(2)) {
            close(listener);  // with a connection that nobody has accepted
        }
    }
    if (random.one_in(2)) {
        kill(getpid(), SIGKILL);
    }
    _exit(0);
}

}  // namespace endurance

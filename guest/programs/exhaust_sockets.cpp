// SPDX-License-Identifier: MIT
// Asks for more sockets, and more bytes in sockets, than a small machine has: each refusal must be
// an error of a call, and all must work again once the sockets are closed.
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "guest/programs/check.h"

namespace {

constexpr int most = 1024;
int sockets[most];
int used = 0;
char bytes[200'000];

void close_all() {
    while (used > 0) {
        close(sockets[--used]);
    }
}

/// Writes until the socket takes no more, or there is no memory; true if it took anything.
bool fill(int descriptor) {
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    bool any = false;
    while (write(descriptor, bytes, sizeof bytes) > 0) {
        any = true;
    }
    require(errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM, "a reason to stop");
    return any;
}

/// Fills the buffers of as many connections as there are descriptors for; how many took something.
int fill_many(bool (*add_pair)()) {
    while (used + 2 <= most && add_pair()) {
    }
    int filled = 0;
    for (int i = 0; i < used; ++i) {
        filled += fill(sockets[i]) ? 1 : 0;
    }
    return filled;
}

bool add_unix_pair() {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets + used) != 0) {
        require(errno == EMFILE || errno == ENOMEM, "a reason to have no pair");
        return false;
    }
    used += 2;
    return true;
}

int listener = -1;
sockaddr_in place{};

bool add_tcp_pair() {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    if (client < 0) {
        require(errno == EMFILE || errno == ENOMEM, "a reason to have no socket");
        return false;
    }
    sockets[used++] = client;
    if (connect(client, reinterpret_cast<sockaddr*>(&place), sizeof place) != 0) {
        require(errno == ENOMEM || errno == ETIMEDOUT, "a reason to have no connection");
        return false;
    }
    const int server = accept(listener, nullptr, nullptr);
    if (server < 0) {
        require(errno == EMFILE || errno == ENOMEM, "a reason not to accept");
        return false;
    }
    sockets[used++] = server;
    return true;
}

bool add_udp_socket() {
    const int made = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in name{};
    socklen_t size = sizeof name;
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (made < 0 || bind(made, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) {
        require(errno == EMFILE || errno == ENOMEM, "a reason to have no socket");
        return false;
    }
    // Connected to itself: what it sends waits in its own queue.
    require(getsockname(made, reinterpret_cast<sockaddr*>(&name), &size) == 0, "getsockname");
    require(connect(made, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0, "connect");
    for (int i = 0; i < 20; ++i) {
        if (send(made, bytes, 60'000, MSG_DONTWAIT) < 0) {
            require(errno == ENOMEM || errno == ENOBUFS, "a reason not to send");
        }
    }
    sockets[used++] = made;
    return true;
}

/// A queue of answers that nobody reads, as full as it gets.
bool add_netlink_socket() {
    const int made = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    if (made < 0) {
        require(errno == EMFILE || errno == ENOMEM, "a reason to have no socket");
        return false;
    }
    sockets[used++] = made;
    static struct {
        nlmsghdr header;
        char payload[2000];
    } request;
    request.header = {sizeof request, 200, NLM_F_REQUEST, 1, 0};  // quoted by the error
    bool all_sent = true;
    for (int i = 0; i < 200; ++i) {
        if (send(made, &request, sizeof request, 0) < 0) {
            require(errno == ENOMEM || errno == ENOBUFS, "a reason not to send");
            all_sent = false;
        }
    }
    char byte;
    // What was not sent is not lost.
    require(!all_sent || (recv(made, &byte, 1, MSG_DONTWAIT) < 0 && errno == ENOBUFS),
            "told of losses");
    return true;
}

void start_listening() {
    listener = socket(AF_INET, SOCK_STREAM, 0);
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof place;
    require(bind(listener, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0 &&
                listen(listener, 16) == 0 &&
                getsockname(listener, reinterpret_cast<sockaddr*>(&place), &size) == 0,
            "listen");
}

/// One connection of each kind carries bytes.
void check_works() {
    require(add_unix_pair() && add_tcp_pair(), "new connections");
    for (int i = 0; i < used; i += 2) {
        char got[5];
        require(write(sockets[i], "hello", 5) == 5, "write");
        require(recv(sockets[i + 1], got, 5, MSG_WAITALL) == 5 && std::memcmp(got, "hello", 5) == 0,
                "recv");
    }
    close_all();
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    std::memset(sockets, 0xff, sizeof sockets);  // once memory has run out no page can be had
    start_listening();
    check_works();
    for (int round = 0; round < 2; ++round) {
        require(fill_many(add_unix_pair) > 10, "AF_UNIX");
        close_all();
        check_works();
        require(fill_many(add_tcp_pair) > 10, "TCP");
        close_all();
        check_works();
        while (used < most && add_udp_socket()) {
        }
        require(used > 10, "UDP");
        close_all();
        check_works();
        while (used < most && add_netlink_socket()) {
        }
        require(used > 10, "netlink");
        close_all();
        check_works();
        std::printf("round %d: all works again\n", round);
    }
    return 0;
}

// SPDX-License-Identifier: MIT
// Sockets: AF_UNIX, and TCP over the loopback interface, as netperf defines its tests.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "guest/microbenchmarks/operations.h"
#include "guest/microbenchmarks/support.h"

namespace microbenchmarks {

namespace {

constexpr unsigned long transfer = 64 * 1024;

/// Sends and receives a byte each, `count` times, from a child.
void answer(int descriptor, unsigned long count) {
    for (unsigned long i = 0; i < count; ++i) {
        receive_byte(descriptor);
        send_byte(descriptor);
    }
}

void ask(int descriptor, unsigned long count) {
    for (unsigned long i = 0; i < count; ++i) {
        send_byte(descriptor);
        receive_byte(descriptor);
    }
}

void receive_all(int descriptor, unsigned long bytes) {
    static std::array<char, transfer> buffer;
    while (bytes > 0) {
        const ssize_t got = read(descriptor, buffer.data(), buffer.size());
        require(got > 0, "read");
        bytes -= static_cast<unsigned long>(got);
    }
}

void send_all(int descriptor, unsigned long bytes) {
    static const std::array<char, transfer> buffer{};
    while (bytes > 0) {
        const ssize_t put = write(descriptor, buffer.data(), buffer.size());
        require(put > 0, "write");
        bytes -= static_cast<unsigned long>(put);
    }
}

sockaddr_in loopback(in_port_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// A socket that listens on loopback, at a port of the kernel's choice.
class Listener {
public:
    Listener() : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
        require(descriptor_ >= 0, "socket");
        address_ = loopback(0);
        socklen_t size = sizeof address_;
        require(bind(descriptor_, generic(), size) == 0, "bind");
        require(listen(descriptor_, 16) == 0, "listen");
        require(getsockname(descriptor_, generic(), &size) == 0, "getsockname");
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { close(descriptor_); }

    [[nodiscard]] int connect_to() {
        const int client = socket(AF_INET, SOCK_STREAM, 0);
        require(client >= 0 && connect(client, generic(), sizeof address_) == 0, "connect");
        return without_delay(client);
    }
    [[nodiscard]] int accept_one() const {
        const int server = accept(descriptor_, nullptr, nullptr);
        require(server >= 0, "accept");
        return without_delay(server);
    }

private:
    static int without_delay(int descriptor) {
        const int on = 1;
        require(setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0,
                "TCP_NODELAY");
        return descriptor;
    }
    sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

    int descriptor_;
    sockaddr_in address_{};
};

/// Runs `server` in a child with the accepted end of a connection, `client` here with the other.
template <typename Server, typename Client>
void over_tcp(Server server, Client client) {
    Listener listener;
    const pid_t child = fork_or_end();
    if (child == 0) {
        server(listener.accept_one());
        _exit(0);
    }
    client(listener.connect_to());
    wait_for(child);
}

/// The same over a pair of AF_UNIX stream sockets.
template <typename Server, typename Client>
void over_unix(Server server, Client client) {
    int ends[2];
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    const pid_t child = fork_or_end();
    if (child == 0) {
        server(ends[1]);
        _exit(0);
    }
    client(ends[0]);
    wait_for(child);
}

}  // namespace

void unix_round_trip(unsigned long count) {
    over_unix([=](int end) { answer(end, count); }, [=](int end) { ask(end, count); });
}

void unix_transfer(unsigned long count) {
    over_unix([=](int end) { receive_all(end, count * transfer); },
              [=](int end) { send_all(end, count * transfer); });
}

void tcp_round_trip(unsigned long count) {
    over_tcp([=](int end) { answer(end, count); }, [=](int end) { ask(end, count); });
}

void tcp_transfer(unsigned long count) {
    over_tcp([=](int end) { receive_all(end, count * transfer); },
             [=](int end) { send_all(end, count * transfer); });
}

void tcp_connection(unsigned long count) {
    Listener listener;
    const pid_t child = fork_or_end();
    if (child == 0) {
        for (unsigned long i = 0; i < count; ++i) {
            const int server = listener.accept_one();
            answer(server, 1);
            close(server);
        }
        _exit(0);
    }
    for (unsigned long i = 0; i < count; ++i) {
        const int client = listener.connect_to();
        ask(client, 1);
        close(client);
    }
    wait_for(child);
}

}  // namespace microbenchmarks

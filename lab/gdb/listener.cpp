// SPDX-License-Identifier: MIT
#include "lab/gdb/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "lab/error.h"

namespace ringfence::lab::gdb {

namespace {

constexpr std::string_view path_prefix = "unix:";

[[noreturn]] void fail_listening(std::string_view where) {
    fail(Failure::Own, "--gdb {}: {}", where, std::strerror(errno));
}

Descriptor open_socket(int family) {
    Descriptor socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) {
        fail(Failure::Own, "--gdb: socket: {}", std::strerror(errno));
    }
    return socket;
}

void bind_and_listen(const Descriptor& socket, const sockaddr* address, socklen_t bytes,
                     std::string_view where) {
    if (bind(socket.number(), address, bytes) != 0 || listen(socket.number(), 1) != 0) {
        fail_listening(where);
    }
}

u16 parse_port(const std::string& typed) {
    u16 port = 0;
    const auto [end, error] = std::from_chars(typed.data(), typed.data() + typed.size(), port);
    if (error != std::errc{} || end != typed.data() + typed.size()) {
        fail(Failure::Usage, "--gdb {}: expected a port (0: any that is free) or unix:PATH", typed);
    }
    return port;
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
}

Descriptor::~Descriptor() {
    if (valid()) {
        close(number_);
    }
}

Listener::Listener(const std::string& address) {
    if (address.starts_with(path_prefix)) {
        listen_on_path(address.substr(path_prefix.size()));
    } else {
        listen_on_port(parse_port(address));
    }
}

Listener::~Listener() {
    if (!path_.empty()) {
        unlink(path_.c_str());
    }
}

void Listener::listen_on_port(u16 port) {
    socket_ = open_socket(AF_INET);
    const int yes = 1;
    setsockopt(socket_.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind_and_listen(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address,
                    std::to_string(port));
    socklen_t bytes = sizeof address;
    getsockname(socket_.number(), reinterpret_cast<sockaddr*>(&address), &bytes);
    name_ = "localhost:" + std::to_string(ntohs(address.sin_port));
}

void Listener::listen_on_path(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        fail(Failure::Usage, "--gdb unix:{}: expected a path of 1 to {} bytes", path,
             sizeof address.sun_path - 1);
    }
    std::memcpy(address.sun_path, path.c_str(), path.size());
    socket_ = open_socket(AF_UNIX);
    bind_and_listen(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address,
                    "unix:" + path);
    path_ = path;
    name_ = path;
}

Descriptor Listener::accept(const machine::StopRequest& stop) const {
    std::array<pollfd, 2> waits = {{{socket_.number(), POLLIN, 0}, {stop.descriptor(), POLLIN, 0}}};
    while (!stop.requested()) {
        if (poll(waits.data(), waits.size(), -1) <= 0 || (waits[0].revents & POLLIN) == 0) {
            continue;
        }
        Descriptor connection(::accept4(socket_.number(), nullptr, nullptr, SOCK_CLOEXEC));
        if (connection.valid()) {
            const int yes = 1;
            setsockopt(connection.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            return connection;
        }
    }
    return {};
}

}  // namespace ringfence::lab::gdb

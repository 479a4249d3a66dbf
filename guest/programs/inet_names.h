// SPDX-License-Identifier: MIT
// Names and connections of Internet sockets on the loopback interface; what is of IPv6 alone is in
// inet6_names.h.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guest/programs/check.h"

inline sockaddr_in address_of(const char* text, in_port_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = port;
    require(inet_pton(AF_INET, text, &address.sin_addr) == 1, "inet_pton");
    return address;
}

// The names of both versions, as structures of their own.

template <typename Address>
int bind_to(int descriptor, const Address& address, socklen_t size = sizeof(Address)) {
    return bind(descriptor, reinterpret_cast<const sockaddr*>(&address), size);
}

template <typename Address>
int connect_to(int descriptor, const Address& address, socklen_t size = sizeof(Address)) {
    return connect(descriptor, reinterpret_cast<const sockaddr*>(&address), size);
}

template <typename Address = sockaddr_in>
Address name_of(int descriptor) {
    Address address{};
    socklen_t size = sizeof address;
    require(getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0,
            "getsockname");
    require(size == sizeof address, "size of a name");
    return address;
}

inline void show_address(const char* name, const sockaddr_in& address, in_port_t expected_port) {
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    std::printf("%s: family %d, %s, the port: %d\n", name, address.sin_family, text,
                address.sin_port == expected_port);
}

struct Listener {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    explicit Listener(int backlog = 8) {
        require(descriptor >= 0 && bind_to(descriptor, address_of("127.0.0.1", 0)) == 0 &&
                    listen(descriptor, backlog) == 0,
                "listen");
        address = name_of(descriptor);
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { close(descriptor); }
};

struct Pair {
    int client;
    int server;
    explicit Pair(const Listener& listener) : client(socket(AF_INET, SOCK_STREAM, 0)) {
        require(connect_to(client, listener.address) == 0, "connect");
        server = accept(listener.descriptor, nullptr, nullptr);
        require(server >= 0, "accept");
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    ~Pair() {
        close(client);
        close(server);
    }
};

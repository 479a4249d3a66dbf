// SPDX-License-Identifier: MIT
// Names and connections of AF_INET6 sockets on the loopback interface.
#pragma once

#include "guest/programs/inet_names.h"

inline sockaddr_in6 address6_of(const char* text, in_port_t port) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = port;
    require(inet_pton(AF_INET6, text, &address.sin6_addr) == 1, "inet_pton");
    return address;
}

inline void show_address6(const char* name, const sockaddr_in6& address, in_port_t expected_port) {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
    std::printf("%s: family %d, %s, scope %u, flow %u, the port: %d\n", name, address.sin6_family,
                text, address.sin6_scope_id, address.sin6_flowinfo,
                address.sin6_port == expected_port);
}

/// A TCP socket that listens where `text` says, of both versions unless `only`.
struct Listener6 {
    int descriptor = socket(AF_INET6, SOCK_STREAM, 0);
    sockaddr_in6 address{};
    explicit Listener6(const char* text, int only = 0) {
        require(setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == 0,
                "IPV6_V6ONLY");
        require(bind_to(descriptor, address6_of(text, 0)) == 0 && listen(descriptor, 8) == 0,
                "listen");
        address = name_of<sockaddr_in6>(descriptor);
    }
    Listener6(const Listener6&) = delete;
    Listener6& operator=(const Listener6&) = delete;
    ~Listener6() { close(descriptor); }
};

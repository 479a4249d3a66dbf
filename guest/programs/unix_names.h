// SPDX-License-Identifier: MIT
// Pairs and names of AF_UNIX sockets.
#pragma once

#include <cstddef>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "guest/programs/check.h"

struct Pair {
    int ends[2];
    explicit Pair(int type) { require(socketpair(AF_UNIX, type, 0, ends) == 0, "socketpair"); }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    ~Pair() {
        close(ends[0]);
        close(ends[1]);
    }
};

struct Address {
    sockaddr_un raw{};
    socklen_t size = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&raw); }
};

inline Address path_address(const char* path) {
    Address address;
    address.raw.sun_family = AF_UNIX;
    std::strcpy(address.raw.sun_path, path);
    address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path) + 1);
    return address;
}

inline Address abstract_address(const char* name) {
    Address address;
    address.raw.sun_family = AF_UNIX;
    std::strcpy(address.raw.sun_path + 1, name);
    address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + std::strlen(name));
    return address;
}

inline void show_address(const char* name, const sockaddr_un& address, socklen_t size) {
    std::printf("%s: %u bytes, ", name, size);
    for (size_t i = 0; size > 2 && i < size - 2; ++i) {
        std::printf(address.sun_path[i] >= ' ' ? "%c" : "\\%d", address.sun_path[i]);
    }
    std::printf("\n");
}

// SPDX-License-Identifier: MIT
// What programs that try sockets print.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include "guest/programs/check.h"

/// "name: 5 "hello"", the bytes that a call received.
inline void show_text(const char* name, ssize_t count, const char* buffer) {
    if (count < 0) {
        show(name, count);
    } else {
        std::printf("%s: %zd \"%.*s\"\n", name, count, static_cast<int>(count), buffer);
    }
}

/// "name: 1 in out", what poll says of a descriptor within `timeout` milliseconds.
inline void show_events(const char* name, int descriptor, int timeout = 0,
                        short wanted = POLLIN | POLLOUT | POLLRDHUP) {
    pollfd entry{descriptor, wanted, 0};
    const int count = poll(&entry, 1, timeout);
    std::printf("%s: %d%s%s%s%s%s\n", name, count, (entry.revents & POLLIN) != 0 ? " in" : "",
                (entry.revents & POLLOUT) != 0 ? " out" : "",
                (entry.revents & POLLHUP) != 0 ? " hup" : "",
                (entry.revents & POLLRDHUP) != 0 ? " rdhup" : "",
                (entry.revents & POLLERR) != 0 ? " err" : "");
}

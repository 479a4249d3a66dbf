// SPDX-License-Identifier: MIT
#include "guest/endurance/usage.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace endurance {

namespace {

constexpr const char* path = "/proc/ringfence/usage";

/// What may differ though nothing is lost: how much is left free follows from the rest, stacks are
/// kept for the next threads, and objects come to lie in other frames.
bool may_differ(const char* name) {
    return std::strcmp(name, "frames_free") == 0 || std::strcmp(name, "frames_stacks") == 0 ||
           std::strcmp(name, "stacks_idle") == 0 || std::strncmp(name, "frames_heap", 11) == 0 ||
           std::strncmp(name, "heap_", 5) == 0;
}

/// What connections need that nobody owns any more, until the peer has had time to answer.
bool is_of_connections(const char* name) {
    return std::strncmp(name, "tcp_", 4) == 0 || std::strcmp(name, "network_buffers") == 0 ||
           std::strcmp(name, "armed_timers") == 0 || std::strcmp(name, "heap_bytes") == 0;
}

/// Tables for kernel stacks: one for each 2 MiB of them, kept like the stacks.
constexpr uint64_t most_stack_tables = 8;

bool is_in_order(const char* name, uint64_t before, uint64_t after, uint64_t spare_bytes) {
    if (std::strcmp(name, "heap_bytes") == 0) {
        return after <= before + spare_bytes;
    }
    if (std::strcmp(name, "frames_page_tables") == 0) {
        return after >= before && after <= before + most_stack_tables;
    }
    return may_differ(name) || after == before;
}

}  // namespace

Usage Usage::read() {
    // Sockets that wait in each other's queues in a circle are found when some other one ends, as
    // in Linux.
    close(socket(AF_UNIX, SOCK_STREAM, 0));
    char text[4096];
    const int file = open(path, O_RDONLY);
    const ssize_t size = file < 0 ? -1 : ::read(file, text, sizeof text - 1);
    if (size <= 0) {
        std::printf("%s cannot be read\n", path);
        std::exit(99);
    }
    close(file);
    text[size] = '\0';
    Usage usage;
    for (char* line = text; *line != '\0' && usage.count_ < most_rows; ++usage.count_) {
        char* const blank = std::strchr(line, ' ');
        char* const end = std::strchr(line, '\n');
        Row& row = usage.rows_[usage.count_];
        const size_t length = static_cast<size_t>(blank - line);
        std::memset(row.name, 0, sizeof row.name);
        std::memcpy(row.name, line, length < sizeof row.name ? length : sizeof row.name - 1);
        row.value = std::strtoull(blank + 1, nullptr, 10);
        line = end + 1;
    }
    return usage;
}

uint64_t Usage::value(const char* name) const {
    for (unsigned i = 0; i < count_; ++i) {
        if (std::strcmp(rows_[i].name, name) == 0) {
            return rows_[i].value;
        }
    }
    return 0;
}

void Usage::print() const {
    for (unsigned i = 0; i < count_; ++i) {
        std::printf("%s %lu\n", rows_[i].name, rows_[i].value);
    }
}

bool Usage::connections_end(const Usage& before) const {
    const auto connections = [](const Usage& usage) {
        return usage.value("tcp_time_waits") + usage.value("tcp_connections");
    };
    return connections(*this) != connections(before);
}

bool Usage::same_as(const Usage& before, uint64_t spare_bytes) const {
    bool same = true;
    const bool wait = connections_end(before);
    for (unsigned i = 0; i < count_; ++i) {
        const uint64_t was = before.value(rows_[i].name);
        if (wait && is_of_connections(rows_[i].name)) {
            continue;
        }
        if (!is_in_order(rows_[i].name, was, rows_[i].value, spare_bytes)) {
            std::printf("not given back: %s was %lu, is %lu\n", rows_[i].name, was, rows_[i].value);
            same = false;
        }
    }
    // A stack in use belongs to a thread.
    const auto stacks_in_use = [](const Usage& usage) {
        constexpr uint64_t frames_per_stack = 4;
        return usage.value("frames_stacks") / frames_per_stack - usage.value("stacks_idle");
    };
    if (stacks_in_use(*this) != stacks_in_use(before)) {
        std::printf("not given back: %lu kernel stacks were in use, %lu are\n",
                    stacks_in_use(before), stacks_in_use(*this));
        same = false;
    }
    return same;
}

void touch_program() {
    const int file = open("/proc/self/exe", O_RDONLY);
    const off_t size = lseek(file, 0, SEEK_END);
    void* const pages =
        mmap(nullptr, static_cast<size_t>(size), PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
    if (pages == MAP_FAILED) {
        std::printf("the program cannot be mapped\n");
        std::exit(99);
    }
    munmap(pages, static_cast<size_t>(size));
    close(file);
}

bool comes_back_to(const Usage& before, uint64_t spare_bytes, unsigned patience_seconds) {
    Usage now = Usage::read();
    for (unsigned waited = 0; waited < patience_seconds && now.connections_end(before); ++waited) {
        const timespec second{1, 0};
        nanosleep(&second, nullptr);
        now = Usage::read();
    }
    return now.same_as(before, spare_bytes);
}

}  // namespace endurance

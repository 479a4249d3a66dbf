// SPDX-License-Identifier: MIT
// Every pointer of every system call, bad in each way that there is, one at a time: what the call
// answers is as on Linux, and nothing else comes of it.
#include <initializer_list>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"
#include "guest/programs/pointers/call.h"

using namespace pointers;

namespace {

using Kind = Argument::Kind;

constexpr size_t page = 4096;
constexpr size_t most_bytes = 2 * page;

char* good_area;  ///< a place of `most_bytes` for each argument
char* edge;       ///< the end of a page, after which nothing is
char* read_only_area;
char* no_access_area;

char* map(size_t bytes, int protection) {
    void* const place = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(place != MAP_FAILED, "mmap");
    return static_cast<char*>(place);
}

void map_areas() {
    good_area = map(argument_count * most_bytes, PROT_READ | PROT_WRITE);
    char* const two = map(most_bytes + page, PROT_READ | PROT_WRITE);
    edge = two + most_bytes;
    require(munmap(edge, page) == 0, "munmap");
    read_only_area = map(most_bytes, PROT_READ);
    no_access_area = map(most_bytes, PROT_NONE);
}

/// A way of being bad.
struct Place {
    const char* name;
    /// Where to point, for an argument of this kind and size; 0 if that would be no bad pointer.
    long (*of)(const Argument& argument);
};

/// All bytes but the last one are there. What is one byte long cannot be cut.
long cut_off(const Argument& argument) {
    if (argument.size < 2) {
        return 0;
    }
    char* const start = edge - (argument.size - 1);
    if (argument.bytes != nullptr) {
        std::memcpy(start, argument.bytes, argument.size - 1);
    }
    return reinterpret_cast<long>(start);
}

long read_only(const Argument& argument) {
    return argument.kind == Kind::In ? 0 : reinterpret_cast<long>(read_only_area);
}

const Place places[] = {
    {"unmapped", [](const Argument&) { return 0x1000'0000L; }},
    {"cut off", cut_off},
    {"read-only", read_only},
    {"no access", [](const Argument&) { return reinterpret_cast<long>(no_access_area); }},
    {"kernel half", [](const Argument&) { return static_cast<long>(0xffff'8880'0000'0000); }},
    {"kernel text", [](const Argument&) { return static_cast<long>(0xffff'ffff'8100'0000); }},
    {"non-canonical", [](const Argument&) { return static_cast<long>(0x8000'0000'0000'0000); }},
    {"end of the user half", [](const Argument&) { return 0x7fff'ffff'f000L; }},
    {"around the end", [](const Argument&) { return -8L; }},
};

long good(const Argument& argument, size_t index) {
    if (argument.kind == Kind::Ipc) {
        return ipc_object(argument.value);
    }
    if (!argument.is_pointer()) {
        return argument.value;
    }
    char* const place = good_area + index * most_bytes;
    if (argument.bytes != nullptr) {
        std::memcpy(place, argument.bytes, argument.size);
    }
    return reinterpret_cast<long>(place);
}

void add_child() {
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    siginfo_t ended;
    require(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) == 0, "waitid");
}

void close_new_descriptors() {
    require(close_range(last_open, ~0U, 0) == 0, "close_range");
}

/// The call with one bad pointer.
void attempt(const Call& call, size_t bad, const Place& place) {
    const long address = place.of(call.arguments[bad]);
    if (address == 0) {
        return;
    }
    open_all();
    if (call.uses_ipc()) {
        make_ipc_objects();
    }
    if (call.wants_child) {
        add_child();
    }
    long values[argument_count];
    for (size_t i = 0; i < argument_count; ++i) {
        values[i] = i == bad ? address : good(call.arguments[i], i);
    }
    const long result =
        syscall(call.number, values[0], values[1], values[2], values[3], values[4], values[5]);
    std::printf("%s, argument %zu, %s: ", call.name, bad + 1, place.name);
    if (result < 0) {
        std::printf("%s\n", strerrorname_np(errno));
    } else {
        std::printf(result < last_open ? "%ld\n" : "a descriptor\n", result);
    }
    if (call.uses_ipc()) {
        remove_ipc_objects();
    }
    close_new_descriptors();
    if (call.wants_child && waitpid(-1, nullptr, WNOHANG) > 0) {
        std::printf("  and the child is still there\n");
    }
}

/// In a process of its own: what is left of an attempt ends there.
void attempt_all(const Call& call) {
    std::fflush(stdout);
    const pid_t child = fork();
    require(child >= 0, "fork");
    if (child == 0) {
        for (size_t i = 0; i < argument_count; ++i) {
            for (const Place& place : places) {
                if (call.arguments[i].is_pointer()) {
                    attempt(call, i, place);
                }
            }
        }
        std::exit(0);
    }
    int status = 0;
    require(waitpid(child, &status, 0) == child, "waitpid");
    if (status != 0) {
        std::printf("%s: ended with %#x\n", call.name, status);
    }
}

}  // namespace

int main() {
    require(close_range(3, ~0U, 0) == 0, "close_range");
    map_areas();
    for (const Table& table :
         {descriptor_calls(), socket_calls(), other_calls(), ipc_calls(), terminal_calls()}) {
        for (size_t i = 0; i < table.count; ++i) {
            attempt_all(table.first[i]);
        }
    }
    return 0;
}

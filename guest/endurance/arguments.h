// SPDX-License-Identifier: MIT
// What a hostile program passes to system calls: for each kind of argument what is usual, what is
// at its edges, and what is none.
#pragma once

#include <cstdint>

#include "guest/endurance/random.h"

namespace endurance {

/// How far a fuzzing program may go.
struct Bounds {
    /// May end its own kin only: it has the privilege to end everybody.
    bool privileged;
    /// May change the design, its own and the system's.
    bool design_changes;
};

/// The kinds, by letter:
///   f descriptor  c descriptor to close or replace  p path  r path, also of programs
///   d path that may be removed or changed  b pointer  l length  x any number  n small number
///   i flags  m mode  s signal  q process  K process to be harmed  t short time  v vectors
///   u message header  o socket address  g small length, may be negative  e 8 as a rule
///   a page address  z size in pages  h signal action  w list of strings  y socket or descriptor
///   flags k request or operation  j fcntl command  C clone flags  D clone arguments  O prctl
///   option
/// Of System V IPC: 1 number of an object  2 key  3 flags  4 command  5 semaphore operations
/// Of tracing: T request  U what it takes for an address
/// Of POSIX message queues: 6 name  7 how to be told of messages
class Arguments {
public:
    Arguments(uint64_t seed, Bounds bounds) : random_(seed), bounds_(bounds) {}

    /// Fills in what long texts there are to choose from. Once per program.
    static void prepare_texts();

    [[nodiscard]] uint64_t choose(char kind);
    [[nodiscard]] Random& random() { return random_; }

private:
    uint64_t pointer();
    /// A place in writable memory with random contents.
    uint64_t filled(unsigned bytes);
    uint64_t word();
    uint64_t descriptor();
    uint64_t length();
    uint64_t number();
    uint64_t path(char kind);
    uint64_t process(bool harmless);
    uint64_t page();
    uint64_t flags();
    uint64_t short_time();
    uint64_t vectors();
    uint64_t message();
    uint64_t socket_address();
    uint64_t inet6_address(uint8_t* bytes);
    uint64_t netlink_address(uint8_t* bytes);
    uint64_t netlink_request();
    uint64_t signal_action();
    uint64_t clone_flags();
    uint64_t ipc_object();
    uint64_t ipc_flags();
    uint64_t semaphore_operations();
    uint64_t queue_name();
    uint64_t notification();
    uint64_t trace_request();
    uint64_t trace_address();

    Random random_;
    Bounds bounds_;
};

/// A system call by number, with nothing of the C library in between.
inline long raw_call(long number, const uint64_t (&a)[6]) {
    register uint64_t r10 asm("r10") = a[3];
    register uint64_t r8 asm("r8") = a[4];
    register uint64_t r9 asm("r9") = a[5];
    long result;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
}

/// The same for calls that make a process or thread that may share this one's stack: the new one
/// ends at once, without touching its stack.
inline long raw_call_ending_child(long number, const uint64_t (&a)[6]) {
    register uint64_t r10 asm("r10") = a[3];
    register uint64_t r8 asm("r8") = a[4];
    register uint64_t r9 asm("r9") = a[5];
    long result;
    asm volatile(
        "syscall\n"
        "test %%rax, %%rax\n"
        "jnz 1f\n"
        "mov $60, %%eax\n"  // exit
        "xor %%edi, %%edi\n"
        "syscall\n"
        "1:"
        : "=a"(result)
        : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
        : "rcx", "r11", "memory", "cc");
    return result;
}

}  // namespace endurance

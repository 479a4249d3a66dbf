// SPDX-License-Identifier: MIT
#include "guest/microbenchmarks/operations.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace microbenchmarks {

namespace {

/// Ends the program: what it would measure then is not what it says.
void require(bool condition, const char* what) {
    if (!condition) {
        std::perror(what);
        std::exit(1);
    }
}

/// Both ends of a pipe.
struct Pipe {
    Pipe() { require(pipe(ends) == 0, "pipe"); }
    void send() const {
        const char byte = 'x';
        require(write(ends[1], &byte, 1) == 1, "write");
    }
    void receive() const {
        char byte = 0;
        require(read(ends[0], &byte, 1) == 1, "read");
    }
    int ends[2] = {};
};

int open_device(const char* path, int mode) {
    const int descriptor = open(path, mode);
    require(descriptor >= 0, path);
    return descriptor;
}

pid_t fork_or_end() {
    const pid_t child = fork();
    require(child >= 0, "fork");
    return child;
}

void wait_for(pid_t child) {
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "waitpid");
}

}  // namespace

void null_syscall(unsigned long count) {
    for (unsigned long i = 0; i < count; ++i) {
        syscall(SYS_getppid);
    }
}

void read_byte(unsigned long count) {
    const int zero = open_device("/dev/zero", O_RDONLY);
    char byte = 0;
    for (unsigned long i = 0; i < count; ++i) {
        require(read(zero, &byte, 1) == 1, "read");
    }
}

void write_byte(unsigned long count) {
    const int null = open_device("/dev/null", O_WRONLY);
    const char byte = 'x';
    for (unsigned long i = 0; i < count; ++i) {
        require(write(null, &byte, 1) == 1, "write");
    }
}

void pipe_byte(unsigned long count) {
    const Pipe pipe;
    for (unsigned long i = 0; i < count; ++i) {
        pipe.send();
        pipe.receive();
    }
}

void pipe_round_trip(unsigned long count) {
    const Pipe there;
    const Pipe back;
    const pid_t child = fork_or_end();
    if (child == 0) {
        for (unsigned long i = 0; i < count; ++i) {
            there.receive();
            back.send();
        }
        _exit(0);
    }
    for (unsigned long i = 0; i < count; ++i) {
        there.send();
        back.receive();
    }
    wait_for(child);
}

void context_switch(unsigned long count) {
    const pid_t child = fork_or_end();
    for (unsigned long i = 0; i < count; ++i) {
        sched_yield();
    }
    if (child == 0) {
        _exit(0);
    }
    wait_for(child);
}

void signal_delivery(unsigned long count) {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    require(sigaction(SIGUSR1, &action, nullptr) == 0, "sigaction");
    const pid_t self = getpid();
    for (unsigned long i = 0; i < count; ++i) {
        require(kill(self, SIGUSR1) == 0, "kill");
    }
}

void page_fault(unsigned long count) {
    constexpr std::size_t page = 4096;
    void* mapped =
        mmap(nullptr, count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(mapped != MAP_FAILED, "mmap");
    auto* bytes = static_cast<volatile char*>(mapped);
    for (unsigned long i = 0; i < count; ++i) {
        bytes[i * page] = 1;
    }
    require(munmap(mapped, count * page) == 0, "munmap");
}

void fork_exit(unsigned long count) {
    for (unsigned long i = 0; i < count; ++i) {
        const pid_t child = fork_or_end();
        if (child == 0) {
            _exit(0);
        }
        wait_for(child);
    }
}

void timer_interrupt(unsigned long count) {
    constexpr std::uint64_t cycles = 1U << 24U;
    const std::uint64_t end = __builtin_ia32_rdtsc() + count * cycles;
    while (__builtin_ia32_rdtsc() < end) {
        // A chain of divisions: many cycles for few instructions.
        std::uint64_t low = 1;
        std::uint64_t high = 0;
        constexpr int divisions = 16;
        for (int i = 0; i < divisions; ++i) {
            asm volatile("divq %2" : "+a"(low), "+d"(high) : "r"(std::uint64_t{3}));
        }
    }
}

}  // namespace microbenchmarks

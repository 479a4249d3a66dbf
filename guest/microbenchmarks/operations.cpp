// SPDX-License-Identifier: MIT
#include "guest/microbenchmarks/operations.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstring>

#include "guest/microbenchmarks/support.h"

namespace microbenchmarks {

namespace {

/// Both ends of a pipe.
struct Pipe {
    Pipe() { require(pipe(ends) == 0, "pipe"); }
    void send() const { send_byte(ends[1]); }
    void receive() const { receive_byte(ends[0]); }
    int ends[2] = {};
};

int open_device(const char* path, int mode) {
    const int descriptor = open(path, mode);
    require(descriptor >= 0, path);
    return descriptor;
}

/// Reads a byte of each line of a working set.
void touch(const volatile char* bytes, std::size_t size) {
    constexpr std::size_t line = 64;
    for (std::size_t at = 0; at < size; at += line) {
        static_cast<void>(bytes[at]);
    }
}

/// Two processes that each look at so many bytes of their own before they yield.
void switch_with(std::size_t working_set, unsigned long count) {
    constexpr std::size_t most = 256 * 1024;
    static char bytes[most];
    const pid_t child = fork_or_end();
    std::memset(bytes, child == 0 ? 1 : 2, working_set);  // pages of its own
    for (unsigned long i = 0; i < count; ++i) {
        touch(bytes, working_set);
        sched_yield();
    }
    if (child == 0) {
        _exit(0);
    }
    wait_for(child);
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

void stat_file(unsigned long count) {
    struct stat status{};
    for (unsigned long i = 0; i < count; ++i) {
        require(stat("/dev/null", &status) == 0, "stat");
    }
}

void open_close(unsigned long count) {
    for (unsigned long i = 0; i < count; ++i) {
        close(open_device("/dev/null", O_RDONLY));
    }
}

void map_unmap(unsigned long count) {
    constexpr std::size_t size = 64 * 1024;
    for (unsigned long i = 0; i < count; ++i) {
        void* mapped =
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        require(mapped != MAP_FAILED, "mmap");
        require(munmap(mapped, size) == 0, "munmap");
    }
}

void context_switch(unsigned long count) {
    switch_with(0, count);
}

void context_switch_16k(unsigned long count) {
    switch_with(16 * 1024, count);
}

void context_switch_256k(unsigned long count) {
    switch_with(256 * 1024, count);
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

void fork_exec(unsigned long count) {
    for (unsigned long i = 0; i < count; ++i) {
        const pid_t child = fork_or_end();
        if (child == 0) {
            execl("/proc/self/exe", "microbenchmark", "null_syscall", "0", nullptr);
            _exit(1);
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

// SPDX-License-Identifier: MIT
// Ends in the way that its argument names: an exit status, a signal, a fault.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <sys/mman.h>
#include <unistd.h>

namespace {

volatile int zero = 0;
volatile int seven = 7;

/// Uses up the stack. The volatile array keeps the compiler from turning it into a loop.
int recurse(int depth) {
    volatile char space[4096];
    space[0] = static_cast<char>(depth);
    return zero == 0 ? recurse(depth + 1) + space[0] : 0;
}

void write_to_read_only() {
    void* page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *static_cast<volatile char*>(page) = 1;
}

void execute_data() {
    static unsigned char code[16] = {0xc3};
    void (*function)() = nullptr;
    void* data = code;
    std::memcpy(&function, &data, sizeof function);
    function();
}

}  // namespace

int main(int argc, char** argv) {
    const char* how = argc > 1 ? argv[1] : "";
    const int number = argc > 2 ? std::atoi(argv[2]) : 0;
    std::printf("ending by %s\n", how);
    std::fflush(stdout);
    if (std::strcmp(how, "exit") == 0) {
        return number;
    }
    if (std::strcmp(how, "raise") == 0) {
        std::raise(number);
    } else if (std::strcmp(how, "abort") == 0) {
        std::abort();
    } else if (std::strcmp(how, "divide") == 0) {
        return seven / zero;
    } else if (std::strcmp(how, "null") == 0) {
        return *static_cast<volatile int*>(nullptr);
    } else if (std::strcmp(how, "kernel-address") == 0) {
        return *reinterpret_cast<volatile int*>(0xffffffff81000000UL);
    } else if (std::strcmp(how, "non-canonical") == 0) {
        return *reinterpret_cast<volatile int*>(0x8000000000000000UL);
    } else if (std::strcmp(how, "read-only") == 0) {
        write_to_read_only();
    } else if (std::strcmp(how, "execute-data") == 0) {
        execute_data();
    } else if (std::strcmp(how, "illegal") == 0) {
        asm volatile("ud2");
    } else if (std::strcmp(how, "privileged") == 0) {
        asm volatile("hlt");
    } else if (std::strcmp(how, "breakpoint") == 0) {
        asm volatile("int3");
    } else if (std::strcmp(how, "stack") == 0) {
        return recurse(0);
    } else if (std::strcmp(how, "spin") == 0) {
        while (zero == 0) {
        }
    } else if (std::strcmp(how, "sleep") == 0) {
        while (zero == 0) {
            sleep(1);
        }
    } else if (std::strcmp(how, "wait") == 0) {
        pause();
    } else if (std::strcmp(how, "clock") == 0) {
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        std::printf("%ld\n", now.tv_nsec);
        return 0;
    }
    return 98;
}

// SPDX-License-Identifier: MIT
// The vsyscall page of old programs: what can be called there, and that nothing else can be done
// with it.
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <initializer_list>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>

#include "guest/programs/children.h"

namespace {

constexpr std::uintptr_t page = 0xffff'ffff'ff60'0000;
using GetTimeOfDay = long (*)(timeval*, struct timezone*);
using Time = long (*)(long*);
using GetCpu = long (*)(unsigned*, unsigned*, void*);

template <typename Function>
Function at(std::uintptr_t offset) {
    return reinterpret_cast<Function>(page + offset);
}
const auto get_time_of_day = at<GetTimeOfDay>(0);
const auto get_time = at<Time>(0x400);
const auto get_cpu = at<GetCpu>(0x800);

template <typename T>
T* pointer(std::uintptr_t address) {
    return reinterpret_cast<T*>(address);
}

// What the last fault was.
sigjmp_buf go_on;
siginfo_t information;
greg_t fault_place;
greg_t fault_error;

void on_fault(int, siginfo_t* what, void* context) {
    information = *what;
    const auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    fault_place = registers[REG_RIP];
    fault_error = registers[REG_ERR];
    siglongjmp(go_on, 1);
}

void catch_faults() {
    static char stack[64 * 1024];
    const stack_t alternate{.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof stack};
    require(sigaltstack(&alternate, nullptr) == 0, "sigaltstack");
    struct sigaction action{};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    for (const int number : {SIGSEGV, SIGBUS}) {
        require(sigaction(number, &action, nullptr) == 0, "sigaction");
    }
}

template <typename Action>
bool faults(Action action) {
    if (sigsetjmp(go_on, 1) != 0) {
        return true;
    }
    action();
    return false;
}

void show_map() {
    std::FILE* const maps = std::fopen("/proc/self/maps", "re");
    require(maps != nullptr, "/proc/self/maps");
    char line[256];
    while (std::fgets(line, sizeof line, maps) != nullptr) {
        if (std::strstr(line, "[vsyscall]") != nullptr) {
            std::printf("%s", line);
        }
    }
    std::fclose(maps);
}

long microseconds(const timeval& time) {
    return time.tv_sec * 1'000'000 + time.tv_usec;
}

void calls() {
    timeval before{};
    timeval now{};
    timeval after{};
    struct timezone zone{.tz_minuteswest = 77, .tz_dsttime = 77};
    require(syscall(SYS_gettimeofday, &before, nullptr) == 0, "gettimeofday");
    const long answer = get_time_of_day(&now, &zone);
    require(syscall(SYS_gettimeofday, &after, nullptr) == 0, "gettimeofday");
    std::printf(
        "gettimeofday: %ld, between %d, zone %d %d\n", answer,
        microseconds(before) <= microseconds(now) && microseconds(now) <= microseconds(after),
        zone.tz_minuteswest, zone.tz_dsttime);
    long stored = 0;
    const long earliest = syscall(SYS_time, nullptr);
    const long seconds = get_time(&stored);
    const long latest = syscall(SYS_time, nullptr);
    std::printf("time: between %d, stored %d\n", earliest <= seconds && seconds <= latest,
                stored == seconds);
    unsigned cpu = 999;
    unsigned node = 999;
    const long told = get_cpu(&cpu, &node, nullptr);
    std::printf("getcpu: %ld, found %d\n", told, cpu != 999 && node != 999);
    std::printf("nothing wanted: %ld, %d, %ld\n", get_time_of_day(nullptr, nullptr),
                get_time(nullptr) >= seconds, get_cpu(nullptr, nullptr, nullptr));
}

/// Registers that a system call would change.
void registers() {
    std::uint64_t rcx = 0x1111;
    std::uint64_t rdx = 0x2222;
    std::uint64_t r11 = 0x3333;
    std::uint64_t result = page + 0x400;
    asm volatile(
        "mov %3, %%r11\n"
        "sub $128, %%rsp\n"
        "call *%%rax\n"
        "add $128, %%rsp\n"
        "mov %%r11, %3"
        : "+a"(result), "+c"(rcx), "+d"(rdx), "+r"(r11)
        : "D"(nullptr)
        : "r11", "memory", "cc");
    std::printf("kept: %d %d %d\n", rcx == 0x1111, rdx == 0x2222, r11 == 0x3333);
}

void no_data() {
    for (const std::uintptr_t offset : {0UL, 0x400UL, 0xfffUL}) {
        const bool read =
            faults([&] { static_cast<void>(*pointer<volatile char>(page + offset)); });
        std::printf("read at %#lx: faults %d, code %d, there %d, error %#llx\n", offset, read,
                    information.si_code, information.si_addr == pointer<void>(page + offset),
                    static_cast<unsigned long long>(fault_error));
    }
    const bool written = faults([] { *pointer<volatile char>(page) = 1; });
    std::printf("write: faults %d, code %d, error %#llx\n", written, information.si_code,
                static_cast<unsigned long long>(fault_error));
    std::printf("for the kernel: ");
    show("write", write(STDOUT_FILENO, pointer<void>(page), 1));
    show("unmap", munmap(pointer<void>(page), 4096));
    show("protect", mprotect(pointer<void>(page), 4096, PROT_READ));
}

void wrong_places() {
    for (const std::uintptr_t offset : {1UL, 0x200UL, 0x3ffUL, 0xc00UL, 0xfffUL}) {
        const bool caught = faults([&] { at<void (*)()>(offset)(); });
        std::printf("call of %#lx: faults %d, signal %d, code %d, there %d\n", offset, caught,
                    information.si_signo, information.si_code,
                    fault_place == static_cast<greg_t>(page + offset));
    }
}

void bad_pointers() {
    void* const mapped = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(mapped != MAP_FAILED, "mmap");
    const std::uintptr_t bad[] = {8,
                                  reinterpret_cast<std::uintptr_t>(mapped),
                                  0x7fff'ffff'fffc,
                                  std::uintptr_t{1} << 63,
                                  page,
                                  ~std::uintptr_t{0}};
    timeval good{};
    for (const std::uintptr_t each : bad) {
        const auto report = [](const char* name, bool caught, std::uintptr_t offset) {
            std::printf("%s: faults %d, signal %d, there %d\n", name, caught, information.si_signo,
                        fault_place == static_cast<greg_t>(page + offset));
        };
        report("gettimeofday", faults([&] { get_time_of_day(pointer<timeval>(each), nullptr); }),
               0);
        report("its zone", faults([&] { get_time_of_day(&good, pointer<struct timezone>(each)); }),
               0);
        report("time", faults([&] { get_time(pointer<long>(each)); }), 0x400);
        report("getcpu", faults([&] { get_cpu(pointer<unsigned>(each), nullptr, nullptr); }),
               0x800);
    }
}

void bad_stack() {
    const bool caught = faults([] {
        asm volatile(
            "mov %0, %%rsp\n"
            "xor %%edi, %%edi\n"
            "jmp *%1"
            :
            : "r"(std::uintptr_t{0x1000}), "r"(page + 0x400)
            : "rdi", "memory");
    });
    std::printf("bad stack: faults %d, signal %d, code %d\n", caught, information.si_signo,
                information.si_code);
}

volatile sig_atomic_t steps_in_page = 0;
void on_step(int, siginfo_t*, void* context) {
    const auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    const auto place = static_cast<std::uintptr_t>(registers[REG_RIP]);
    steps_in_page = steps_in_page + (place - page < 4096 ? 1 : 0);
}

/// Step by step, the call is one step.
void stepping() {
    struct sigaction action{};
    action.sa_sigaction = on_step;
    action.sa_flags = SA_SIGINFO;
    require(sigaction(SIGTRAP, &action, nullptr) == 0, "sigaction");
    constexpr std::uint64_t trap_flag = 1 << 8;
    std::uint64_t target = page + 0x400;
    asm volatile(
        "sub $128, %%rsp\n"
        "pushf\n"
        "orq %1, (%%rsp)\n"
        "popf\n"
        "call *%%rax\n"
        "pushf\n"
        "andq %2, (%%rsp)\n"
        "popf\n"
        "add $128, %%rsp"
        : "+a"(target)
        : "r"(trap_flag), "r"(~trap_flag), "D"(nullptr)
        : "rcx", "r11", "memory", "cc");
    std::printf("steps in the page: %d, time %d\n", static_cast<int>(steps_in_page),
                static_cast<long>(target) > 0);
}

}  // namespace

int main() {
    children::begin();
    show_map();
    calls();
    registers();
    catch_faults();
    no_data();
    wrong_places();
    bad_pointers();
    bad_stack();
    stepping();
    children::in_child("blocked", [] {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, nullptr);
        get_time(pointer<long>(8));
        return 0;
    });
    children::in_child("in a child", [] { return get_time(nullptr) > 0 ? 7 : 0; });
    return 0;
}

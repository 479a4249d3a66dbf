// SPDX-License-Identifier: MIT
// Crosses between user and kernel mode by every way that there is, a few times each, and in each
// design: short, so that it can be run again and again with an event at each instruction of those
// ways. What it prints depends on no time.
#include <csignal>
#include <cstdint>
#include <ctime>
#include <initializer_list>

#include <asm/ldt.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "abi/isolation_choice.h"
#include "guest/programs/check.h"

namespace {

using ringfence::abi::isolation::Choice;
using ringfence::abi::isolation::set_choice;

constexpr int status = 7;
constexpr int turns = 2;
constexpr std::size_t page_size = 4096;
constexpr long long trap_flag = 0x100;
constexpr long long alignment_flag = 0x40000;

volatile int signals;
volatile int last_signal;

/// How many bytes the next handler steps over, and where it goes instead if not null.
volatile long step;
void* volatile go_on;

void remember(int signal, siginfo_t* /*information*/, void* context) {
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    signals = signals + 1;
    last_signal = signal;
    registers[REG_RIP] += step;
    registers[REG_EFL] &= ~(trap_flag | alignment_flag);
    if (go_on != nullptr) {
        registers[REG_RIP] = reinterpret_cast<greg_t>(go_on);
        go_on = nullptr;
    }
    step = 0;
}

/// Makes the way back one that the processor refuses. The signal of that goes to `remember`.
void leave_for_nowhere(int /*signal*/, siginfo_t* /*information*/, void* context) {
    constexpr greg_t non_canonical = 0x1234'5678'9abc'def0;
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    go_on = reinterpret_cast<void*>(registers[REG_RIP]);
    registers[REG_RIP] = non_canonical;
}

void install(int signal, void (*handler)(int, siginfo_t*, void*)) {
    struct sigaction action{};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    require(sigaction(signal, &action, nullptr) == 0, "sigaction");
}

/// SYSCALL, and back by SYSRET.
void system_calls() {
    for (int i = 0; i < turns; ++i) {
        require(syscall(SYS_getpid) == getpid(), "getpid");
    }
}

/// Each of the pages is given at the first access.
void page_faults(char* pages) {
    for (int i = 0; i < turns; ++i) {
        static_cast<volatile char*>(pages)[i * static_cast<long>(page_size)] = 1;
    }
}

/// Exceptions with an error code and without, on the ordinary stack and on one of their own; the
/// handlers are entered and left by IRET. Each is of one instruction, which the handler steps over.
void exceptions() {
    asm volatile("int3");
    asm volatile("int $4");
    step = 2;
    asm volatile("xorl %%ecx, %%ecx; divl %%ecx" ::: "eax", "ecx", "edx", "cc");
    step = 2;
    asm volatile("ud2");
    step = 1;
    asm volatile("cli");
    step = 4;
    asm volatile(
        "movq %%rbp, %%rdx; movabsq $0x8000000000000000, %%rbp; movq (%%rbp), %%rax;"
        "movq %%rdx, %%rbp" ::
            : "rax", "rdx", "memory");
    asm volatile("pushfq; orq %0, (%%rsp); popfq; nop" ::"i"(trap_flag) : "cc", "memory");
}

/// The same, of x87, of SSE and of a misaligned access where that is forbidden.
void operand_exceptions() {
    const std::uint16_t divide_by_zero_unmasked = 0x037b;
    step = 1;
    asm volatile("fldcw %0; fld1; fldz; fdivrp; fwait; fninit" ::"m"(divide_by_zero_unmasked));
    const std::uint32_t usual = 0x1f80;
    const std::uint32_t division_unmasked = 0x1d80;
    step = 4;
    asm volatile(
        "ldmxcsr %0; xorps %%xmm1, %%xmm1; movss %2, %%xmm0; divss %%xmm1, %%xmm0; ldmxcsr %1" ::
            "m"(division_unmasked),
        "m"(usual), "m"(usual)
        : "xmm0", "xmm1");
    step = 4;
    asm volatile("pushfq; orq %0, (%%rsp); popfq; movl 1(%%rsp), %%eax" ::"i"(alignment_flag)
                 : "rax", "cc", "memory");
}

/// With the stack segment in a descriptor table of the program's own, for which the kernel leaves
/// by other ways: after a fault that the program does not notice, and after one that it handles.
/// NMIs wait for the instruction after MOV SS, so the kernel is not entered from that one.
void returns_to_own_descriptors(char* page) {
    user_desc stack{};
    stack.limit = 0xffff;
    require(syscall(SYS_modify_ldt, 1, &stack, sizeof stack) == 0, "modify_ldt");
    constexpr std::uint32_t own_stack = 7;
    asm volatile(
        "movl %%ss, %%edx; movl %[own], %%ss; nop; movb $1, %[page]; int3; movl %%edx, %%ss"
        : [page] "=m"(*page)
        : [own] "r"(own_stack)
        : "rdx", "memory");
}

/// The IRET that leaves for the program faults.
void refused_return() {
    require(kill(getpid(), SIGUSR1) == 0, "kill");
}

/// To another process and back.
void process_switches() {
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        _exit(getppid() == parent ? 3 : 4);
    }
    int ended = 0;
    require(waitpid(child, &ended, 0) == child, "waitpid");
    require(WIFEXITED(ended) && WEXITSTATUS(ended) == 3, "the child");
}

/// From kernel mode: the processor is halted meanwhile.
void timer_interrupt() {
    const timespec soon{0, 1};
    require(nanosleep(&soon, nullptr) == 0, "nanosleep");
}

void cross() {
    void* const pages = mmap(nullptr, (turns + 1) * page_size, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(pages != MAP_FAILED, "mmap");
    system_calls();
    page_faults(static_cast<char*>(pages));
    exceptions();
    operand_exceptions();
    returns_to_own_descriptors(static_cast<char*>(pages) + turns * page_size);
    refused_return();
    process_switches();
    timer_interrupt();
    require(munmap(pages, (turns + 1) * page_size) == 0, "munmap");
}

void choose(Choice choice) {
    require(prctl(static_cast<int>(set_choice), static_cast<std::uint32_t>(choice), 0, 0, 0) == 0,
            "prctl");
}

}  // namespace

int main() {
    for (const int signal : {SIGTRAP, SIGILL, SIGSEGV, SIGFPE, SIGBUS}) {
        install(signal, remember);
    }
    install(SIGUSR1, leave_for_nowhere);
    cross();
    choose(Choice::Isolated);
    cross();
    choose(Choice::Shared);
    cross();
    choose(Choice::System);
    std::printf("%d signals, the last one %d\n", signals, last_signal);
    return status;
}

// SPDX-License-Identifier: MIT
// The first process of the lockstep test: uses memory, files, signals, a child, and itself again,
// without a C library, which would look at the processor and at random numbers first.
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

using Word = unsigned long;

namespace {

constexpr Word page = 4096;

Word call(Word number, Word a = 0, Word b = 0, Word c = 0, Word d = 0, Word e = 0, Word f = 0) {
    register Word r10 asm("r10") = d;
    register Word r8 asm("r8") = e;
    register Word r9 asm("r9") = f;
    asm volatile("syscall"
                 : "+a"(number)
                 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return number;
}

Word address(const void* pointer) {
    return reinterpret_cast<Word>(pointer);
}

volatile Word signals_seen = 0;
volatile double product = 1;
Word thread_area[8];
char buffer[8 * page];

/// What the kernel takes for an action: [linux], include/uapi/asm/signal.h.
struct Action {
    void (*handler)(int);
    Word flags;
    void (*restorer)();
    Word mask;
};
constexpr Word with_restorer = 0x04000000;

void count_signal(int number) {
    signals_seen = signals_seen + static_cast<Word>(number);
    product = product * 1.5;
}

[[gnu::naked]] void return_from_signal() {
    asm volatile("mov %0, %%eax\n syscall" : : "i"(SYS_rt_sigreturn));
}

void use_memory() {
    const Word anonymous =
        call(SYS_mmap, 0, 32 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0UL);
    for (Word i = 0; i < 32; ++i) {
        *reinterpret_cast<volatile char*>(anonymous + i * page + i) = static_cast<char>(i);
    }
    call(SYS_mprotect, anonymous + 8 * page, 8 * page, PROT_READ);
    call(SYS_madvise, anonymous + 16 * page, 8 * page, MADV_DONTNEED);
    *reinterpret_cast<volatile char*>(anonymous + 17 * page) = 1;
    const Word end = call(SYS_brk, 0);
    call(SYS_brk, end + 4 * page);
    *reinterpret_cast<volatile char*>(end + 3 * page) = 1;
    call(SYS_munmap, anonymous, 32 * page);
}

void use_files() {
    const Word file = call(SYS_open, address("/bin/busybox"), O_RDONLY);
    for (int i = 0; i < 8; ++i) {
        call(SYS_read, file, address(buffer), sizeof buffer);
    }
    const Word mapped = call(SYS_mmap, 0, 64 * page, PROT_READ, MAP_PRIVATE, file, 0);
    Word sum = 0;
    for (Word i = 0; i < 64; ++i) {
        sum += *reinterpret_cast<volatile unsigned char*>(mapped + i * page);
    }
    const Word copy = call(SYS_open, address("/copy"), O_RDWR | O_CREAT, 0600);
    call(SYS_write, copy, address(buffer), sizeof buffer);
    call(SYS_lseek, copy, sum % page, 0);
    call(SYS_read, copy, address(buffer), page);
    call(SYS_close, copy);
    call(SYS_close, file);
}

void use_signals() {
    const Action action{&count_signal, with_restorer, &return_from_signal, 0};
    call(SYS_rt_sigaction, SIGUSR1, address(&action), 0, sizeof action.mask);
    const Word self = call(SYS_getpid);
    for (int i = 0; i < 3; ++i) {
        call(SYS_kill, self, SIGUSR1);
    }
}

/// Forks; the parent waits until the child has ended, so that they run in one order. Answers
/// whether this is the child: its number depends on how many tasks the kernel has had.
bool forks() {
    Word number = SYS_clone;
    asm volatile("syscall\n test %%eax, %%eax\n sete %%al\n movzbl %%al, %%eax"
                 : "+a"(number)
                 : "D"(CLONE_VFORK | SIGCHLD), "S"(0)
                 : "rcx", "r11", "cc", "memory");
    return number != 0;
}

void use_child() {
    int ends[2];
    call(SYS_pipe, address(ends));
    if (forks()) {
        buffer[0] = 'x';  // a page that is copied now
        call(SYS_write, static_cast<Word>(ends[1]), address(buffer), 100);
        call(SYS_exit_group, 3);
    }
    int status = 0;
    call(SYS_wait4, ~0UL, address(&status));
    call(SYS_read, static_cast<Word>(ends[0]), address(buffer), 100);
}

}  // namespace

extern "C" [[gnu::used, noreturn]] void run(const Word* stack) {
    constexpr Word set_fs = 0x1002;
    call(SYS_arch_prctl, set_fs, address(thread_area));
    use_memory();
    use_files();
    use_signals();
    use_child();
    if (stack[0] < 3) {  // with one argument more each time
        const char* const again[] = {"/program", "once", "more", nullptr};
        const char* const* arguments = again + (stack[0] == 1 ? 1 : 0);
        call(SYS_execve, address(again[0]), address(arguments), 0);
    }
    call(SYS_exit_group, signals_seen);
    __builtin_unreachable();
}

extern "C" [[gnu::naked]] void _start() {
    asm volatile("mov %rsp, %rdi\n and $-16, %rsp\n call run");
}

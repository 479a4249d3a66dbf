// SPDX-License-Identifier: MIT
// Changes the design that it runs in, by prctl and for the whole system, and says what it finds.
// Runs on this project's kernel only. Between isolated_begin and isolated_end it is isolated,
// between shared_begin and shared_end it is not: tests look at the page tables meanwhile.
#include <csignal>
#include <cstdint>
#include <initializer_list>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/isolation_choice.h"
#include "guest/programs/check.h"

using namespace ringfence::abi::isolation;

// void NAME_stretch(long turns, char* page): a system call and a page fault in each turn.
#define STRETCH(name)                                                  \
    asm(".globl " name "_begin, " name "_end, " name "_stretch\n" name \
        "_stretch:\n"                                                  \
        "    movq %rdi, %r8\n" name                                    \
        "_begin:\n"                                                    \
        "    movl $39, %eax\n" /* getpid */                            \
        "    syscall\n"                                                \
        "    movb $1, (%rsi)\n"                                        \
        "    addq $4096, %rsi\n"                                       \
        "    decq %r8\n"                                               \
        "    jnz " name "_begin\n" name                                \
        "_end:\n"                                                      \
        "    ret\n")

STRETCH("isolated");
STRETCH("shared");

extern "C" {
void isolated_stretch(long turns, char* pages);
void shared_stretch(long turns, char* pages);
}

namespace {

constexpr long turns = 12;
constexpr std::size_t page_size = 4096;

long choose(Choice choice, std::uint32_t flags = 0) {
    return prctl(static_cast<int>(set_choice), static_cast<std::uint32_t>(choice) | flags, 0, 0, 0);
}

long chosen() {
    return prctl(static_cast<int>(get_choice), 0, 0, 0, 0);
}

void run(void (*stretch)(long, char*)) {
    void* pages = mmap(nullptr, turns * page_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(pages != MAP_FAILED, "mmap");
    stretch(turns, static_cast<char*>(pages));
    require(munmap(pages, turns * page_size) == 0, "munmap");
}

int result_of_child(int (*body)()) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(body());
    }
    int status = -1;
    require(waitpid(child, &status, 0) == child, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void back_and_forth() {
    for (int round = 0; round < 3; ++round) {
        require(choose(Choice::Isolated) == 0, "isolate");
        run(isolated_stretch);
        require(choose(Choice::Shared) == 0, "share");
        run(shared_stretch);
    }
    std::printf("choice %#lx\n", chosen());
}

void inheritance() {
    require(choose(Choice::Isolated) == 0, "isolate");
    std::printf("child of fork: %#x\n",
                result_of_child([] { return static_cast<int>(chosen() & 0xff); }));
    require(choose(Choice::Shared, keep_on_exec) == 0, "share");
    std::printf("child of fork: %#x\n",
                result_of_child([] { return static_cast<int>(chosen() & 0xff); }));
}

/// What a program that is executed finds: argument 1 tells it to end with that.
void execution(const char* self) {
    static const char* path = self;
    const auto execute = [] {
        execl(path, path, "status", nullptr);
        return 99;
    };
    require(choose(Choice::Shared, keep_on_exec) == 0, "share");
    std::printf("after exec, kept: %#x\n", result_of_child(execute));
    require(choose(Choice::Shared) == 0, "share");
    std::printf("after exec, not kept: %#x\n", result_of_child(execute));
}

void refusals() {
    show("unknown choice", prctl(static_cast<int>(set_choice), 3, 0, 0, 0));
    show("unknown flag", prctl(static_cast<int>(set_choice), 0x20, 0, 0, 0));
    require(choose(Choice::Isolated) == 0, "isolate");
    result_of_child([] {
        require(setuid(1000) == 0, "setuid");
        show("unprivileged: isolated", choose(Choice::Isolated));
        show("unprivileged: shared", choose(Choice::Shared));
        show("unprivileged: as the system", choose(Choice::System));
        std::fflush(stdout);
        return 0;
    });
    const pid_t child = vfork();
    if (child == 0) {
        const long result = choose(Choice::Shared);
        _exit(result == 0 ? 0 : errno);
    }
    int status = 0;
    require(waitpid(child, &status, 0) == child, "waitpid");
    std::printf("with borrowed memory: %s\n", strerrorname_np(WEXITSTATUS(status)));
}

void* echo(void* descriptors) {
    const int* ends = static_cast<const int*>(descriptors);
    char byte;
    while (read(ends[0], &byte, 1) == 1) {
        require(write(ends[1], &byte, 1) == 1, "write");
    }
    return nullptr;
}

/// A thread that waits in the kernel while the design changes, and comes back in the new one.
void threads() {
    int to[2];
    int from[2];
    require(pipe(to) == 0 && pipe(from) == 0, "pipe");
    int ends[2] = {to[0], from[1]};
    pthread_t thread;
    require(pthread_create(&thread, nullptr, echo, ends) == 0, "pthread_create");
    int answers = 0;
    for (int round = 0; round < 20; ++round) {
        require(choose(round % 2 == 0 ? Choice::Isolated : Choice::Shared) == 0, "choose");
        char byte = static_cast<char>(round);
        require(write(to[1], &byte, 1) == 1 && read(from[0], &byte, 1) == 1, "echo");
        answers += byte == round ? 1 : 0;
    }
    close(to[1]);
    pthread_join(thread, nullptr);
    std::printf("a waiting thread answered %d of 20\n", answers);
}

volatile std::sig_atomic_t alarms = 0;

/// Signals and timer interrupts across changes.
void signals() {
    std::signal(SIGUSR1, [](int) { alarms = alarms + 1; });
    for (int round = 0; round < 10; ++round) {
        require(choose(round % 2 == 0 ? Choice::Isolated : Choice::Shared) == 0, "choose");
        require(raise(SIGUSR1) == 0, "raise");
    }
    std::printf("signals %d\n", static_cast<int>(alarms));
}

void set_system(const char* design) {
    const int file = open("/proc/ringfence/design", O_WRONLY | O_TRUNC);
    require(file >= 0, "open /proc/ringfence/design");
    show(design, write(file, design, std::strlen(design)));
    close(file);
}

/// All programs that follow change, the ones that have chosen do not.
void system_wide() {
    require(choose(Choice::System) == 0, "follow");
    for (const char* design : {"shared", "isolated", "shared", "isolated", "neither"}) {
        set_system(design);
        std::printf("follows: %#lx\n", chosen());
        run(chosen() & is_isolated ? isolated_stretch : shared_stretch);
    }
    require(choose(Choice::Shared) == 0, "share");
    set_system("isolated");
    std::printf("does not follow: %#lx\n", chosen());
    result_of_child([] {
        require(setuid(1000) == 0, "setuid");
        show("unprivileged: open", open("/proc/ringfence/design", O_WRONLY));
        std::fflush(stdout);
        return 0;
    });
}

}  // namespace

int main(int count, char** arguments) {
    if (count > 1) {
        return static_cast<int>(chosen() & 0xff);
    }
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    back_and_forth();
    inheritance();
    execution(arguments[0]);
    refusals();
    threads();
    signals();
    system_wide();
    return 0;
}

// SPDX-License-Identifier: MIT
// Goes into the kernel and out of it by every way that a program can take, in parts that its
// arguments name: what isolation does at these crossings is what checks look at meanwhile. It
// prints what it finds, which is the same in every design but for `status`.
#include <csetjmp>
#include <csignal>
#include <initializer_list>

#include <asm/ldt.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "abi/isolation_choice.h"
#include "guest/programs/check.h"

namespace {

constexpr size_t page = 4096;

volatile sig_atomic_t seen = 0;
sigjmp_buf after_fault;

void count(int /*signal*/) {
    seen = seen + 1;
}

void jump_out(int /*signal*/) {
    siglongjmp(after_fault, 1);
}

template <typename Access>
bool faults(Access access) {
    if (sigsetjmp(after_fault, 1) != 0) {
        return true;
    }
    access();
    return false;
}

volatile char* map(size_t pages) {
    void* place =
        mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(place != MAP_FAILED, "mmap");
    auto* area = static_cast<volatile char*>(place);
    for (size_t i = 0; i < pages; ++i) {
        area[i * page] = static_cast<char>(i);
    }
    return area;
}

void* at(volatile char* area, size_t index) {
    return const_cast<char*>(area) + index * page;
}

int status_of(pid_t child) {
    int status = -1;
    require(waitpid(child, &status, 0) == child, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// System calls, which return by SYSRET, and signals and page faults, which return by IRET.
void calls() {
    long sum = 0;
    for (int i = 0; i < 20; ++i) {
        sum += syscall(SYS_getppid);
    }
    std::printf("calls: %ld\n", sum);
    std::signal(SIGUSR1, count);
    seen = 0;
    for (int i = 0; i < 5; ++i) {
        raise(SIGUSR1);
    }
    std::printf("signals: %d\n", seen);
    volatile char* area = map(16);
    require(munmap(at(area, 0), 16 * page) == 0, "munmap");
}

/// Exceptions of instructions: those that have stacks of their own as well.
void exceptions() {
    std::signal(SIGTRAP, count);
    seen = 0;
    asm volatile("int3");
    asm volatile(".byte 0xf1");  // INT1
    asm volatile(
        "pushfq\n orq $0x100, (%%rsp)\n popfq\n nop\n nop\n"
        "pushfq\n andq $~0x100, (%%rsp)\n popfq" ::
            : "cc", "memory");
    std::printf("traps: %d\n", seen);
    std::signal(SIGFPE, jump_out);
    volatile int zero = 0;
    std::printf("division faults: %d\n", faults([&] { zero = 7 / zero; }));
}

int refused_register = 0;
greg_t refused_value = 0;

void ask_for_the_impossible(int /*signal*/, siginfo_t* /*information*/, void* context) {
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[refused_register] = refused_value;
}

/// Returns to user mode that IRET refuses.
void refused() {
    struct sigaction action{};
    action.sa_sigaction = ask_for_the_impossible;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR2, &action, nullptr);
    std::signal(SIGSEGV, jump_out);
    std::signal(SIGBUS, jump_out);
    constexpr greg_t not_canonical = greg_t{1} << 60;
    constexpr greg_t no_code_segment = 0x10;
    const struct {
        const char* name;
        int which;
        greg_t value;
    } wishes[] = {{"RIP", REG_RIP, not_canonical}, {"CS", REG_CSGSFS, no_code_segment}};
    for (const auto& wish : wishes) {
        refused_register = wish.which;
        refused_value = wish.value;
        std::printf("refused %s: %d\n", wish.name, faults([] { raise(SIGUSR2); }));
    }
}

/// Changes of mappings: a translation that outlives one is seen by what works still.
void flushes() {
    std::signal(SIGSEGV, jump_out);
    constexpr size_t pages = 40;
    volatile char* area = map(pages);
    int wrong = 0;
    const auto expect_write_fault = [&](size_t first, size_t last) {
        for (size_t i = first; i < last; ++i) {
            wrong += area[i * page] != static_cast<char>(i);
            wrong += !faults([&] { area[i * page] = 1; });
        }
    };
    const auto expect_hole = [&](size_t first, size_t last) {
        for (size_t i = first; i < last; ++i) {
            wrong += !faults([&] { static_cast<void>(area[i * page]); });
        }
    };
    require(mprotect(at(area, 0), page, PROT_READ) == 0, "mprotect");
    expect_write_fault(0, 1);
    require(munmap(at(area, 1), page) == 0, "munmap");
    expect_hole(1, 2);
    require(mprotect(at(area, 2), 4 * page, PROT_READ) == 0, "mprotect");
    expect_write_fault(2, 6);
    require(munmap(at(area, 6), 4 * page) == 0, "munmap");
    expect_hole(6, 10);
    require(munmap(at(area, 10), (pages - 10) * page) == 0, "munmap");
    expect_hole(10, pages);
    std::printf("flushes: %d wrong\n", wrong);
}

/// Copies of address spaces: what was writable is no longer, in the parent as well.
void forks() {
    constexpr size_t pages = 8;
    volatile char* area = map(pages);
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        char byte;
        require(read(ends[0], &byte, 1) == 1, "read");  // the parent has written everywhere
        int changed = 0;
        for (size_t i = 0; i < pages; ++i) {
            changed += area[i * page] != static_cast<char>(i);
        }
        _exit(changed);
    }
    for (size_t i = 0; i < pages; ++i) {
        area[i * page] = 100;
    }
    require(write(ends[1], "x", 1) == 1, "write");
    std::printf("forks: %d changed in the child\n", status_of(child));

    // The kernel writes to a page that the child shares, and that the parent has just read.
    const pid_t other = fork();
    if (other == 0) {
        pause();
    }
    int wrong = 0;
    for (size_t i = 0; i < pages; ++i) {
        wrong += area[i * page] != 100;
        require(write(ends[1], "y", 1) == 1 && read(ends[0], at(area, i), 1) == 1, "pipe");
        wrong += area[i * page] != 'y';
    }
    kill(other, SIGKILL);
    std::printf("written by the kernel: %d wrong, child %d\n", wrong, status_of(other));
    require(munmap(at(area, 0), pages * page) == 0, "munmap");
}

/// clone(CLONE_VFORK): a copy, as fork makes it, and the parent waits until it has ended. So the
/// processor leaves the parent's address space between the change of its tables and its return.
void waiting_forks() {
    constexpr size_t pages = 8;
    volatile char* area = map(pages);
    int wrong = 0;
    for (int round = 0; round < 3; ++round) {
        std::fflush(stdout);
        const long child = syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
        if (child == 0) {
            for (size_t i = 0; i < pages; ++i) {
                area[i * page] = 50;
            }
            _exit(0);
        }
        for (size_t i = 0; i < pages; ++i) {
            wrong += area[i * page] == 50;
            area[i * page] = static_cast<char>(round);
        }
        wrong += status_of(static_cast<pid_t>(child));
    }
    std::printf("waiting forks: %d wrong\n", wrong);
    require(munmap(at(area, 0), pages * page) == 0, "munmap");
}

/// A child with an LDT of its own, which takes turns with its parent, who has none.
void local_segments() {
    constexpr unsigned selector = 7;  // entry 0
    constexpr int rounds = 3;
    int turn[2];
    int done[2];
    require(pipe(turn) == 0 && pipe(done) == 0, "pipe");
    std::fflush(stdout);
    const pid_t child = fork();
    char byte = 0;
    if (child == 0) {
        user_desc data{};
        data.limit = page - 1;
        data.seg_32bit = 1;
        require(syscall(SYS_modify_ldt, 0x11, &data, sizeof data) == 0, "modify_ldt");
        asm volatile("mov %0, %%gs" ::"r"(selector));
        for (int round = 0; round < rounds; ++round) {
            require(read(turn[0], &byte, 1) == 1, "read");
            require(write(done[1], &byte, 1) == 1, "write");
        }
        unsigned gs = 0;
        asm volatile("mov %%gs, %0" : "=r"(gs));
        _exit(gs == selector ? 0 : 1);
    }
    for (int round = 0; round < rounds; ++round) {
        require(write(turn[1], &byte, 1) == 1, "write");
        require(read(done[0], &byte, 1) == 1, "read");
    }
    std::printf("local segments: child %d\n", status_of(child));
}

/// Several processes that take turns, each with a value of its own at the same address. What they
/// are sent lies across the end of a page, what they answer does not: two ways to user memory.
void spaces() {
    constexpr int count_of_children = 8;
    constexpr int rounds = 3;
    struct Child {
        pid_t id;
        int to[2];
        int from[2];
    } children[count_of_children];
    volatile char* area = map(4);
    std::fflush(stdout);
    for (int number = 0; number < count_of_children; ++number) {
        Child& child = children[number];
        require(pipe(child.to) == 0 && pipe(child.from) == 0, "pipe");
        child.id = fork();
        if (child.id == 0) {
            int wrong = 0;
            area[0] = static_cast<char>(number);
            for (int round = 0; round < rounds; ++round) {
                char* const letter = static_cast<char*>(at(area, 1)) - 1;
                require(read(child.to[0], letter, 2) == 2, "read");
                wrong += area[0] != static_cast<char>(number) || letter[1] != ~letter[0];
                require(write(child.from[1], letter, 1) == 1, "write");
            }
            _exit(wrong);
        }
    }
    // The parent's table, too, has pages there that may be written.
    area[0] = 0;
    area[page] = 0;
    int wrong = 0;
    for (int round = 0; round < rounds; ++round) {
        for (Child& child : children) {
            const char letter[2] = {static_cast<char>(round), static_cast<char>(~round)};
            char byte = 0;
            require(write(child.to[1], letter, 2) == 2 && read(child.from[0], &byte, 1) == 1,
                    "pipe");
            wrong += byte != static_cast<char>(round) || area[0] != 0;
        }
    }
    for (Child& child : children) {
        wrong += status_of(child.id);
        for (const int end : {child.to[0], child.to[1], child.from[0], child.from[1]}) {
            close(end);
        }
    }
    std::printf("spaces: %d wrong\n", wrong);
    require(munmap(at(area, 0), 4 * page) == 0, "munmap");
}

struct Relay {
    int to_child[2];
    int from_child[2];
};

void* wake_child(void* relay) {
    require(write(static_cast<Relay*>(relay)->to_child[1], "t", 1) == 1, "write");
    return nullptr;
}

/// Threads that end while another process is next: their kernel stacks are given back there, and
/// used again by this one.
void threads() {
    Relay relay{};
    require(pipe(relay.to_child) == 0 && pipe(relay.from_child) == 0, "pipe");
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        close(relay.to_child[1]);
        char byte;
        while (read(relay.to_child[0], &byte, 1) == 1) {
            require(write(relay.from_child[1], &byte, 1) == 1, "write");
        }
        _exit(0);
    }
    int wrong = 0;
    for (int round = 0; round < 4; ++round) {
        pthread_t thread;
        char byte = 0;
        require(pthread_create(&thread, nullptr, wake_child, &relay) == 0, "pthread_create");
        require(read(relay.from_child[0], &byte, 1) == 1, "read");
        wrong += byte != 't';
        require(pthread_join(thread, nullptr) == 0, "pthread_join");
    }
    close(relay.to_child[1]);
    std::printf("threads: %d wrong, child %d\n", wrong, status_of(child));
}

/// Timer interrupts while the program computes.
void timer() {
    std::signal(SIGALRM, count);
    seen = 0;
    itimerval often{};
    often.it_interval.tv_usec = 1000;
    often.it_value.tv_usec = 1000;
    require(setitimer(ITIMER_REAL, &often, nullptr) == 0, "setitimer");
    while (seen < 3) {
    }
    setitimer(ITIMER_REAL, nullptr, nullptr);
    std::printf("timer: has come\n");
}

/// Changes of the design, with system calls, faults and a child in each.
void designs() {
    using namespace ringfence::abi::isolation;
    int wrong = 0;
    for (const Choice choice :
         {Choice::Shared, Choice::Isolated, Choice::Shared, Choice::Isolated}) {
        require(prctl(static_cast<int>(set_choice), choice, 0, 0, 0) == 0, "prctl");
        const long chosen = prctl(static_cast<int>(get_choice), 0, 0, 0, 0);
        wrong += ((chosen & is_isolated) != 0) != (choice == Choice::Isolated);
        volatile char* area = map(8);
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            _exit(area[page] != 1);
        }
        wrong += status_of(child);
        require(munmap(at(area, 0), 8 * page) == 0, "munmap");
    }
    std::printf("designs: %d wrong\n", wrong);
}

void status() {
    const int file = open("/proc/self/isolation", O_RDONLY);
    require(file >= 0, "open /proc/self/isolation");
    char text[1024];
    const ssize_t length = read(file, text, sizeof text);
    require(length > 0, "read");
    close(file);
    std::printf("%.*s", static_cast<int>(length), text);
}

constexpr struct {
    const char* name;
    void (*run)();
} parts[] = {{"calls", calls},     {"exceptions", exceptions}, {"refused", refused},
             {"flushes", flushes}, {"forks", forks},           {"waiting-forks", waiting_forks},
             {"spaces", spaces},   {"threads", threads},       {"timer", timer},
             {"designs", designs}, {"status", status},         {"local-segments", local_segments}};

bool run_part(const char* name) {
    for (const auto& part : parts) {
        if (std::strcmp(part.name, name) == 0) {
            part.run();
            return true;
        }
    }
    return false;
}

}  // namespace

int main(int count, char** arguments) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    for (int i = 1; i < count; ++i) {
        if (!run_part(arguments[i])) {
            std::printf("no such part: %s\n", arguments[i]);
            return 1;
        }
    }
    return 0;
}

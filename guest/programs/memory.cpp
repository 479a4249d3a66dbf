// SPDX-License-Identifier: MIT
// Demand paging, copy-on-write, mmap, mprotect, munmap, mremap and brk.
#include <csetjmp>
#include <csignal>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"

namespace {

constexpr size_t page = 4096;
sigjmp_buf after_fault;
volatile sig_atomic_t fault_code;

void on_fault(int /*signal*/, siginfo_t* information, void* /*context*/) {
    fault_code = information->si_code;
    siglongjmp(after_fault, 1);
}

/// Says whether an access works, and with which si_code it faults if not.
template <typename Access>
void attempt(const char* name, Access access) {
    if (sigsetjmp(after_fault, 1) == 0) {
        access();
        std::printf("%s: works\n", name);
    } else {
        std::printf("%s: faults, %s\n", name,
                    fault_code == SEGV_MAPERR   ? "not mapped"
                    : fault_code == SEGV_ACCERR ? "not allowed"
                                                : "other");
    }
}

char* map(size_t bytes, int protection) {
    void* place = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(place != MAP_FAILED, "mmap");
    return static_cast<char*>(place);
}

void protections() {
    volatile char* area = map(4 * page, PROT_READ | PROT_WRITE);
    attempt("write to new memory", [=] { area[0] = 1; });
    std::printf("new memory is zero: %d\n", area[page] == 0);
    require(mprotect(const_cast<char*>(area), page, PROT_READ) == 0, "mprotect");
    attempt("read read-only memory", [=] { static_cast<void>(area[0]); });
    attempt("write to read-only memory", [=] { area[0] = 2; });
    require(mprotect(const_cast<char*>(area), page, PROT_NONE) == 0, "mprotect");
    attempt("read memory without access", [=] { static_cast<void>(area[0]); });
    require(mprotect(const_cast<char*>(area), page, PROT_READ | PROT_WRITE) == 0, "mprotect");
    attempt("read it with access again", [=] { static_cast<void>(area[0]); });
    std::printf("its value stayed: %d\n", area[0]);
    require(munmap(const_cast<char*>(area) + page, page) == 0, "munmap");
    attempt("read the hole", [=] { static_cast<void>(area[page]); });
    attempt("write behind the hole", [=] { area[2 * page] = 1; });
    attempt("read address 0", [] { static_cast<void>(*static_cast<volatile char*>(nullptr)); });
}

void copy_on_write() {
    constexpr size_t pages = 64;
    volatile char* area = map(pages * page, PROT_READ | PROT_WRITE);
    for (size_t i = 0; i < pages; ++i) {
        area[i * page] = static_cast<char>(i);
    }
    std::fflush(stdout);
    for (int generation = 0; generation < 3; ++generation) {
        const pid_t child = fork();
        if (child == 0) {
            int wrong = 0;
            for (size_t i = 0; i < pages; ++i) {
                wrong += area[i * page] != static_cast<char>(i);
                area[i * page] = 100;
            }
            _exit(wrong);
        }
        int status;
        require(waitpid(child, &status, 0) == child, "waitpid");
        int changed = 0;
        for (size_t i = 0; i < pages; ++i) {
            changed += area[i * page] != static_cast<char>(i);
        }
        std::printf("fork %d: wrong in the child %d, changed in the parent %d\n", generation,
                    WEXITSTATUS(status), changed);
    }
}

void shared_memory() {
    void* place = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) {
        show("shared memory", -1);
        return;
    }
    volatile int* cell = static_cast<int*>(place);
    *cell = 1;
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        *cell = 2;
        _exit(0);
    }
    require(waitpid(child, nullptr, 0) == child, "waitpid");
    std::printf("shared memory after the child wrote: %d\n", *cell);
}

void growing() {
    char* before = static_cast<char*>(sbrk(0));
    show("sbrk by 1 MiB", reinterpret_cast<long>(sbrk(1 << 20)) > 0 ? 0 : -1);
    before[(1 << 20) - 1] = 7;
    std::printf("its last byte: %d\n", before[(1 << 20) - 1]);
    show("sbrk back", brk(before));
    char* area = map(2 * page, PROT_READ | PROT_WRITE);
    area[0] = 5;
    void* moved = mremap(area, 2 * page, 600 * page, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
        show("mremap", -1);
    } else {
        static_cast<char*>(moved)[599 * page] = 6;
        std::printf("mremap: kept %d, new end %d\n", *static_cast<char*>(moved),
                    static_cast<char*>(moved)[599 * page]);
    }
    constexpr size_t large = size_t{128} << 20;
    char* sparse = map(large, PROT_READ | PROT_WRITE);
    for (size_t at = 0; at < large; at += size_t{4} << 20) {
        sparse[at] = 1;
    }
    std::printf("large sparse memory works\n");
    show("unmap it", munmap(sparse, large));
}

/// Memory without access keeps what it holds until it is unmapped, and then nothing of it shows.
void hidden_memory() {
    char* area = static_cast<char*>(
        mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    require(area != MAP_FAILED, "mmap");
    std::memset(area, 'x', 3 * page);
    mprotect(area, 3 * page, PROT_NONE);
    char* const below = area - 64 * page;
    require(mremap(area, 3 * page, 3 * page, MREMAP_MAYMOVE | MREMAP_FIXED, below) == below,
            "mremap");
    mprotect(below, 3 * page, PROT_READ | PROT_WRITE);
    std::printf("moved without access: %c\n", below[0]);
    below[page] = 'y';
    mprotect(below, page, PROT_NONE);
    munmap(below, 3 * page);
    area = static_cast<char*>(mmap(below, 3 * page, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    std::printf("new memory in its place: %d\n", area[0]);
    munmap(area, 3 * page);
}

/// A file that is emptied by open takes its pages from those who have mapped it.
void emptied_file() {
    char name[64];
    std::snprintf(name, sizeof name, "/tmp/memory-%d", getpid());
    const int file = open(name, O_CREAT | O_RDWR, 0600);
    require(file >= 0 && write(file, "before", 6) == 6, "write");
    const char* const mapped =
        static_cast<char*>(mmap(nullptr, page, PROT_READ, MAP_SHARED, file, 0));
    require(mapped != MAP_FAILED && mapped[0] == 'b', "mmap");
    close(open(name, O_WRONLY | O_TRUNC));
    attempt("a page that is no more in its file",
            [&] { static_cast<void>(*const_cast<const volatile char*>(mapped)); });
    require(pwrite(file, "after", 5, 0) == 5, "write");
    std::printf("written again: %c\n", mapped[0]);
    unlink(name);
}

void bad_arguments() {
    show("munmap unaligned", munmap(reinterpret_cast<void*>(1), page));
    show("mmap of nothing",
         mmap(nullptr, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    show("mprotect of unmapped memory", mprotect(reinterpret_cast<void*>(page), page, PROT_READ));
    void* high = reinterpret_cast<void*>(0xffff800000000000UL);
    show("mmap fixed in the kernel's half",
         mmap(high, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED
             ? -1
             : 0);
}

}  // namespace

int main() {
    struct sigaction action{};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
    protections();
    copy_on_write();
    shared_memory();
    growing();
    hidden_memory();
    emptied_file();
    bad_arguments();
    return 0;
}

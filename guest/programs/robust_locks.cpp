// SPDX-License-Identifier: MIT
// Locks whose owner ends: mutexes of the C library in shared memory, and lists of locks made by
// hand.
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <csignal>
#include <cstdint>

#include "guest/programs/children.h"

namespace {

void* bad_pointer() {
    return reinterpret_cast<void*>(8);
}

/// What several processes see.
struct Shared {
    pthread_mutex_t mutex;
    volatile int step;
};

Shared& make_shared() {
    void* const memory =
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(memory != MAP_FAILED, "mmap");
    auto& shared = *static_cast<Shared*>(memory);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    require(pthread_mutex_init(&shared.mutex, &attributes) == 0, "pthread_mutex_init");
    pthread_mutexattr_destroy(&attributes);
    return shared;
}

void show_error(const char* name, int error) {
    std::printf("%s: %s\n", name, error == 0 ? "ok" : strerrorname_np(error));
}

void owners_that_end(Shared& shared) {
    children::in_child("a child ends with the lock", [&] {
        show_error("lock", pthread_mutex_lock(&shared.mutex));
        return 0;
    });
    show_error("lock", pthread_mutex_lock(&shared.mutex));
    show_error("make it consistent", pthread_mutex_consistent(&shared.mutex));
    show_error("unlock", pthread_mutex_unlock(&shared.mutex));
    show_error("lock again", pthread_mutex_lock(&shared.mutex));
    show_error("unlock", pthread_mutex_unlock(&shared.mutex));
    shared.step = 0;
    const pid_t child = children::start([&] {
        require(pthread_mutex_lock(&shared.mutex) == 0, "lock");
        shared.step = 1;
        for (;;) {
            pause();
        }
        return 0;
    });
    children::wait_until([&] { return shared.step == 1; }, "a child with the lock");
    show_error("it is taken", pthread_mutex_trylock(&shared.mutex));
    const pid_t waiter = children::start([&] {
        shared.step = 2;
        show_error("a child waits", pthread_mutex_lock(&shared.mutex));
        show_error("make it consistent", pthread_mutex_consistent(&shared.mutex));
        show_error("unlock", pthread_mutex_unlock(&shared.mutex));
        return 0;
    });
    children::wait_until([&] { return shared.step == 2; }, "a child that waits");
    children::wait_until_asleep(waiter);
    require(kill(child, SIGKILL) == 0, "kill");
    children::wait_for("the owner", child);
    children::wait_for("the one who waited", waiter);
    show_error("and free again", pthread_mutex_lock(&shared.mutex));
    show_error("unlock", pthread_mutex_unlock(&shared.mutex));
}

void* lock_and_end(void* mutex) {
    show_error("lock", pthread_mutex_lock(static_cast<pthread_mutex_t*>(mutex)));
    return nullptr;
}

void threads_that_end(Shared& shared) {
    pthread_t thread;
    require(pthread_create(&thread, nullptr, lock_and_end, &shared.mutex) == 0, "pthread_create");
    require(pthread_join(thread, nullptr) == 0, "pthread_join");
    show_error("after a thread", pthread_mutex_lock(&shared.mutex));
    show_error("unlock as it is", pthread_mutex_unlock(&shared.mutex));
    show_error("never again", pthread_mutex_lock(&shared.mutex));
}

/// A program that is started in place of the owner.
void programs_that_start(Shared& shared) {
    children::in_child("execve", [&] {
        require(pthread_mutex_lock(&shared.mutex) == 0, "lock");
        char* const arguments[] = {const_cast<char*>("robust_locks"), const_cast<char*>("end"),
                                   nullptr};
        execv("/proc/self/exe", arguments);
        return 1;
    });
    show_error("after it", pthread_mutex_lock(&shared.mutex));
    show_error("make it consistent", pthread_mutex_consistent(&shared.mutex));
    show_error("unlock", pthread_mutex_unlock(&shared.mutex));
}

/// An entry of a list, and the lock behind it.
struct Entry {
    robust_list list;
    std::uint32_t word;
};
constexpr long to_word = sizeof(robust_list);

/// What is left of a child's locks when it ends with the list that `make` has made of them.
struct Page {
    robust_list_head head;
    Entry entries[4];
};

template <typename Make>
void with_list(const char* name, Make make) {
    void* const memory =
        mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(memory != MAP_FAILED, "mmap");
    auto& page = *static_cast<Page*>(memory);
    children::in_child(name, [&] {
        const auto self = static_cast<std::uint32_t>(syscall(SYS_gettid));
        page.head.futex_offset = to_word;
        page.head.list.next = &page.entries[0].list;
        for (int i = 0; i < 3; ++i) {
            page.entries[i].word = self | (i == 1 ? FUTEX_WAITERS : 0);
            page.entries[i].list.next = i == 2 ? &page.head.list : &page.entries[i + 1].list;
        }
        page.entries[3].word = self;
        make(page, self);
        require(syscall(SYS_set_robust_list, &page.head, sizeof page.head) == 0, "set_robust_list");
        return 0;
    });
    for (const Entry& entry : page.entries) {
        std::printf("  owner %d, died %d, waiters %d\n", (entry.word & FUTEX_TID_MASK) != 0,
                    (entry.word & FUTEX_OWNER_DIED) != 0, (entry.word & FUTEX_WAITERS) != 0);
    }
    munmap(memory, sizeof(Page));
}

void lists() {
    with_list("three locks", [](Page&, std::uint32_t) {});
    with_list("one of another owner",
              [](Page& page, std::uint32_t self) { page.entries[1].word = self + 1; });
    with_list("one about to come",
              [](Page& page, std::uint32_t) { page.head.list_op_pending = &page.entries[3].list; });
    with_list("one about to go", [](Page& page, std::uint32_t) {
        page.head.list_op_pending = &page.entries[1].list;
        page.entries[1].word = 0;
    });
    with_list("a circle",
              [](Page& page, std::uint32_t) { page.entries[1].list.next = &page.entries[0].list; });
    with_list("an entry that is nowhere", [](Page& page, std::uint32_t) {
        page.entries[0].list.next = static_cast<robust_list*>(bad_pointer());
    });
    with_list("a lock that is not aligned",
              [](Page& page, std::uint32_t) { page.head.futex_offset = to_word + 1; });
    children::in_child("a list that is nowhere", [] {
        show("set", syscall(SYS_set_robust_list, bad_pointer(), sizeof(robust_list_head)));
        return 0;
    });
}

void errors() {
    robust_list_head head{};
    robust_list_head* found = nullptr;
    size_t size = 0;
    show("too short", syscall(SYS_set_robust_list, &head, sizeof head - 1));
    show("too long", syscall(SYS_set_robust_list, &head, sizeof head + 1));
    show("get", syscall(SYS_get_robust_list, 0, &found, &size));
    std::printf("there is one: %d, %zu bytes\n", found != nullptr, size);
    robust_list_head* same = nullptr;
    show("by number", syscall(SYS_get_robust_list, getpid(), &same, &size));
    std::printf("the same: %d\n", same == found);
    show("of nobody", syscall(SYS_get_robust_list, 0x3fff'fff0, &found, &size));
    show("to nowhere", syscall(SYS_get_robust_list, 0, bad_pointer(), &size));
    show("to nowhere", syscall(SYS_get_robust_list, 0, &found, bad_pointer()));
    const pid_t parent = getpid();
    children::as_nobody("nobody", [&] {
        show("of another user", syscall(SYS_get_robust_list, parent, &found, &size));
        return 0;
    });
}

}  // namespace

int main(int argc, char**) {
    if (argc > 1) {
        return 0;
    }
    children::begin();
    Shared& shared = make_shared();
    owners_that_end(shared);
    programs_that_start(shared);
    threads_that_end(shared);
    lists();
    errors();
    return 0;
}

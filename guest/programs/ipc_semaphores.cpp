// SPDX-License-Identifier: MIT
// System V semaphores: operations, waiting, undoing and removing.
#include <pthread.h>
#include <sched.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include <algorithm>
#include <csignal>
#include <initializer_list>

#include "guest/programs/ipc.h"

namespace {

constexpr int index_mask = 0x7fff;
constexpr int no_such_set = 0x7fff'fff0;

int make(int count) {
    const int id = semget(IPC_PRIVATE, count, 0600);
    require(id >= 0, "semget");
    return id;
}

int value_of(int id, int number = 0) {
    return semctl(id, number, GETVAL);
}

void set(int id, int value, int number = 0) {
    require(semctl(id, number, SETVAL, value) == 0, "SETVAL");
}

void remove(int id) {
    require(semctl(id, 0, IPC_RMID) == 0, "IPC_RMID");
}

int operate(int id, std::initializer_list<sembuf> operations) {
    sembuf list[16];
    std::copy(operations.begin(), operations.end(), list);
    return semop(id, list, operations.size());
}

/// One operation on the first semaphore.
int change(int id, short by, short flags = 0) {
    return operate(id, {{0, by, flags}});
}

void show_values(const char* name, int id, int count) {
    std::printf("%s:", name);
    for (int number = 0; number < count; ++number) {
        std::printf(" %d", value_of(id, number));
    }
    std::printf("\n");
}

void wait_for_waiters(int id, int more, int zero) {
    ipc::wait_until(
        [&] { return semctl(id, 0, GETNCNT) == more && semctl(id, 0, GETZCNT) == zero; },
        "waiters");
}

/// A child that does one operation and says how that ended.
pid_t start_change(const char* name, int id, short by, short flags = 0) {
    return ipc::start([=] {
        show(name, change(id, by, flags));
        return 0;
    });
}

void get() {
    const key_t key = ipc::own_key(1);
    show("no such key", semget(key, 1, 0600));
    show("none", semget(key, 0, IPC_CREAT | 0600));
    show("less than none", semget(key, -1, IPC_CREAT | 0600));
    show("too many", semget(key, 32001, IPC_CREAT | 0600));
    const int id = semget(key, 3, IPC_CREAT | IPC_EXCL | 0640);
    require(id >= 0, "semget");
    show("again", semget(key, 3, IPC_CREAT | IPC_EXCL | 0640));
    std::printf("found: %d, with fewer: %d\n", semget(key, 3, IPC_CREAT) == id,
                semget(key, 0, 0) == id);
    show("found with more", semget(key, 4, 0));
    semid_ds status{};
    show("IPC_STAT", semctl(id, 0, IPC_STAT, &status));
    std::printf("key %d, mode %o, count %lu, owner %u:%u, used %ld, changed %d\n",
                status.sem_perm.__key == key, status.sem_perm.mode, status.sem_nsems,
                status.sem_perm.uid, status.sem_perm.gid, status.sem_otime, status.sem_ctime != 0);
    show_values("new", id, 3);
    std::printf("last process: %d\n", semctl(id, 0, GETPID));
    remove(id);
    show("after removal", semget(key, 0, 0));
    show("status after removal", semctl(id, 0, IPC_STAT, &status));
    show("use after removal", change(id, 1));
    show("remove again", semctl(id, 0, IPC_RMID));
    const int large = semget(IPC_PRIVATE, 32000, 0600);
    show("as many as can be", large);
    set(large, 7, 31999);
    std::printf("the last one: %d\n", value_of(large, 31999));
    remove(large);
}

void values() {
    const int id = make(4);
    show("SETVAL", semctl(id, 2, SETVAL, 32767));
    show("SETVAL, too large", semctl(id, 2, SETVAL, 32768));
    show("SETVAL, negative", semctl(id, 2, SETVAL, -1));
    show("SETVAL, no such one", semctl(id, 4, SETVAL, 1));
    show("SETVAL, negative one", semctl(id, -1, SETVAL, 1));
    show("GETVAL, no such one", semctl(id, 4, GETVAL));
    show("GETPID, negative one", semctl(id, -1, GETPID));
    show("GETNCNT, no such one", semctl(id, 4, GETNCNT));
    show("GETZCNT, no such one", semctl(id, 4, GETZCNT));
    std::printf("last process: %d\n", semctl(id, 2, GETPID) == getpid());
    unsigned short all[4] = {9, 8, 7, 6};
    show("SETALL", semctl(id, 0, SETALL, all));
    show_values("values", id, 4);
    unsigned short wrong[4] = {1, 2, 40000, 3};
    show("SETALL, too large", semctl(id, 0, SETALL, wrong));
    unsigned short found[4] = {};
    show("GETALL", semctl(id, 0, GETALL, found));
    std::printf("values: %u %u %u %u\n", found[0], found[1], found[2], found[3]);
    show("GETALL, bad pointer", semctl(id, 0, GETALL, ipc::bad_pointer()));
    show("SETALL, bad pointer", semctl(id, 0, SETALL, ipc::bad_pointer()));
    show("GETALL, no such set", semctl(no_such_set, 0, GETALL, ipc::bad_pointer()));
    show("GETVAL, no such set", semctl(no_such_set, 0, GETVAL));
    show("SETVAL, no such set", semctl(no_such_set, 0, SETVAL, 1));
    show("SETVAL, no such set, too large", semctl(no_such_set, 0, SETVAL, 40000));
    remove(id);
}

void operations() {
    const int id = make(3);
    show("take one and give others", operate(id, {{0, 3, 0}, {1, 2, 0}, {2, 1, 0}}));
    show_values("values", id, 3);
    show("not all can be done", operate(id, {{0, -1, 0}, {1, 1, 0}, {2, -2, IPC_NOWAIT}}));
    show_values("values", id, 3);
    show("one twice", operate(id, {{0, -3, 0}, {0, 0, 0}, {0, 5, 0}}));
    show("one twice, not", operate(id, {{0, -5, 0}, {0, -1, IPC_NOWAIT}}));
    show("wait for zero", operate(id, {{1, 0, IPC_NOWAIT}}));
    show("zero after taking", operate(id, {{1, -2, 0}, {1, 0, IPC_NOWAIT}}));
    show_values("values", id, 3);
    show("too large", operate(id, {{1, 5, 0}, {0, 32767, 0}}));
    show_values("values", id, 3);
    show("no such one", operate(id, {{3, 1, 0}}));
    show("no such set", change(no_such_set, 1));
    show("negative set", change(-1, 1));
    sembuf many[501] = {};
    show("no operations", semop(id, many, 0));
    show("too many operations", semop(id, many, 501));
    for (sembuf& operation : many) {
        operation = {1, 1, 0};
    }
    show("as many as can be", semop(id, many, 500));
    show_values("values", id, 3);
    show("bad pointer", semop(id, static_cast<sembuf*>(ipc::bad_pointer()), 1));
    show("bad pointer and set", semop(-1, static_cast<sembuf*>(ipc::bad_pointer()), 1));
    show("bad pointer, too many", semop(id, static_cast<sembuf*>(ipc::bad_pointer()), 501));

    sembuf take{2, -30, 0};
    timespec time{0, 1'000'000};
    show("timeout", semtimedop(id, &take, 1, &time));
    time = {0, 0};
    show("timeout at once", semtimedop(id, &take, 1, &time));
    time = {0, 1'000'000'000};
    show("no such time", semtimedop(id, &take, 1, &time));
    time = {-1, 0};
    show("negative time", semtimedop(id, &take, 1, &time));
    time = {1'000'000, 0};
    take.sem_op = -1;
    show("no need to wait", semtimedop(id, &take, 1, &time));
    show("bad time", semtimedop(id, &take, 1, static_cast<timespec*>(ipc::bad_pointer())));
    show("bad time and count",
         semtimedop(id, &take, 501, static_cast<timespec*>(ipc::bad_pointer())));
    semid_ds status{};
    semctl(id, 0, IPC_STAT, &status);
    std::printf("used at some time: %d\n", status.sem_otime != 0);
    remove(id);
}

void waiting() {
    const int id = make(2);
    const pid_t two = start_change("takes two", id, -2);
    wait_for_waiters(id, 1, 0);
    const pid_t one = start_change("takes one", id, -1);
    wait_for_waiters(id, 2, 0);
    change(id, 1);
    ipc::wait_for("one", one);
    std::printf("left %d, taken by it: %d\n", value_of(id), semctl(id, 0, GETPID) == one);
    wait_for_waiters(id, 1, 0);
    change(id, 1);
    std::printf("not enough: %d\n", value_of(id));
    change(id, 1);
    std::printf("taken at once: %d\n", value_of(id));
    ipc::wait_for("two", two);

    set(id, 2);
    const pid_t zero = start_change("waits for zero", id, 0);
    wait_for_waiters(id, 0, 1);
    change(id, -1);
    wait_for_waiters(id, 0, 1);
    change(id, -1);
    ipc::wait_for("zero", zero);

    // All of several, or none: the first may go on only when the second can.
    const pid_t both = ipc::start([&] {
        show("takes both", operate(id, {{0, -1, 0}, {1, -1, 0}}));
        return 0;
    });
    wait_for_waiters(id, 1, 0);
    change(id, 1);
    ipc::wait_until([&] { return semctl(id, 1, GETNCNT) == 1; }, "the second");
    std::printf("waits for the second: %d, %d %d\n", semctl(id, 0, GETNCNT), value_of(id),
                value_of(id, 1));
    set(id, 1, 1);
    ipc::wait_for("both", both);
    show_values("left", id, 2);

    const pid_t set_value = start_change("after SETVAL", id, -5);
    wait_for_waiters(id, 1, 0);
    set(id, 6);
    ipc::wait_for("SETVAL", set_value);
    const pid_t set_all = start_change("after SETALL", id, -5);
    wait_for_waiters(id, 1, 0);
    unsigned short all[2] = {5, 0};
    semctl(id, 0, SETALL, all);
    ipc::wait_for("SETALL", set_all);
    show_values("left", id, 2);

    // Who cannot do it any more is told.
    const pid_t range = ipc::start([&] {
        show("too large in the end", operate(id, {{0, -1, 0}, {1, 32767, 0}}));
        return 0;
    });
    wait_for_waiters(id, 1, 0);
    set(id, 1, 1);
    change(id, 1);
    ipc::wait_for("range", range);
    show_values("left", id, 2);
    remove(id);
}

void removal() {
    const int id = make(1);
    set(id, 1);
    const pid_t first = start_change("takes", id, -2);
    wait_for_waiters(id, 1, 0);
    remove(id);
    ipc::wait_for("first", first);
    const int other = make(1);
    set(other, 1);
    const pid_t second = start_change("waits for zero", other, 0, SEM_UNDO);
    wait_for_waiters(other, 0, 1);
    remove(other);
    ipc::wait_for("second", second);
}

void handle(int) {}

void interruption() {
    const int id = make(2);
    const pid_t child = ipc::start([&] {
        struct sigaction action{};
        action.sa_handler = handle;
        action.sa_flags = SA_RESTART;
        sigaction(SIGUSR1, &action, nullptr);
        signal(SIGUSR2, SIG_IGN);
        show("a signal comes", change(id, -1));
        sembuf take{0, -1, 0};
        const timespec time{100, 0};
        operate(id, {{1, 1, 0}});
        show("and with a timeout", semtimedop(id, &take, 1, &time));
        return 0;
    });
    wait_for_waiters(id, 1, 0);
    kill(child, SIGUSR2);
    ipc::sleep_milliseconds(2);
    wait_for_waiters(id, 1, 0);
    kill(child, SIGUSR1);
    ipc::wait_until([&] { return value_of(id, 1) == 1; }, "the second call");
    wait_for_waiters(id, 1, 0);
    kill(child, SIGUSR1);
    ipc::wait_for("interrupted", child);
    const pid_t killed = start_change("never", id, -1);
    wait_for_waiters(id, 1, 0);
    kill(killed, SIGKILL);
    ipc::wait_for("killed", killed);
    std::printf("nobody waits: %d\n", semctl(id, 0, GETNCNT));
    remove(id);
}

void* take_with_undo(void* id) {
    show("a thread takes", change(*static_cast<int*>(id), -1, SEM_UNDO));
    return nullptr;
}

void undoing(const char* self) {
    int id = make(2);
    set(id, 5);
    ipc::in_child("takes three", [&] {
        show("take", change(id, -1, SEM_UNDO));
        show("take", change(id, -2, SEM_UNDO));
        show("take for ever", change(id, -1));
        show("both", operate(id, {{0, -1, SEM_UNDO}, {1, 4, SEM_UNDO}}));
        show_values("left", id, 2);
        return 0;
    });
    show_values("given back", id, 2);

    set(id, 0);
    ipc::in_child("gives three", [&] {
        change(id, 3, SEM_UNDO);
        return 0;
    });
    ipc::in_child("gives what others take", [&] {
        change(id, 3, SEM_UNDO);
        ipc::in_child("others", [&] {
            change(id, -2);
            return 0;
        });
        return 0;
    });
    std::printf("not below zero: %d\n", value_of(id));

    set(id, 1);
    ipc::in_child("takes, then SETVAL", [&] {
        change(id, -1, SEM_UNDO);
        set(id, 7);
        return 0;
    });
    std::printf("nothing to undo: %d\n", value_of(id));
    unsigned short all[2] = {1, 1};
    ipc::in_child("takes, then SETALL", [&] {
        change(id, -1, SEM_UNDO);
        semctl(id, 0, SETALL, all);
        return 0;
    });
    show_values("nothing to undo", id, 2);

    set(id, 0);
    ipc::in_child("too much to undo", [&] {
        show("much", change(id, 32767, SEM_UNDO));
        change(id, -32767);
        show("one more than can be noted", change(id, 2, SEM_UNDO));
        show("the last that can", change(id, 1, SEM_UNDO));
        return 0;
    });

    set(id, 1);
    int channel[2];
    require(pipe(channel) == 0, "pipe");
    const pid_t holder = ipc::start([&] {
        change(id, -1, SEM_UNDO);
        char byte = 0;
        return static_cast<int>(read(channel[0], &byte, 1)) - 1;
    });
    ipc::wait_until([&] { return value_of(id) == 0; }, "holder");
    const pid_t waiter = start_change("gets what a process had that was killed", id, -1);
    wait_for_waiters(id, 1, 0);
    kill(holder, SIGKILL);
    ipc::wait_for("holder", holder);
    ipc::wait_for("waiter", waiter);
    close(channel[0]);
    close(channel[1]);

    set(id, 1);
    ipc::in_child("program", [&] {
        change(id, -1, SEM_UNDO);
        char number[16];
        std::snprintf(number, sizeof number, "%d", id);
        execl("/proc/self/exe", self, number, nullptr);
        return 1;
    });
    std::printf("after the program: %d\n", value_of(id));

    ipc::in_child("threads", [&] {
        pthread_t thread;
        require(pthread_create(&thread, nullptr, take_with_undo, &id) == 0, "pthread_create");
        pthread_join(thread, nullptr);
        std::printf("the thread has ended: %d\n", value_of(id));
        return 0;
    });
    std::printf("the process has ended: %d\n", value_of(id));

    ipc::in_child("forks", [&] {
        change(id, -1, SEM_UNDO);
        ipc::in_child("child of it", [] { return 0; });
        std::printf("a child owes nothing: %d\n", value_of(id));
        return 0;
    });
    ipc::in_child("shares", [&] {
        change(id, -1, SEM_UNDO);
        std::fflush(stdout);
        const long child = syscall(SYS_clone, CLONE_SYSVSEM | SIGCHLD, 0, 0, 0, 0);
        if (child == 0) {
            change(id, 2, SEM_UNDO);
            _exit(0);
        }
        ipc::wait_for("child that shares", static_cast<pid_t>(child));
        std::printf("not yet undone: %d\n", value_of(id));
        return 0;
    });
    std::printf("undone by the last: %d\n", value_of(id));
    ipc::in_child("removes what it owes", [&] {
        change(id, -1, SEM_UNDO);
        remove(id);
        id = make(2);
        change(id, 2, SEM_UNDO);
        remove(id);
        return 0;
    });
}

void control() {
    const int id = make(2);
    semid_ds status{};
    show("IPC_STAT", semctl(id, 0, IPC_STAT, &status));
    status.sem_perm.mode = 0123;
    status.sem_perm.uid = 5;
    status.sem_perm.gid = 6;
    show("IPC_SET", semctl(id, 0, IPC_SET, &status));
    std::printf("SEM_STAT: %d\n", semctl(id & index_mask, 0, SEM_STAT, &status) == id);
    std::printf("mode %o, owner %u:%u, maker %u:%u\n", status.sem_perm.mode, status.sem_perm.uid,
                status.sem_perm.gid, status.sem_perm.cuid, status.sem_perm.cgid);
    std::printf("SEM_STAT_ANY: %d\n", semctl(id & index_mask, 0, SEM_STAT_ANY, &status) == id);
    seminfo limits{};
    std::printf("IPC_INFO: %d\n", semctl(0, 0, IPC_INFO, &limits) >= (id & index_mask));
    std::printf("limits: %d %d %d %d %d %d %d %d %d %d\n", limits.semmap, limits.semmni,
                limits.semmns, limits.semmnu, limits.semmsl, limits.semopm, limits.semume,
                limits.semusz, limits.semvmx, limits.semaem);
    std::printf("SEM_INFO: %d\n", semctl(0, 0, SEM_INFO, &limits) >= (id & index_mask));
    std::printf("sets %d, semaphores %d\n", limits.semusz >= 1, limits.semaem >= 2);
    status.sem_perm.gid = ~0U;
    show("no group", semctl(id, 0, IPC_SET, &status));
    show("IPC_STAT, bad pointer", semctl(id, 0, IPC_STAT, ipc::bad_pointer()));
    show("IPC_SET, bad pointer", semctl(id, 0, IPC_SET, ipc::bad_pointer()));
    show("IPC_SET, bad pointer and set", semctl(no_such_set, 0, IPC_SET, ipc::bad_pointer()));
    show("IPC_INFO, bad pointer", semctl(0, 0, IPC_INFO, ipc::bad_pointer()));
    show("SEM_INFO, bad pointer", semctl(0, 0, SEM_INFO, ipc::bad_pointer()));
    show("SEM_STAT, bad pointer", semctl(id & index_mask, 0, SEM_STAT, ipc::bad_pointer()));
    show("SEM_STAT, no such place", semctl(31999, 0, SEM_STAT, &status));
    show("unknown command", semctl(id, 0, 99, &status));
    show("negative command", semctl(id, 0, -1, &status));
    show("negative set", semctl(-1, 0, IPC_STAT, &status));
    remove(id);
}

void permissions() {
    const key_t key = ipc::own_key(2);
    const int id = semget(key, 1, IPC_CREAT | 0604);
    ipc::as_nobody("nobody", [&] {
        semid_ds status{};
        unsigned short all[1] = {};
        show("find to read", semget(key, 0, 0444) == id ? 0 : -1);
        show("find to change", semget(key, 0, 0600));
        show("GETVAL", semctl(id, 0, GETVAL));
        show("GETALL", semctl(id, 0, GETALL, all));
        show("SETVAL", semctl(id, 0, SETVAL, 1));
        show("SETALL", semctl(id, 0, SETALL, all));
        show("SETALL, bad pointer", semctl(id, 0, SETALL, ipc::bad_pointer()));
        show("wait for zero", change(id, 0));
        show("change", change(id, 1));
        show("IPC_STAT", semctl(id, 0, IPC_STAT, &status));
        show("IPC_SET", semctl(id, 0, IPC_SET, &status));
        show("IPC_RMID", semctl(id, 0, IPC_RMID));
        const int own = semget(IPC_PRIVATE, 1, 0);
        show("own without permissions", change(own, 1));
        std::printf("any place: %d\n", semctl(own & index_mask, 0, SEM_STAT_ANY, &status) == own);
        show("place", semctl(own & index_mask, 0, SEM_STAT, &status));
        show("remove it", semctl(own, 0, IPC_RMID));
        return 0;
    });
    remove(id);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        std::printf("the program still has it: %d\n", value_of(std::atoi(argv[1])));
        return 0;
    }
    ipc::begin();
    get();
    values();
    operations();
    waiting();
    removal();
    interruption();
    undoing(argv[0]);
    control();
    permissions();
}

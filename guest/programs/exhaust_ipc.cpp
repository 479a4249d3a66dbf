// SPDX-License-Identifier: MIT
// Asks for more System V objects and POSIX queues, and for more in them, than there is memory. Each
// part runs in a process of its own; when what it left is removed, everything works as before. Runs
// on this project's kernel only: nobody else's objects are spared.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <csignal>
#include <initializer_list>

#include "guest/programs/ipc.h"

namespace {

constexpr size_t page = 4096;
constexpr int most_semaphores = 32000;

struct Name {
    char text[16];
};
Name posix_name(int number) {
    Name name{};
    std::snprintf(name.text, sizeof name.text, "/q%d", number);
    return name;
}
mqd_t make_posix_queue(int number, long messages, long size) {
    mq_attr wanted{};
    wanted.mq_maxmsg = messages;
    wanted.mq_msgsize = size;
    return mq_open(posix_name(number).text, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &wanted);
}

bool is_shortage(int error) {
    return error == ENOMEM || error == ENOSPC;
}

void many_segments() {
    int made = 0;
    while (shmget(IPC_PRIVATE, page, 0600) >= 0) {
        ++made;
    }
    require(is_shortage(errno) && made > 1000, "segments");
}

void many_attachments() {
    const int id = shmget(IPC_PRIVATE, page, 0600);
    constexpr unsigned long many = 2000;
    for (unsigned long i = 0; i < many; ++i) {
        require(shmat(id, nullptr, 0) != reinterpret_cast<void*>(-1), "shmat");
    }
    shmid_ds status{};
    require(shmctl(id, IPC_STAT, &status) == 0 && status.shm_nattch == many, "attachments");
}

/// What was promised and is not there: a signal, in this process alone.
void large_segment() {
    constexpr size_t size = size_t{1} << 40;
    const int id = shmget(IPC_PRIVATE, size, SHM_NORESERVE | 0600);
    auto* const memory = static_cast<volatile char*>(shmat(id, nullptr, 0));
    require(memory != reinterpret_cast<char*>(-1), "shmat");
    for (size_t at = 0; at < size; at += page) {
        memory[at] = 1;
    }
}

void many_semaphores() {
    int made = 0;
    for (int id = 0; (id = semget(IPC_PRIVATE, most_semaphores, 0600)) >= 0; ++made) {
        sembuf operation{0, 1, SEM_UNDO};
        if (semop(id, &operation, 1) != 0) {
            require(is_shortage(errno), "semop");
        }
    }
    require(is_shortage(errno) && made > 20, "semaphores");
}

void many_messages() {
    struct {
        long type = 1;
        char text[64]{};
    } message;
    for (const size_t size : {sizeof message.text, size_t{0}}) {
        int made = 0;
        int id = 0;
        for (; (id = msgget(IPC_PRIVATE, 0600)) >= 0; ++made) {
            while (msgsnd(id, &message, size, IPC_NOWAIT) == 0) {
            }
            if (errno != EAGAIN) {
                break;
            }
        }
        require(is_shortage(errno) && made > 5, "messages");
    }
}

/// More of it than a user's queues may hold, than there may be, and than there is memory for.
void many_posix_queues() {
    constexpr rlim_t exactly = 4 * 100 + 4 * 2 * 48;  // texts, and what is kept beside them
    rlimit limit{.rlim_cur = exactly, .rlim_max = RLIM_INFINITY};
    require(setrlimit(RLIMIT_MSGQUEUE, &limit) == 0, "setrlimit");
    require(make_posix_queue(0, 4, 101) < 0 && errno == EMFILE, "a queue of too much");
    const mqd_t all = make_posix_queue(0, 4, 100);
    require(all >= 0 && make_posix_queue(1, 1, 1) < 0 && errno == EMFILE, "the limit of queues");
    require(mq_close(all) == 0, "mq_close");
    limit.rlim_cur = RLIM_INFINITY;
    const rlimit descriptors{.rlim_cur = 4096, .rlim_max = 4096};
    require(setrlimit(RLIMIT_MSGQUEUE, &limit) == 0, "setrlimit");
    require(setrlimit(RLIMIT_NOFILE, &descriptors) == 0, "setrlimit");
    constexpr unsigned nobody = 65534;
    int made = 1;  // the first one still has its name
    for (; made < 256; ++made) {
        require(make_posix_queue(made, 1, 1) >= 0, "a queue");
    }
    const pid_t child = ipc::start([&] {
        require(setuid(nobody) == 0, "setuid");
        return make_posix_queue(made, 1, 1) < 0 && errno == ENOSPC ? 0 : 1;
    });
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "one queue too many");
    const mqd_t large = make_posix_queue(made, 65536, 4096);
    static char text[4096];
    long sent = 0;
    while (mq_send(large, text, sizeof text, static_cast<unsigned>(sent % 100)) == 0) {
        ++sent;
    }
    require(errno == ENOMEM && sent > 1000, "messages of a queue");
}

void remove_all() {
    for (int number = 0; number < 300; ++number) {
        mq_unlink(posix_name(number).text);
    }
    shmid_ds segment{};
    semid_ds set{};
    msqid_ds queue{};
    for (int place = 0; place < 32000; ++place) {
        shmctl(shmctl(place, SHM_STAT, &segment), IPC_RMID, nullptr);
        semctl(semctl(place, 0, SEM_STAT, &set), 0, IPC_RMID);
        msgctl(msgctl(place, MSG_STAT, &queue), IPC_RMID, nullptr);
    }
}

void check_works() {
    constexpr size_t size = 4 << 20;
    const int id = shmget(IPC_PRIVATE, size, 0600);
    auto* const memory = static_cast<char*>(shmat(id, nullptr, 0));
    require(memory != reinterpret_cast<char*>(-1), "memory afterwards");
    std::memset(memory, 1, size);
    require(shmdt(memory) == 0 && shmctl(id, IPC_RMID, nullptr) == 0, "removal afterwards");
    const int set = semget(IPC_PRIVATE, most_semaphores, 0600);
    require(set >= 0 && semctl(set, 0, IPC_RMID) == 0, "semaphores afterwards");
}

struct Part {
    const char* name;
    void (*run)();
};
constexpr Part parts[] = {
    {"segments", many_segments},        {"attachments", many_attachments},
    {"a large segment", large_segment}, {"semaphores", many_semaphores},
    {"messages", many_messages},        {"POSIX queues", many_posix_queues},
};

}  // namespace

int main() {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    for (const Part& part : parts) {
        const pid_t child = ipc::start([&] {
            part.run();
            return 0;
        });
        int status = 0;
        require(waitpid(child, &status, 0) == child, "wait");
        const bool killed =
            WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGBUS);
        if (!killed && status != 0) {
            std::printf("%s: ended with %#x\n", part.name, status);
            return 1;
        }
        remove_all();
        check_works();
        std::printf("%s: all works again\n", part.name);
    }
    return 0;
}

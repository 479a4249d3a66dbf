// SPDX-License-Identifier: MIT
#include "guest/endurance/ipc_objects.h"

#include <fcntl.h>
#include <mqueue.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>

#include "guest/endurance/workers.h"

namespace endurance {

namespace {

bool change(int set, unsigned short number, short by, short flags = 0) {
    sembuf operation{number, by, flags};
    while (semop(set, &operation, 1) != 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

/// Adds one to `sum` when it is this side's turn, and gives the turn to the other one.
bool add_in_turns(volatile uint64_t* sum, int set, unsigned short side, unsigned turns) {
    for (unsigned i = 0; i < turns; ++i) {
        if (!change(set, side, -1)) {
            return false;
        }
        *sum = *sum + 1;
        if (!change(set, static_cast<unsigned short>(1 - side), 1)) {
            return false;
        }
    }
    return true;
}

struct Text {
    long type;
    uint64_t words[16];
};
constexpr long last_type = 4;

int send_all(int queue, uint64_t mark, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        Text text{.type = 1 + i % last_type, .words = {mark + i}};
        while (msgsnd(queue, &text, sizeof text.words, 0) != 0) {
            if (errno != EINTR) {
                return errno == ENOMEM ? 2 : 1;
            }
        }
    }
    return 0;
}

/// All messages, the types in turn as they were sent; false if one is not as it was sent.
bool receive_all(int queue, uint64_t mark, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        Text text{};
        const long type = 1 + i % last_type;
        ssize_t size = 0;
        while ((size = msgrcv(queue, &text, sizeof text.words, type, 0)) < 0) {
            if (errno != EINTR) {
                return false;
            }
        }
        if (size != sizeof text.words || text.type != type || text.words[0] != mark + i) {
            return false;
        }
    }
    return true;
}

}  // namespace

Outcome share_by_ipc(Random& random) {
    constexpr size_t page = 4096;
    const int segment = shmget(IPC_PRIVATE, (1 + random.below(8)) * page, 0600);
    const int set = semget(IPC_PRIVATE, 2, 0600);
    void* const memory = shmat(segment, nullptr, 0);
    shmctl(segment, IPC_RMID, nullptr);
    const char* failure = nullptr;
    if (memory != reinterpret_cast<void*>(-1) && set >= 0 && change(set, 0, 1)) {
        auto* const sum = static_cast<volatile uint64_t*>(memory);
        const unsigned turns = static_cast<unsigned>(1 + random.below(30));
        const bool zero = *sum == 0;
        const pid_t child = fork();
        if (child == 0) {
            _exit(add_in_turns(sum, set, 1, turns) ? 0 : 1);
        }
        if (child > 0) {
            const bool added = add_in_turns(sum, set, 0, turns);
            const bool same = exit_code_of(child) == 0 && added && *sum == uint64_t{2} * turns;
            failure = !zero ? "new shared memory is not zero" : same ? nullptr : "a sum in turns";
        }
    }
    if (memory != reinterpret_cast<void*>(-1) && shmdt(memory) != 0) {
        failure = "shmdt";
    }
    semctl(set, 0, IPC_RMID);
    return {failure};
}

Outcome talk_by_messages(Random& random) {
    const int queue = msgget(IPC_PRIVATE, 0600);
    if (queue < 0) {
        return {};
    }
    const uint64_t mark = random.next();
    const unsigned count = static_cast<unsigned>(last_type * (1 + random.below(60)));
    const pid_t child = fork();
    if (child == 0) {
        const int outcome = send_all(queue, mark, count);
        if (outcome != 0) {
            msgctl(queue, IPC_RMID, nullptr);  // the parent is not to wait for the rest
        }
        _exit(outcome);
    }
    const bool right = child < 0 || receive_all(queue, mark, count);
    msgctl(queue, IPC_RMID, nullptr);
    const int ended = child < 0 ? 0 : exit_code_of(child);
    return {(right && ended == 0) || ended == 2 ? nullptr : "messages of a queue"};
}

Outcome abandon_ipc(Random& random) {
    const int set = semget(IPC_PRIVATE, 1, 0600);
    const int queue = msgget(IPC_PRIVATE, 0600);
    const short held = static_cast<short>(1 + random.below(5));
    if (set < 0 || queue < 0 || !change(set, 0, held)) {
        semctl(set, 0, IPC_RMID);
        msgctl(queue, IPC_RMID, nullptr);
        return {};
    }
    const pid_t child = fork();
    if (child == 0) {
        const int segment = shmget(IPC_PRIVATE, 4096, 0600);
        auto* const memory = static_cast<char*>(shmat(segment, nullptr, 0));
        shmctl(segment, IPC_RMID, nullptr);
        if (memory != reinterpret_cast<char*>(-1)) {
            *memory = 1;
        }
        change(set, 0, static_cast<short>(-held), SEM_UNDO);
        Text text{};
        msgrcv(queue, &text, sizeof text.words, 0, 0);
        _exit(0);
    }
    // Its semaphores come back, whether it could take them or not.
    sembuf wait{0, 0, 0};
    const timespec soon{0, static_cast<long>(random.below(300'000))};
    semtimedop(set, &wait, 1, &soon);
    if (child > 0) {
        kill(child, SIGKILL);
        static_cast<void>(exit_code_of(child));
    }
    const bool given_back = semctl(set, 0, GETVAL) == held;
    semctl(set, 0, IPC_RMID);
    msgctl(queue, IPC_RMID, nullptr);
    return {given_back ? nullptr : "semaphores of a process that was killed"};
}

Outcome talk_by_posix_queue(Random& random) {
    char name[32];
    std::snprintf(name, sizeof name, "/soak-%d", getpid());
    mq_attr size{};
    size.mq_maxmsg = static_cast<long>(1 + random.below(4));
    size.mq_msgsize = sizeof(uint64_t);
    const mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &size);
    if (queue < 0) {
        return {};
    }
    mq_unlink(name);
    sigevent silent{};
    silent.sigev_notify = SIGEV_NONE;
    mq_notify(queue, &silent);
    const uint64_t mark = random.next();
    const unsigned count = static_cast<unsigned>(1 + random.below(60));
    const pid_t child = fork();
    if (child == 0) {
        for (unsigned i = 0; i < count; ++i) {
            const uint64_t word = mark + i;
            while (mq_send(queue, reinterpret_cast<const char*>(&word), sizeof word, i % 3) != 0) {
                if (errno != EINTR) {
                    kill(getppid(), SIGKILL);  // it waits for what cannot come
                    _exit(1);
                }
            }
        }
        _exit(0);
    }
    uint64_t sum = 0;
    uint64_t expected = 0;
    bool right = true;
    for (unsigned i = 0; child > 0 && i < count; ++i) {
        uint64_t word = 0;
        unsigned priority = 0;
        ssize_t received = 0;
        while ((received = mq_receive(queue, reinterpret_cast<char*>(&word), sizeof word,
                                      &priority)) < 0 &&
               errno == EINTR) {
        }
        right = right && received == sizeof word && priority == (word - mark) % 3;
        sum += word - mark;
        expected += i;
    }
    right = right && sum == expected && (child < 0 || exit_code_of(child) == 0);
    if (random.one_in(3)) {
        mq_send(queue, "left", 4, 1);  // nobody receives it
    }
    mq_close(queue);
    return {right ? nullptr : "messages of a POSIX queue"};
}

void remove_ipc_objects() {
    for (const char* name : queue_names) {
        syscall(SYS_mq_unlink, name);
    }
    shm_info segments{};
    const int last_segment = shmctl(0, SHM_INFO, reinterpret_cast<shmid_ds*>(&segments));
    for (int place = 0; place <= last_segment; ++place) {
        shmid_ds status{};
        shmctl(shmctl(place, SHM_STAT_ANY, &status), IPC_RMID, nullptr);
    }
    seminfo sets{};
    const int last_set = semctl(0, 0, SEM_INFO, &sets);
    for (int place = 0; place <= last_set; ++place) {
        semid_ds status{};
        semctl(semctl(place, 0, SEM_STAT_ANY, &status), 0, IPC_RMID);
    }
    msginfo queues{};
    const int last_queue = msgctl(0, MSG_INFO, reinterpret_cast<msqid_ds*>(&queues));
    for (int place = 0; place <= last_queue; ++place) {
        msqid_ds status{};
        msgctl(msgctl(place, MSG_STAT_ANY, &status), IPC_RMID, nullptr);
    }
}

}  // namespace endurance

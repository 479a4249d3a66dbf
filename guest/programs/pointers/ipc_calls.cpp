// SPDX-License-Identifier: MIT
// System V IPC. Each attempt finds a segment, a set and a queue with a message, made for it. And
// the queues of POSIX, of which there is none.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include <csignal>
#include <ctime>
#include <iterator>

#include "guest/programs/check.h"
#include "guest/programs/pointers/call.h"

namespace pointers {

namespace {

constexpr int semaphores = 3;
int objects[ipc_object_count];

constexpr sembuf operations[2] = {{0, 1, 0}, {1, 0, IPC_NOWAIT}};
constexpr timespec no_time{};
constexpr unsigned short values[semaphores] = {1, 2, 3};
constexpr shmid_ds segment{};
constexpr semid_ds set{};
constexpr msqid_ds queue{};
constexpr char no_queue[] = "no queue";
const mq_attr attributes{};
const sigevent notification = [] {
    sigevent event{};
    event.sigev_notify = SIGEV_NONE;
    return event;
}();
constexpr struct {
    long type;
    char text[8];
} message{1, "seven"};

const Call calls[] = {
    {"shmctl, status", SYS_shmctl, {of(a_segment), v(IPC_STAT), out(sizeof segment)}},
    {"shmctl, set", SYS_shmctl, {of(a_segment), v(IPC_SET), in(segment)}},
    {"shmctl, limits", SYS_shmctl, {v(0), v(IPC_INFO), out(72)}},
    {"shmctl, usage", SYS_shmctl, {v(0), v(SHM_INFO), out(48)}},
    {"semop", SYS_semop, {of(a_set), in(operations), v(2)}},
    {"semtimedop", SYS_semtimedop, {of(a_set), in(operations), v(2), in(no_time)}},
    {"semctl, all", SYS_semctl, {of(a_set), v(0), v(GETALL), out(sizeof values)}},
    {"semctl, set all", SYS_semctl, {of(a_set), v(0), v(SETALL), in(values)}},
    {"semctl, status", SYS_semctl, {of(a_set), v(0), v(IPC_STAT), out(sizeof set)}},
    {"semctl, set", SYS_semctl, {of(a_set), v(0), v(IPC_SET), in(set)}},
    {"semctl, limits", SYS_semctl, {v(0), v(0), v(IPC_INFO), out(sizeof(seminfo))}},
    {"msgsnd", SYS_msgsnd, {of(a_queue), in(message), v(8), v(0)}},
    {"msgrcv", SYS_msgrcv, {of(a_queue), out(16), v(8), v(0), v(IPC_NOWAIT)}},
    {"msgrcv, copy",
     SYS_msgrcv,
     {of(a_queue), in_out(message), v(8), v(0), v(IPC_NOWAIT | MSG_COPY)}},
    {"msgctl, status", SYS_msgctl, {of(a_queue), v(IPC_STAT), out(sizeof queue)}},
    {"msgctl, set", SYS_msgctl, {of(a_queue), v(IPC_SET), in(queue)}},
    {"msgctl, limits", SYS_msgctl, {v(0), v(IPC_INFO), out(sizeof(msginfo))}},
    {"mq_open", SYS_mq_open, {in(no_queue), v(O_RDWR), v(0600), in(attributes)}},
    {"mq_unlink", SYS_mq_unlink, {in(no_queue)}},
    {"mq_timedsend", SYS_mq_timedsend, {v(mailbox), in(message.text), v(8), v(0), in(no_time)}},
    {"mq_timedreceive", SYS_mq_timedreceive, {v(mailbox), out(8), v(8), out(4), in(no_time)}},
    {"mq_notify", SYS_mq_notify, {v(mailbox), in(notification)}},
    {"mq_getsetattr", SYS_mq_getsetattr, {v(mailbox), in(attributes), out(64)}},
};

}  // namespace

void make_ipc_objects() {
    objects[a_segment] = shmget(IPC_PRIVATE, 1, 0600);
    objects[a_set] = semget(IPC_PRIVATE, semaphores, 0600);
    objects[a_queue] = msgget(IPC_PRIVATE, 0600);
    require(objects[a_segment] >= 0 && objects[a_set] >= 0 && objects[a_queue] >= 0, "IPC");
    require(msgsnd(objects[a_queue], &message, sizeof message.text, 0) == 0, "msgsnd");
}

void remove_ipc_objects() {
    require(shmctl(objects[a_segment], IPC_RMID, nullptr) == 0, "IPC_RMID");
    require(semctl(objects[a_set], 0, IPC_RMID) == 0, "IPC_RMID");
    require(msgctl(objects[a_queue], IPC_RMID, nullptr) == 0, "IPC_RMID");
}

long ipc_object(long which) {
    return objects[which];
}

Table ipc_calls() {
    return {calls, std::size(calls)};
}

}  // namespace pointers

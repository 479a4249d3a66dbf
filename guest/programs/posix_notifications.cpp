// SPDX-License-Identifier: MIT
// mq_notify: who is told of messages, when, and when no more.
#include <sys/socket.h>
#include <sys/syscall.h>

#include <csignal>

#include "guest/programs/caught_signals.h"
#include "guest/programs/posix_queues.h"

namespace {

using namespace queues;

sigevent by_signal(int number, int value) {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = number;
    event.sigev_value.sival_int = value;
    return event;
}

void notifications() {
    catch_signal(SIGUSR1);
    const mqd_t queue = make_queue(9);
    const sigevent event = by_signal(SIGUSR1, 17);
    show("ask", mq_notify(queue, &event));
    show("ask again", mq_notify(queue, &event));
    children::in_child("a child", [&] {
        show("ask", mq_notify(queue, &event));
        show("give up for another", mq_notify(queue, nullptr));
        send("send", queue, "one", 0);
        return 0;
    });
    std::printf("told %d times, code is SI_MESGQ: %d, value %d, by a child: %d\n",
                static_cast<int>(caught.count), caught.code == SI_MESGQ,
                static_cast<int>(caught.value), caught.sender > 0 && caught.sender != getpid());
    receive("receive", queue);
    send("once only", queue, "two", 0);
    show("ask while there is one", mq_notify(queue, &event));
    send("not empty", queue, "three", 0);
    std::printf("told %d times\n", static_cast<int>(caught.count));
    receive("receive", queue);
    receive("receive", queue);
    const pid_t child = children::start([&] {
        receive("a child that waits", queue);
        return 0;
    });
    children::wait_until_asleep(child);
    send("it comes first", queue, "four", 0);
    children::wait_for("the child", child);
    std::printf("told %d times\n", static_cast<int>(caught.count));
    send("now", queue, "five", 0);
    std::printf("told %d times\n", static_cast<int>(caught.count));
    receive("receive", queue);
    show("ask", mq_notify(queue, &event));
    show("give up", mq_notify(queue, nullptr));
    show("give up what is not", mq_notify(queue, nullptr));
    send("nobody", queue, "six", 0);
    std::printf("told %d times\n", static_cast<int>(caught.count));
    receive("receive", queue);
    // Whoever closes any descriptor of the queue is told no more.
    const mqd_t other = mq_open(name_of(9).c_str(), O_RDONLY);
    show("ask", mq_notify(queue, &event));
    require(mq_close(other) == 0, "mq_close");
    children::in_child("it is free", [&] {
        show("ask", mq_notify(queue, &event));
        return 0;
    });
    sigevent silent{};
    silent.sigev_notify = SIGEV_NONE;
    show("and after its end", mq_notify(queue, &silent));
    children::in_child("taken", [&] {
        show("ask", mq_notify(queue, &event));
        return 0;
    });
    send("silently", queue, "seven", 0);
    show("and free again", mq_notify(queue, &event));
    end_queue(9, queue);
}

void notification_errors() {
    const mqd_t queue = make_queue(10);
    sigevent event = by_signal(65, 0);
    show("no signal", mq_notify(queue, &event));
    event = by_signal(0, 0);
    show("signal 0", mq_notify(queue, &event));
    show("give up", mq_notify(queue, nullptr));
    event.sigev_notify = 77;
    show("no such way", mq_notify(queue, &event));
    event.sigev_notify = SIGEV_THREAD_ID;
    show("a thread", mq_notify(queue, &event));
    show("a bad pointer", syscall(SYS_mq_notify, queue, bad_pointer()));
    // As the C library asks for a thread, but with what is no netlink socket.
    char cookie[32] = {};
    event.sigev_notify = SIGEV_THREAD;
    event.sigev_value.sival_ptr = cookie;
    event.sigev_signo = -1;
    show("no socket", syscall(SYS_mq_notify, queue, &event));
    event.sigev_signo = queue;
    show("not a socket", syscall(SYS_mq_notify, queue, &event));
    const int socket_of_other = socket(AF_UNIX, SOCK_STREAM, 0);
    event.sigev_signo = socket_of_other;
    show("another socket", syscall(SYS_mq_notify, queue, &event));
    event.sigev_value.sival_ptr = bad_pointer();
    show("a bad cookie", syscall(SYS_mq_notify, queue, &event));
    close(socket_of_other);
    end_queue(10, queue);
}

}  // namespace

int main() {
    children::begin();
    notifications();
    notification_errors();
    return 0;
}

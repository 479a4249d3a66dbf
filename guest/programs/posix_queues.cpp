// SPDX-License-Identifier: MIT
// POSIX message queues: names, sizes and permissions, order and priorities, waiting on both sides,
// notifications, and what descriptors of them can do. Names are made of the program's own number.
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <csignal>
#include <initializer_list>
#include <string>

#include "guest/programs/children.h"

namespace {

constexpr long size = 16;  ///< of most messages here
constexpr long most = 3;   ///< in most queues

std::string name_of(int number) {
    static const pid_t self = getpid();
    return "/queue-" + std::to_string(self) + "-" + std::to_string(number);
}

void* bad_pointer() {
    return reinterpret_cast<void*>(8);
}

mq_attr attributes(long messages, long message_size) {
    mq_attr made{};
    made.mq_maxmsg = messages;
    made.mq_msgsize = message_size;
    return made;
}

mqd_t make_queue(int number, int flags = O_RDWR) {
    mq_attr wanted = attributes(most, size);
    const mqd_t queue = mq_open(name_of(number).c_str(), flags | O_CREAT | O_EXCL, 0600, &wanted);
    require(queue >= 0, "mq_open");
    return queue;
}

void end_queue(int number, mqd_t queue) {
    require(mq_close(queue) == 0 && mq_unlink(name_of(number).c_str()) == 0, "the end of a queue");
}

void send(const char* name, mqd_t queue, const char* text, unsigned priority) {
    show(name, mq_send(queue, text, std::strlen(text) + 1, priority));
}

void receive(const char* name, mqd_t queue) {
    char text[size] = {};
    unsigned priority = 0;
    const ssize_t received = mq_receive(queue, text, sizeof text, &priority);
    if (received < 0) {
        show(name, received);
    } else {
        std::printf("%s: %zd bytes, priority %u: %s\n", name, received, priority, text);
    }
}

void show_attributes(const char* name, mqd_t queue) {
    mq_attr now{};
    if (mq_getattr(queue, &now) != 0) {
        show(name, -1);
        return;
    }
    std::printf("%s: flags %#lx, %ld of %ld messages of %ld bytes\n", name, now.mq_flags,
                now.mq_curmsgs, now.mq_maxmsg, now.mq_msgsize);
}

timespec in_milliseconds(long count) {
    timespec time{};
    require(clock_gettime(CLOCK_REALTIME, &time) == 0, "clock_gettime");
    time.tv_nsec += count * 1'000'000;
    time.tv_sec += time.tv_nsec / 1'000'000'000;
    time.tv_nsec %= 1'000'000'000;
    return time;
}

void names() {
    const std::string name = name_of(1);
    show("missing", mq_open(name.c_str(), O_RDWR));
    const auto open_raw = [](const char* raw, int flags) {
        return syscall(SYS_mq_open, raw, flags, 0600, nullptr);
    };
    show("without a name", open_raw("", O_RDWR | O_CREAT));
    show("a dot", open_raw(".", O_RDWR | O_CREAT));
    show("two dots", open_raw("..", O_RDWR));
    show("a slash", open_raw("/a", O_RDWR | O_CREAT));
    show("a slash within", open_raw("a/b", O_RDWR | O_CREAT));
    show("a bad pointer", open_raw(static_cast<char*>(bad_pointer()), O_RDWR));
    show("too long", open_raw(std::string(256, 'n').c_str(), O_RDWR | O_CREAT));
    show("longer than a path", open_raw(std::string(5000, 'n').c_str(), O_RDWR | O_CREAT));
    show("bad attributes", syscall(SYS_mq_open, "a", O_RDWR, 0600, bad_pointer()));
    const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT, 0640, nullptr);
    show("make", queue);
    show_attributes("usual", queue);
    std::printf("flags %#x, of the descriptor %d\n",
                fcntl(queue, F_GETFL) & (O_ACCMODE | O_NONBLOCK), fcntl(queue, F_GETFD));
    struct stat status{};
    require(fstat(queue, &status) == 0, "fstat");
    std::printf("mode %o, size %ld, links %lu\n", status.st_mode, status.st_size,
                static_cast<unsigned long>(status.st_nlink));
    show("once more", mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, nullptr));
    show("no access mode", mq_open(name.c_str(), O_ACCMODE));
    const mqd_t again = mq_open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CREAT, 0600, nullptr);
    send("send", queue, "text", 0);
    show_attributes("open again", again);
    send("send to a reader", again, "text", 0);
    show("unlink", mq_unlink(name.c_str()));
    show("unlink again", mq_unlink(name.c_str()));
    show("open without a name", mq_open(name.c_str(), O_RDWR));
    show_attributes("still there", again);
    require(mq_close(again) == 0 && mq_close(queue) == 0, "mq_close");
    show("closed", mq_close(queue));
    const auto unlink_raw = [](const char* raw) { return syscall(SYS_mq_unlink, raw); };
    show("unlink nothing", unlink_raw(""));
    show("unlink a slash", unlink_raw("/a"));
    show("unlink a bad pointer", unlink_raw(static_cast<char*>(bad_pointer())));
    show("unlink too long", unlink_raw(std::string(256, 'n').c_str()));
}

void sizes() {
    const auto try_size = [](const char* what, long messages, long message_size) {
        mq_attr wanted = attributes(messages, message_size);
        const mqd_t queue = mq_open(name_of(2).c_str(), O_RDWR | O_CREAT, 0600, &wanted);
        if (queue < 0) {
            show(what, queue);
            return;
        }
        show_attributes(what, queue);
        end_queue(2, queue);
    };
    const auto try_all = [&] {
        try_size("one", 1, 1);
        try_size("no messages", 0, 1);
        try_size("no bytes", 1, 0);
        try_size("less than none", -1, -1);
        try_size("too many messages", 65537, 1);
        try_size("too many bytes", 1, (16 << 20) + 1);
        try_size("all numbers", -1L ^ (1L << 63), -1L ^ (1L << 63));
    };
    std::printf("privileged\n");
    try_all();
    children::in_child("beyond the limit", [&] {
        const rlimit none{.rlim_cur = 0, .rlim_max = 0};
        require(setrlimit(RLIMIT_MSGQUEUE, &none) == 0, "setrlimit");
        try_size("nothing", 1, 1);
        return 0;
    });
    children::as_nobody("nobody", [&] {
        try_all();
        try_size("most messages", 10, 8192);
        try_size("one message more", 11, 8192);
        try_size("one byte more", 10, 8193);
        return 0;
    });
}

void permissions() {
    mq_attr wanted = attributes(most, size);
    const std::string name = name_of(3);
    const mode_t mask = umask(027);
    const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT, 0666, &wanted);
    umask(mask);
    struct stat status{};
    require(fstat(queue, &status) == 0, "fstat");
    std::printf("mode %o\n", status.st_mode);
    require(fchmod(queue, 0604) == 0, "fchmod");
    children::as_nobody("nobody", [&] {
        const mqd_t reader = mq_open(name.c_str(), O_RDONLY | O_NONBLOCK);
        show("read", reader < 0 ? -1 : 0);
        show("write", mq_open(name.c_str(), O_WRONLY));
        show("both", mq_open(name.c_str(), O_RDWR));
        show("unlink", mq_unlink(name.c_str()));
        receive("empty", reader);
        return 0;
    });
    end_queue(3, queue);
}

void order() {
    const mqd_t queue = make_queue(4, O_RDWR | O_NONBLOCK);
    receive("empty", queue);
    send("low", queue, "first", 1);
    send("high", queue, "second", 32767);
    send("low", queue, "third", 1);
    send("full", queue, "fourth", 5);
    send("no such priority", queue, "fifth", 32768);
    show("too long", mq_send(queue, "a text that is too long", size + 1, 0));
    show_attributes("full", queue);
    char text[size];
    show("too little room", mq_receive(queue, text, size - 1, nullptr));
    receive("the highest", queue);
    receive("the oldest", queue);
    receive("the other", queue);
    receive("empty", queue);
    show("without text", mq_send(queue, "", 0, 0));
    show_value("receive it", mq_receive(queue, text, size, nullptr));
    show("a bad text", mq_send(queue, static_cast<char*>(bad_pointer()), 4, 0));
    send("send", queue, "lost", 0);
    show("a bad place", mq_receive(queue, static_cast<char*>(bad_pointer()), size, nullptr));
    receive("it is lost", queue);
    send("send", queue, "lost too", 0);
    show("a bad place for the priority",
         mq_receive(queue, text, size, static_cast<unsigned*>(bad_pointer())));
    receive("it is lost", queue);
    end_queue(4, queue);
}

void times() {
    const mqd_t queue = make_queue(5);
    char text[size];
    const timespec past{1, 0};
    const timespec wrong{1, 1'000'000'000};
    const timespec negative{-1, 0};
    show("a time past", mq_timedreceive(queue, text, size, nullptr, &past));
    const timespec soon = in_milliseconds(20);
    show("a time that comes", mq_timedreceive(queue, text, size, nullptr, &soon));
    show("too many nanoseconds", mq_timedreceive(queue, text, size, nullptr, &wrong));
    show("before all times", mq_timedreceive(queue, text, size, nullptr, &negative));
    show("a bad pointer", syscall(SYS_mq_timedreceive, queue, text, size, nullptr, bad_pointer()));
    for (int i = 0; i < most; ++i) {
        show("room needs no time", mq_timedsend(queue, "x", 1, 0, &past));
    }
    show("a time past", mq_timedsend(queue, "x", 1, 0, &past));
    const timespec later = in_milliseconds(20);
    show("a time that comes", mq_timedsend(queue, "x", 1, 0, &later));
    show("a bad time", mq_timedsend(queue, "x", 1, 0, &wrong));
    show("a bad pointer", syscall(SYS_mq_timedsend, queue, "x", 1, 0, bad_pointer()));
    show_value("a message needs no time", mq_timedreceive(queue, text, size, nullptr, &past));
    end_queue(5, queue);
}

void ignore_signal(int) {}

void waiting() {
    const mqd_t queue = make_queue(6);
    pid_t child = children::start([&] {
        receive("the child waits", queue);
        receive("and for another", queue);
        return 0;
    });
    children::sleep_milliseconds(30);
    send("send", queue, "one", 4);
    children::sleep_milliseconds(30);
    show_attributes("it was handed over", queue);
    send("send", queue, "two", 2);
    children::wait_for("the child", child);
    for (int i = 0; i < most; ++i) {
        send("fill", queue, "old", 3);
    }
    child = children::start([&] {
        send("the child waits for room", queue, "new", 9);
        return 0;
    });
    children::sleep_milliseconds(30);
    receive("make room", queue);
    children::wait_for("the child", child);
    show_attributes("its message is in", queue);
    receive("and comes first", queue);
    receive("old", queue);
    receive("old", queue);
    struct sigaction action{};
    action.sa_handler = ignore_signal;
    require(sigaction(SIGALRM, &action, nullptr) == 0, "sigaction");
    const itimerval soon{{0, 0}, {0, 20'000}};
    require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
    receive("a signal", queue);
    for (int i = 0; i < most; ++i) {
        send("fill", queue, "x", 0);
    }
    require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
    send("a signal", queue, "y", 0);
    action.sa_flags = SA_RESTART;
    require(sigaction(SIGALRM, &action, nullptr) == 0, "sigaction");
    require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
    const timespec end = in_milliseconds(60);
    show("goes on after a signal", mq_timedsend(queue, "y", 1, 0, &end));
    require(signal(SIGALRM, SIG_DFL) != SIG_ERR, "signal");
    child = children::start([&] {
        send("never", queue, "z", 0);
        return 1;
    });
    children::sleep_milliseconds(20);
    require(kill(child, SIGKILL) == 0, "kill");
    children::wait_for("killed while it waits", child);
    receive("room for nobody", queue);
    show_attributes("nobody took it", queue);
    end_queue(6, queue);
}

void flags() {
    const mqd_t queue = make_queue(7);
    mq_attr wanted{};
    mq_attr old{};
    wanted.mq_flags = O_NONBLOCK;
    wanted.mq_maxmsg = 99;
    show("do not wait", mq_setattr(queue, &wanted, &old));
    std::printf("flags were %#lx\n", old.mq_flags);
    show_attributes("now", queue);
    receive("empty", queue);
    wanted.mq_flags = O_NONBLOCK | O_APPEND;
    show("another flag", mq_setattr(queue, &wanted, nullptr));
    wanted.mq_flags = 0;
    show("wait", mq_setattr(queue, &wanted, &old));
    std::printf("flags were %#lx\n", old.mq_flags);
    show("bad pointer", syscall(SYS_mq_getsetattr, queue, bad_pointer(), nullptr));
    show("bad pointer", syscall(SYS_mq_getsetattr, queue, nullptr, bad_pointer()));
    show("neither", syscall(SYS_mq_getsetattr, queue, nullptr, nullptr));
    const int none = eventfd(0, 0);
    char text[size];
    for (const int descriptor : {none, -1}) {
        show("attributes of no queue", mq_getattr(descriptor, &old));
        show("send to no queue", mq_send(descriptor, "x", 1, 0));
        show("receive from no queue", mq_receive(descriptor, text, size, nullptr));
        show("notify of no queue", mq_notify(descriptor, nullptr));
    }
    close(none);
    const mqd_t writer = mq_open(name_of(7).c_str(), O_WRONLY);
    show("receive from a writer", mq_receive(writer, text, size, nullptr));
    require(mq_close(writer) == 0, "mq_close");
    end_queue(7, queue);
}

short polled(mqd_t queue) {
    pollfd entry{.fd = queue, .events = POLLIN | POLLOUT, .revents = 0};
    require(poll(&entry, 1, 0) >= 0, "poll");
    return entry.revents;
}

void readiness() {
    const mqd_t queue = make_queue(8);
    std::printf("empty: %#x\n", static_cast<unsigned>(polled(queue)));
    send("one", queue, "x", 0);
    std::printf("neither: %#x\n", static_cast<unsigned>(polled(queue)));
    send("two", queue, "x", 0);
    send("three", queue, "x", 0);
    std::printf("full: %#x\n", static_cast<unsigned>(polled(queue)));
    for (int i = 0; i < most; ++i) {
        receive("receive", queue);
    }
    const int set = epoll_create1(0);
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = 6}};
    show("epoll_ctl", epoll_ctl(set, EPOLL_CTL_ADD, queue, &event));
    show_value("nothing", epoll_wait(set, &event, 1, 0));
    const pid_t child = children::start([&] {
        children::sleep_milliseconds(20);
        send("the child sends", queue, "late", 0);
        return 0;
    });
    show_value("a message", epoll_wait(set, &event, 1, -1));
    children::wait_for("the child", child);
    receive("receive", queue);
    close(set);
    char text[100] = {};
    send("send", queue, "12345", 0);
    show_value("read", read(queue, text, sizeof text - 1));
    std::printf("%s", text);
    show_value("the rest", read(queue, text, sizeof text));
    show_value("a part", pread(queue, text, 8, 3));
    std::printf("%.8s\n", text);
    show("write", write(queue, "x", 1));
    void* const memory = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, queue, 0);
    show("map", memory == MAP_FAILED ? -1 : 0);
    end_queue(8, queue);
}

volatile sig_atomic_t caught = 0;
volatile sig_atomic_t caught_code = 0;
volatile sig_atomic_t caught_value = 0;
volatile sig_atomic_t caught_sender = 0;

void catch_signal(int, siginfo_t* information, void*) {
    caught_code = information->si_code;
    caught_value = information->si_value.sival_int;
    caught_sender = information->si_pid;
    caught = caught + 1;
}

sigevent by_signal(int number, int value) {
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = number;
    event.sigev_value.sival_int = value;
    return event;
}

void notifications() {
    struct sigaction action{};
    action.sa_sigaction = catch_signal;
    action.sa_flags = SA_SIGINFO;
    require(sigaction(SIGUSR1, &action, nullptr) == 0, "sigaction");
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
                static_cast<int>(caught), caught_code == SI_MESGQ, static_cast<int>(caught_value),
                caught_sender > 0 && caught_sender != getpid());
    receive("receive", queue);
    send("once only", queue, "two", 0);
    show("ask while there is one", mq_notify(queue, &event));
    send("not empty", queue, "three", 0);
    std::printf("told %d times\n", static_cast<int>(caught));
    receive("receive", queue);
    receive("receive", queue);
    const pid_t child = children::start([&] {
        receive("a child that waits", queue);
        return 0;
    });
    children::sleep_milliseconds(30);
    send("it comes first", queue, "four", 0);
    children::wait_for("the child", child);
    std::printf("told %d times\n", static_cast<int>(caught));
    send("now", queue, "five", 0);
    std::printf("told %d times\n", static_cast<int>(caught));
    receive("receive", queue);
    show("ask", mq_notify(queue, &event));
    show("give up", mq_notify(queue, nullptr));
    show("give up what is not", mq_notify(queue, nullptr));
    send("nobody", queue, "six", 0);
    std::printf("told %d times\n", static_cast<int>(caught));
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

void limits() {
    for (const char* name :
         {"queues_max", "msg_max", "msgsize_max", "msg_default", "msgsize_default"}) {
        const std::string path = std::string("/proc/sys/fs/mqueue/") + name;
        const int file = open(path.c_str(), O_RDONLY);
        char text[32] = {};
        require(file >= 0 && read(file, text, sizeof text - 1) > 0, "a limit");
        std::printf("%s %s", name, text);
        close(file);
    }
}

}  // namespace

int main() {
    children::begin();
    limits();
    names();
    sizes();
    permissions();
    order();
    times();
    waiting();
    flags();
    readiness();
    notifications();
    notification_errors();
    return 0;
}

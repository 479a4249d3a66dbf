// SPDX-License-Identifier: MIT
// POSIX message queues: names, sizes and permissions, order and priorities, waiting on both sides,
// and what descriptors of them can do.
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <csignal>
#include <initializer_list>
#include <string>

#include "guest/programs/posix_queues.h"

namespace {

using namespace queues;

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
    children::wait_until_asleep(child);
    send("send", queue, "one", 4);
    children::wait_until_asleep(child);
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
    children::wait_until_asleep(child);
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
    children::wait_until_asleep(child);
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
    return 0;
}

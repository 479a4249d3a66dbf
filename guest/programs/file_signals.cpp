// SPDX-License-Identifier: MIT
// Files that tell by a signal that they have become ready: O_ASYNC, and who is told.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <climits>
#include <initializer_list>

#include "guest/programs/children.h"

namespace {

constexpr int real_time_signal = 40;

void block(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) {
        sigaddset(&set, signal);
    }
    sigprocmask(SIG_BLOCK, &set, nullptr);
}

/// What is pending of both signals, at most one of each: how often the system tells of the same
/// thing is its own affair.
void show_signals(const char* name) {
    for (const int signal : {SIGIO, SIGUSR1, SIGBUS, real_time_signal}) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, signal);
        const timespec now{};
        siginfo_t first{};
        siginfo_t more{};
        if (sigtimedwait(&set, &first, &now) != signal) {
            continue;
        }
        while (sigtimedwait(&set, &more, &now) == signal) {
        }
        std::printf("%s: signal %d, code %d", name, signal, first.si_code);
        if (first.si_code != SI_KERNEL) {
            std::printf(", band %#lx", first.si_band);
        }
        std::printf("\n");
        return;
    }
    std::printf("%s: none\n", name);
}

void set_async(int file, bool on) {
    const int flags = fcntl(file, F_GETFL);
    require(fcntl(file, F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC) == 0, "F_SETFL");
}

bool is_async(int file) {
    return (fcntl(file, F_GETFL) & O_ASYNC) != 0;
}

/// O_ASYNC for the caller, with `signal`.
void listen_to(int file, int signal) {
    require(fcntl(file, F_SETOWN, getpid()) == 0 && fcntl(file, F_SETSIG, signal) == 0, "an owner");
    set_async(file, true);
}

void write_byte(int file) {
    require(write(file, "x", 1) == 1, "write");
}
void read_byte(int file) {
    char byte = 0;
    require(read(file, &byte, 1) == 1, "read");
}

struct Ends {
    int reader;
    int writer;
};
Ends make_pipe() {
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    return {ends[0], ends[1]};
}
Ends make_pair() {
    int ends[2];
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    return {ends[0], ends[1]};
}

void names_of_owners() {
    const Ends ends = make_pipe();
    const int file = ends.reader;
    show_value("nobody at first", fcntl(file, F_GETOWN));
    show("oneself", fcntl(file, F_SETOWN, getpid()));
    std::printf("is it? %d\n", fcntl(file, F_GETOWN) == getpid());
    f_owner_ex owner{};
    show("with its kind", fcntl(file, F_GETOWN_EX, &owner));
    std::printf("a process, oneself: %d %d\n", owner.type == F_OWNER_PID, owner.pid == getpid());
    show("a group", fcntl(file, F_SETOWN, -getpgrp()));
    show("with its kind", fcntl(file, F_GETOWN_EX, &owner));
    std::printf("a group, one's own: %d %d\n", owner.type == F_OWNER_PGRP, owner.pid == getpgrp());
    owner = {F_OWNER_TID, getpid()};
    show("a thread", fcntl(file, F_SETOWN_EX, &owner));
    std::printf("is it? %d\n", fcntl(file, F_GETOWN) == getpid());
    show("no such process", fcntl(file, F_SETOWN, INT_MAX));
    show("no such group", fcntl(file, F_SETOWN, -INT_MAX));
    show("no positive number", fcntl(file, F_SETOWN, INT_MIN));
    owner = {F_OWNER_TID, INT_MAX};
    show("no such thread", fcntl(file, F_SETOWN_EX, &owner));
    owner = {static_cast<__pid_type>(3), getpid()};
    show("no such kind", fcntl(file, F_SETOWN_EX, &owner));
    show("a bad pointer", fcntl(file, F_SETOWN_EX, nullptr));
    show("a bad pointer", fcntl(file, F_GETOWN_EX, nullptr));
    std::printf("still oneself: %d\n", fcntl(file, F_GETOWN) == getpid());
    show("nobody", fcntl(file, F_SETOWN, 0));
    show_value("so it is", fcntl(file, F_GETOWN));
    show_value("the signal at first", fcntl(file, F_GETSIG));
    show("another", fcntl(file, F_SETSIG, SIGUSR1));
    show_value("so it is", fcntl(file, F_GETSIG));
    show("none of them", fcntl(file, F_SETSIG, 65));
    show("not with a path only", fcntl(open("/", O_PATH | O_CLOEXEC), F_SETOWN, getpid()));
    const pid_t child = children::start([] { return 0; });
    show("a child", fcntl(file, F_SETOWN, child));
    children::wait_for("it ends", child);
    show_value("nobody any more", fcntl(file, F_GETOWN));
    close(file);
    close(ends.writer);
}

void a_pipe() {
    const Ends ends = make_pipe();
    fcntl(ends.writer, F_SETFL, O_NONBLOCK);
    listen_to(ends.reader, 0);
    std::printf("asked for: %d, and of the other end: %d\n", is_async(ends.reader),
                is_async(ends.writer));
    show_signals("nothing yet");
    write_byte(ends.writer);
    show_signals("a byte");
    read_byte(ends.reader);
    show_signals("taken");
    fcntl(ends.reader, F_SETSIG, SIGUSR1);
    write_byte(ends.writer);
    show_signals("with another signal");
    read_byte(ends.reader);
    fcntl(ends.reader, F_SETSIG, SIGBUS);
    write_byte(ends.writer);
    show_signals("one with codes of its own");
    read_byte(ends.reader);
    fcntl(ends.reader, F_SETSIG, real_time_signal);
    write_byte(ends.writer);
    show_signals("one that queues");
    read_byte(ends.reader);
    set_async(ends.reader, false);
    write_byte(ends.writer);
    show_signals("no more");
    read_byte(ends.reader);
    listen_to(ends.writer, SIGUSR1);
    char page[4096] = {};
    while (write(ends.writer, page, sizeof page) > 0) {
    }
    show_signals("a pipe that is full");
    while (poll(nullptr, 0, 0) == 0 && read(ends.reader, page, sizeof page) > 0) {
        pollfd one{ends.reader, POLLIN, 0};
        if (poll(&one, 1, 0) == 0) {
            break;
        }
    }
    show_signals("and room again");
    set_async(ends.writer, false);
    listen_to(ends.reader, SIGUSR1);
    close(ends.writer);
    show_signals("the writer is gone");
    close(ends.reader);
}

void a_pair_of_sockets() {
    const Ends ends = make_pair();
    listen_to(ends.reader, SIGUSR1);
    write_byte(ends.writer);
    show_signals("a byte");
    read_byte(ends.reader);
    int on = 0;
    show("FIOASYNC", ioctl(ends.reader, FIOASYNC, &on));
    std::printf("asked for: %d\n", is_async(ends.reader));
    write_byte(ends.writer);
    show_signals("not any more");
    read_byte(ends.reader);
    on = 1;
    show("FIOASYNC", ioctl(ends.reader, FIOASYNC, &on));
    show("a bad pointer", ioctl(ends.reader, FIOASYNC, nullptr));
    write_byte(ends.writer);
    show_signals("again");
    read_byte(ends.reader);
    int owner = 0;
    show("FIOGETOWN", ioctl(ends.reader, FIOGETOWN, &owner));
    std::printf("oneself: %d\n", owner == getpid());
    owner = -getpgrp();
    show("FIOSETOWN", ioctl(ends.reader, FIOSETOWN, &owner));
    show("SIOCGPGRP", ioctl(ends.reader, SIOCGPGRP, &owner));
    std::printf("one's group: %d\n", owner == -getpgrp());
    owner = getpid();
    show("SIOCSPGRP", ioctl(ends.reader, SIOCSPGRP, &owner));
    show("FIOSETOWN, a bad pointer", ioctl(ends.reader, FIOSETOWN, nullptr));
    close(ends.writer);
    show_signals("the other is gone");
    close(ends.reader);
}

void a_server() {
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    auto* const address = reinterpret_cast<sockaddr*>(&name);
    require(bind(server, address, size) == 0 && listen(server, 4) == 0 &&
                getsockname(server, address, &size) == 0,
            "a server");
    listen_to(server, SIGUSR1);
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    require(connect(client, address, size) == 0, "connect");
    show_signals("somebody connects");
    const int connection = accept(server, nullptr, nullptr);
    std::printf("inherited by the connection: %d\n", is_async(connection));
    listen_to(connection, SIGUSR1);
    show_signals("nothing");
    write_byte(client);
    show_signals("a byte");
    close(client);
    close(connection);
    close(server);
}

void others() {
    int on = 1;
    for (const char* path : {"/dev/null", "/tmp", "/proc/self/exe"}) {
        const int file = open(path, O_RDONLY | O_CLOEXEC);
        set_async(file, true);
        std::printf("%s: asked for: %d\n", path, is_async(file));
        show("  FIOASYNC", ioctl(file, FIOASYNC, &on));
        close(file);
    }
    sigset_t none;
    sigemptyset(&none);
    const int signals = signalfd(-1, &none, 0);
    set_async(signals, true);
    std::printf("signalfd: asked for: %d\n", is_async(signals));
    close(signals);
    const int watches = inotify_init1(IN_CLOEXEC);
    char directory[] = "/tmp/file-signals-XXXXXX";
    require(mkdtemp(directory) != nullptr, "mkdtemp");
    inotify_add_watch(watches, directory, IN_DELETE_SELF);
    listen_to(watches, SIGUSR1);
    rmdir(directory);
    show_signals("inotify");
    close(watches);
}

void who_is_told() {
    const Ends ends = make_pipe();
    const Ends go = make_pipe();
    const pid_t child = children::start([&] {
        close(go.writer);
        char byte = 0;
        require(read(go.reader, &byte, 1) == 0, "read");
        show_signals("the child");
        return 0;
    });
    children::wait_until_asleep(child);
    fcntl(ends.reader, F_SETSIG, SIGUSR1);
    require(fcntl(ends.reader, F_SETOWN, child) == 0, "F_SETOWN");
    set_async(ends.reader, true);
    write_byte(ends.writer);
    show_signals("the parent");
    std::fflush(stdout);
    close(go.writer);
    children::wait_for("it ends", child);
    close(go.reader);
    close(ends.reader);
    close(ends.writer);
}

/// Who chose the owner must be allowed to signal it.
void without_the_right() {
    const Ends ends = make_pipe();
    fcntl(ends.reader, F_SETSIG, SIGUSR1);
    const pid_t self = getpid();
    children::as_nobody("a stranger", [&] {
        show("may choose", fcntl(ends.reader, F_SETOWN, self));
        set_async(ends.reader, true);
        return 0;
    });
    write_byte(ends.writer);
    show_signals("but nothing comes");
    close(ends.reader);
    close(ends.writer);
}

}  // namespace

int main() {
    children::begin();
    block({SIGIO, SIGUSR1, SIGBUS, real_time_signal});
    names_of_owners();
    a_pipe();
    a_pair_of_sockets();
    a_server();
    others();
    who_is_told();
    without_the_right();
    return 0;
}

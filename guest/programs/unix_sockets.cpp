// SPDX-License-Identifier: MIT
// AF_UNIX streams: pairs, names, connections, waiting, and the error that each misuse gives.
#include <csignal>
#include <ctime>
#include <initializer_list>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"
#include "guest/programs/sockets.h"
#include "guest/programs/unix_names.h"

namespace {

void streams() {
    std::printf("-- stream pair\n");
    const Pair pair(SOCK_STREAM);
    char buffer[64];
    show_events("fresh", pair.ends[0]);
    show_value("write", write(pair.ends[0], "hello", 5));
    show_value("write again", write(pair.ends[0], " world", 6));
    show_events("with data", pair.ends[1]);
    int waiting = -1;
    show("FIONREAD", ioctl(pair.ends[1], FIONREAD, &waiting));
    std::printf("waiting: %d\n", waiting);
    show_text("peek", recv(pair.ends[1], buffer, 8, MSG_PEEK), buffer);
    show_text("read across writes", read(pair.ends[1], buffer, 8), buffer);
    show_text("read the rest", read(pair.ends[1], buffer, sizeof buffer), buffer);
    show_text("nothing left", recv(pair.ends[1], buffer, 8, MSG_DONTWAIT), buffer);
    iovec parts[] = {{buffer, 2}, {buffer + 10, 3}};
    std::memcpy(buffer, "ab", 2);
    std::memcpy(buffer + 10, "cde", 3);
    show_value("writev", writev(pair.ends[1], parts, 2));
    char small[2];
    char more[8];
    iovec targets[] = {{small, 2}, {more, 8}};
    show_value("readv", readv(pair.ends[0], targets, 2));
    show_text("first part", 2, small);
    show_text("second part", 3, more);
    show("lseek", lseek(pair.ends[0], 0, SEEK_SET));
    show("pread", pread(pair.ends[0], buffer, 1, 0));
    show("fsync", fsync(pair.ends[0]));
    struct stat status;
    require(fstat(pair.ends[0], &status) == 0, "fstat");
    std::printf("mode %o\n", status.st_mode);
}

void endings() {
    std::printf("-- ends of streams\n");
    char buffer[8];
    signal(SIGPIPE, SIG_IGN);
    {
        const Pair pair(SOCK_STREAM);
        show_value("write", write(pair.ends[0], "bye", 3));
        show("shutdown of writing", shutdown(pair.ends[0], SHUT_WR));
        show_events("the other end", pair.ends[1]);
        show_text("what was sent", read(pair.ends[1], buffer, 8), buffer);
        show_text("then the end", read(pair.ends[1], buffer, 8), buffer);
        show("write after shutdown", write(pair.ends[0], "x", 1));
        show_value("the other way", write(pair.ends[1], "still", 5));
        show_text("arrives", read(pair.ends[0], buffer, 8), buffer);
        show("shutdown of reading", shutdown(pair.ends[0], SHUT_RD));
        show("write to who reads no more", write(pair.ends[1], "x", 1));
        show_events("all shut", pair.ends[0]);
        show("shutdown 3", shutdown(pair.ends[0], 3));
    }
    {
        Pair pair(SOCK_STREAM);
        close(pair.ends[0]);
        show_events("peer closed", pair.ends[1]);
        show_text("read after close", read(pair.ends[1], buffer, 8), buffer);
        show("write after close", write(pair.ends[1], "x", 1));
        show("send after close", send(pair.ends[1], "x", 1, MSG_NOSIGNAL));
        pair.ends[0] = -1;
    }
    {
        Pair pair(SOCK_STREAM);
        require(write(pair.ends[1], "unread", 6) == 6, "write");
        close(pair.ends[0]);
        show_events("peer closed with data unread", pair.ends[1]);
        show_text("read then", read(pair.ends[1], buffer, 8), buffer);
        show_text("read again", read(pair.ends[1], buffer, 8), buffer);
        pair.ends[0] = -1;
    }
    signal(SIGPIPE, SIG_DFL);
    const pid_t child = fork();
    if (child == 0) {
        int ends[2];
        require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
        close(ends[0]);
        _exit(static_cast<int>(write(ends[1], "x", 1)));
    }
    int result;
    require(waitpid(child, &result, 0) == child, "waitpid");
    std::printf("SIGPIPE: %d\n", WIFSIGNALED(result) ? WTERMSIG(result) : 0);
}

/// More than fits, so that both sides must wait for each other.
void bulk() {
    std::printf("-- bulk\n");
    constexpr size_t total = 3'000'000;
    const Pair pair(SOCK_STREAM);
    const pid_t child = fork();
    if (child == 0) {
        close(pair.ends[0]);
        static char bytes[100'000];
        for (size_t sent = 0; sent < total;) {
            for (size_t i = 0; i < sizeof bytes; ++i) {
                bytes[i] = static_cast<char>((sent + i) * 7 / 5);
            }
            require(write(pair.ends[1], bytes, sizeof bytes) == sizeof bytes, "write");
            sent += sizeof bytes;
        }
        _exit(0);
    }
    close(pair.ends[1]);
    static char bytes[77'777];
    size_t got = 0;
    size_t wrong = 0;
    for (ssize_t count; (count = recv(pair.ends[0], bytes, sizeof bytes, MSG_WAITALL)) > 0;) {
        for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
            wrong += bytes[i] != static_cast<char>((got + i) * 7 / 5);
        }
        got += static_cast<size_t>(count);
    }
    require(waitpid(child, nullptr, 0) == child, "waitpid");
    std::printf("got %zu bytes, %zu of them wrong\n", got, wrong);
}

void names() {
    std::printf("-- names\n");
    char directory[] = "/tmp/unix-XXXXXX";
    require(mkdtemp(directory) != nullptr && chdir(directory) == 0, "mkdtemp");
    const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    show("listen without a name", listen(server, 1));
    const Address place = path_address("server");
    show("bind", bind(server, place.get(), place.size));
    show("bind again", bind(server, place.get(), place.size));
    struct stat status;
    show("stat", stat("server", &status));
    std::printf("mode %o\n", status.st_mode);
    show("open", open("server", O_RDWR));
    const int other = socket(AF_UNIX, SOCK_STREAM, 0);
    show("bind of a taken path", bind(other, place.get(), place.size));
    show("connect before listen", connect(other, place.get(), place.size));
    show("accept before listen", accept(server, nullptr, nullptr));
    show("listen", listen(server, 3));
    show_events("listening", server, 0, POLLIN);
    show("accept without connections",
         fcntl(server, F_SETFL, O_NONBLOCK) | accept(server, nullptr, nullptr));
    show("connect", connect(other, place.get(), place.size));
    show("connect again", connect(other, place.get(), place.size));
    show_value("write before accept", write(other, "early", 5));
    show_events("listening with a connection", server, 0, POLLIN);
    sockaddr_un found{};
    socklen_t size = sizeof found;
    const int accepted = accept4(server, reinterpret_cast<sockaddr*>(&found), &size, SOCK_CLOEXEC);
    require(accepted >= 0, "accept");
    show_address("who connected", found, size);
    char buffer[16];
    show_text("early bytes", read(accepted, buffer, 16), buffer);
    size = sizeof found;
    show("getsockname", getsockname(accepted, reinterpret_cast<sockaddr*>(&found), &size));
    show_address("accepted", found, size);
    size = sizeof found;
    show("getpeername", getpeername(other, reinterpret_cast<sockaddr*>(&found), &size));
    show_address("peer", found, size);
    size = 4;
    show("getpeername, cut", getpeername(other, reinterpret_cast<sockaddr*>(&found), &size));
    std::printf("whole size %u\n", size);
    size = static_cast<socklen_t>(-1);
    show("getpeername, size -1", getpeername(other, reinterpret_cast<sockaddr*>(&found), &size));
    int value = 0;
    size = sizeof value;
    show("SO_ACCEPTCONN", getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &value, &size));
    std::printf("accepts %d\n", value);
    ucred who{};
    size = sizeof who;
    show("SO_PEERCRED", getsockopt(other, SOL_SOCKET, SO_PEERCRED, &who, &size));
    std::printf("peer is this process: %d\n", who.pid == getpid() && who.uid == geteuid());
    close(accepted);
    close(other);
    const int late = socket(AF_UNIX, SOCK_STREAM, 0);
    show("connect", connect(late, place.get(), place.size));
    close(server);
    show_text("its listener closed", read(late, buffer, 16), buffer);
    close(late);
    const int lost = socket(AF_UNIX, SOCK_STREAM, 0);
    show("connect to nobody", connect(lost, place.get(), place.size));
    show("unlink", unlink("server"));
    show("connect to nothing", connect(lost, place.get(), place.size));
    show("connect to a directory",
         connect(lost, path_address("/tmp").get(), path_address("/tmp").size));
    show("send unconnected", send(lost, "x", 1, 0));
    show("recv unconnected", recv(lost, buffer, 1, 0));
    show("getpeername unconnected", getpeername(lost, reinterpret_cast<sockaddr*>(&found), &size));
    sockaddr_un wrong{};
    wrong.sun_family = AF_INET;
    show("bind of another family", bind(lost, reinterpret_cast<sockaddr*>(&wrong), sizeof wrong));
    show("bind of nothing", bind(lost, reinterpret_cast<sockaddr*>(&wrong), 0));
    show("bind of too much", bind(lost, reinterpret_cast<sockaddr*>(&wrong), 200));
    show_events("unconnected", lost);
    close(lost);
    const int abstract = socket(AF_UNIX, SOCK_STREAM, 0);
    const Address hidden = abstract_address("ringfence-test");
    show("bind an abstract name", bind(abstract, hidden.get(), hidden.size));
    const int second = socket(AF_UNIX, SOCK_STREAM, 0);
    show("bind it twice", bind(second, hidden.get(), hidden.size));
    size = sizeof found;
    require(getsockname(abstract, reinterpret_cast<sockaddr*>(&found), &size) == 0, "getsockname");
    show_address("abstract", found, size);
    show("listen", listen(abstract, 0));
    show("connect", connect(second, hidden.get(), hidden.size));
    close(abstract);
    close(second);
    const int automatic = socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un family{};
    family.sun_family = AF_UNIX;
    show("autobind", bind(automatic, reinterpret_cast<sockaddr*>(&family), 2));
    size = sizeof found;
    require(getsockname(automatic, reinterpret_cast<sockaddr*>(&found), &size) == 0, "getsockname");
    std::printf("automatic name: %u bytes, abstract %d\n", size, found.sun_path[0] == 0);
    close(automatic);
    require(chdir("/") == 0 && rmdir(directory) == 0, "rmdir");
}

void waiting() {
    std::printf("-- waiting\n");
    const Pair pair(SOCK_STREAM);
    char buffer[8];
    const timeval limit{0, 20000};
    show("SO_RCVTIMEO", setsockopt(pair.ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
    show("read in vain", read(pair.ends[0], buffer, 8));
    struct sigaction action{};
    action.sa_handler = [](int) {};
    require(sigaction(SIGALRM, &action, nullptr) == 0, "sigaction");
    const itimerval soon{{0, 0}, {0, 20000}};
    require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
    show("interrupted", read(pair.ends[1], buffer, 8));
    action.sa_flags = SA_RESTART;
    require(sigaction(SIGALRM, &action, nullptr) == 0, "sigaction");
    const pid_t child = fork();
    if (child == 0) {
        const timespec pause{0, 100'000'000};
        nanosleep(&pause, nullptr);
        require(write(pair.ends[0], "late", 4) == 4, "write");
        _exit(0);
    }
    require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
    show_text("restarted", read(pair.ends[1], buffer, 8), buffer);
    require(waitpid(child, nullptr, 0) == child, "waitpid");
    require(fcntl(pair.ends[0], F_SETFL, O_NONBLOCK) == 0, "fcntl");
    static char bytes[8192];
    ssize_t result;
    while ((result = write(pair.ends[0], bytes, sizeof bytes)) > 0) {
    }
    show("full", result);
    show_events("full", pair.ends[0], 0, POLLOUT);
    while ((result = recv(pair.ends[1], bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
    }
    show("empty", result);
    show_events("writable again", pair.ends[0], 0, POLLOUT);
}

void misuse() {
    std::printf("-- misuse\n");
    show("unknown family", socket(99, SOCK_STREAM, 0));
    show("unknown type", socket(AF_UNIX, 77, 0));
    show("type that it has not", socket(AF_UNIX, SOCK_RDM, 0));
    show("unknown protocol", socket(AF_UNIX, SOCK_STREAM, 77));
    show("unknown flag", socket(AF_UNIX, SOCK_STREAM | 0x1000, 0));
    int ends[2];
    show("bad descriptor", listen(99, 1));
    require(pipe(ends) == 0, "pipe");
    show("no socket", listen(ends[0], 1));
    show("no socket", send(ends[1], "x", 1, 0));
    const int each = socket(AF_UNIX, SOCK_STREAM, 0);
    int value = 1;
    socklen_t size = sizeof value;
    show("unknown option", setsockopt(each, SOL_SOCKET, 999, &value, sizeof value));
    show("unknown level", setsockopt(each, IPPROTO_TCP, 1, &value, sizeof value));
    show("short option", setsockopt(each, SOL_SOCKET, SO_REUSEADDR, &value, 2));
    show("SO_TYPE", getsockopt(each, SOL_SOCKET, SO_TYPE, &value, &size));
    std::printf("type %d\n", value);
    for (const int name : {SO_SNDBUF, SO_RCVBUF}) {
        value = 10000;
        require(setsockopt(each, SOL_SOCKET, name, &value, sizeof value) == 0, "setsockopt");
        require(getsockopt(each, SOL_SOCKET, name, &value, &size) == 0, "getsockopt");
        std::printf("buffer %d\n", value);
        value = 1;
        require(setsockopt(each, SOL_SOCKET, name, &value, sizeof value) == 0, "setsockopt");
        require(getsockopt(each, SOL_SOCKET, name, &value, &size) == 0, "getsockopt");
        std::printf("smallest %d\n", value);
    }
    close(each);
    close(ends[0]);
    close(ends[1]);
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    streams();
    endings();
    bulk();
    names();
    waiting();
    misuse();
    return 0;
}

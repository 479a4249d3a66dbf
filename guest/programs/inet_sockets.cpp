// SPDX-License-Identifier: MIT
// TCP over the loopback interface: connections from their opening to each way in which they end,
// and the error that each misuse gives.
#include <csignal>
#include <ctime>
#include <initializer_list>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"
#include "guest/programs/inet_names.h"
#include "guest/programs/sockets.h"

namespace {

int error_of(int descriptor) {
    int error = -1;
    socklen_t size = sizeof error;
    require(getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0, "SO_ERROR");
    return error;
}

void show_error(const char* name, int descriptor) {
    const int error = error_of(descriptor);
    std::printf("%s: %s\n", name, error == 0 ? "none" : strerrorname_np(error));
}

void connections() {
    std::printf("-- connections\n");
    const Listener listener;
    show_events("listening", listener.descriptor);
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    show_events("fresh", client);
    show("connect", connect_to(client, listener.address));
    show("connect again", connect_to(client, listener.address));
    show_events("connection waits", listener.descriptor, 1000);
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const int server = accept(listener.descriptor, reinterpret_cast<sockaddr*>(&peer), &size);
    require(server >= 0, "accept");
    show_address("accepted from", peer, name_of(client).sin_port);
    show_address("client's name", name_of(client), peer.sin_port);
    show_address("server's name", name_of(server), listener.address.sin_port);
    size = sizeof peer;
    show("getpeername", getpeername(client, reinterpret_cast<sockaddr*>(&peer), &size));
    show_address("client's peer", peer, listener.address.sin_port);
    show_events("connected", client);
    char buffer[32];
    show_value("send", send(client, "hello", 5, 0));
    show_events("data", server, 1000);
    int waiting = 0;
    show("FIONREAD", ioctl(server, FIONREAD, &waiting));
    std::printf("waiting: %d\n", waiting);
    show_text("peek", recv(server, buffer, 3, MSG_PEEK), buffer);
    show_text("receive", recv(server, buffer, 3, 0), buffer);
    show_text("receive the rest", recv(server, buffer, 32, 0), buffer);
    show_text("nothing", recv(server, buffer, 32, MSG_DONTWAIT), buffer);
    show_value("sendto ignores the address",
               sendto(server, "back", 4, 0, reinterpret_cast<sockaddr*>(&peer), sizeof peer));
    size = sizeof peer;
    show_text("recvfrom",
              recvfrom(client, buffer, 32, 0, reinterpret_cast<sockaddr*>(&peer), &size), buffer);
    std::printf("size of the address: %u\n", size);
    iovec parts[] = {{const_cast<char*>("gath"), 4}, {const_cast<char*>("ered"), 4}};
    show_value("writev", writev(client, parts, 2));
    show_text("read", recv(server, buffer, 8, MSG_WAITALL), buffer);
    show_value("MSG_MORE", send(client, "one ", 4, MSG_MORE));
    show_value("and the rest", send(client, "piece", 5, 0));
    show_text("together", recv(server, buffer, 9, MSG_WAITALL), buffer);
    require(send(client, "thrown away", 11, 0) == 11, "send");
    show_events("data", server, 1000);
    show_value("MSG_TRUNC", recv(server, nullptr, 7, MSG_TRUNC));
    show_text("what is left", recv(server, buffer, 32, 0), buffer);
    show("urgent data in vain", recv(server, buffer, 1, MSG_OOB));
    close(client);
    close(server);
}

void endings() {
    std::printf("-- endings\n");
    signal(SIGPIPE, SIG_IGN);
    const Listener listener;
    char buffer[16];
    {
        const Pair pair(listener);
        require(send(pair.client, "bye", 3, 0) == 3, "send");
        show("shutdown", shutdown(pair.client, SHUT_WR));
        show_text("what was sent", recv(pair.server, buffer, 16, 0), buffer);
        show_text("the end", recv(pair.server, buffer, 16, 0), buffer);
        show_events("half closed", pair.server);
        show_events("other half", pair.client);
        show("send after shutdown", send(pair.client, "x", 1, 0));
        show_value("the other way", send(pair.server, "still open", 10, 0));
        show_text("arrives", recv(pair.client, buffer, 16, 0), buffer);
        show("shutdown", shutdown(pair.server, SHUT_WR));
        show_text("the end", recv(pair.client, buffer, 16, 0), buffer);
        show_events("closed", pair.client);
        show("shutdown again", shutdown(pair.client, SHUT_RDWR));
    }
    {
        const Pair pair(listener);
        require(send(pair.client, "unread", 6, 0) == 6, "send");
        show_events("data", pair.server, 1000, POLLIN);
        close(pair.server);
        show_events("reset", pair.client, 1000, POLLIN);
        show_text("receive", recv(pair.client, buffer, 16, 0), buffer);
        show_text("and again", recv(pair.client, buffer, 16, 0), buffer);
        show("send", send(pair.client, "x", 1, 0));
    }
    {
        const Pair pair(listener);
        const linger hard{1, 0};
        require(setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &hard, sizeof hard) == 0, "linger");
        close(pair.server);
        show_events("aborted", pair.client, 1000, POLLIN);
        show_error("error", pair.client);
        show_error("told once", pair.client);
        show("send", send(pair.client, "x", 1, MSG_NOSIGNAL));
    }
    {
        const Pair pair(listener);
        close(pair.server);
        show_events("peer gone", pair.client, 1000, POLLRDHUP);
        show_value("first send", send(pair.client, "x", 1, 0));
        show_events("answered", pair.client, 1000, POLLERR);
        show("second send", send(pair.client, "x", 1, 0));
        show("third send", send(pair.client, "x", 1, 0));
        show_text("receive", recv(pair.client, buffer, 16, 0), buffer);
    }
    {
        const Pair pair(listener);
        const linger patient{1, 5};
        require(setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &patient, sizeof patient) == 0,
                "linger");
        require(send(pair.client, "last", 4, 0) == 4, "send");
        show("close with time", close(pair.client));
        show_text("arrived", recv(pair.server, buffer, 16, 0), buffer);
    }
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGPIPE, SIG_DFL);
        const Pair pair(listener);
        require(shutdown(pair.client, SHUT_WR) == 0, "shutdown");
        _exit(static_cast<int>(write(pair.client, "x", 1)));
    }
    int status;
    require(waitpid(child, &status, 0) == child, "waitpid");
    std::printf("SIGPIPE: %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

void refusals() {
    std::printf("-- refusals\n");
    sockaddr_in nobody;
    {
        const Listener listener;
        nobody = listener.address;
    }
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    show("non-blocking connect", connect_to(client, nobody));
    show_events("refused", client, 1000);
    show_error("error", client);
    const Listener listener;
    const int late = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    show("non-blocking connect", connect_to(late, listener.address));
    show_events("connected", late, 1000, POLLOUT);
    show_error("error", late);
    show("connect tells of success", connect_to(late, listener.address));
    show("and then", connect_to(late, listener.address));
    close(late);
    close(client);
    const int blocking = socket(AF_INET, SOCK_STREAM, 0);
    show("blocking connect", connect_to(blocking, nobody));
    show("may be tried again", connect_to(blocking, listener.address));
    close(blocking);
    const int lost = socket(AF_INET, SOCK_STREAM, 0);
    char byte;
    show("receive unconnected", recv(lost, &byte, 1, 0));
    show("send unconnected", send(lost, "x", 1, MSG_NOSIGNAL));
    show("shutdown unconnected", shutdown(lost, SHUT_WR));
    sockaddr_in address{};
    socklen_t size = sizeof address;
    show("getpeername", getpeername(lost, reinterpret_cast<sockaddr*>(&address), &size));
    show("accept without listen", accept(lost, nullptr, nullptr));
    address = address_of("127.0.0.1", nobody.sin_port);
    show("short address", connect(lost, reinterpret_cast<sockaddr*>(&address), 8));
    address.sin_family = AF_UNIX;
    show("wrong family", connect_to(lost, address));
    show("bind wrong family", bind_to(lost, address));
    show("bind elsewhere", bind_to(lost, address_of("192.0.2.1", 0)));
    close(lost);
}

void bulk() {
    std::printf("-- bulk\n");
    constexpr size_t total = 2'000'000;
    const Listener listener;
    const pid_t child = fork();
    if (child == 0) {
        const int client = socket(AF_INET, SOCK_STREAM, 0);
        require(connect_to(client, listener.address) == 0, "connect");
        static char bytes[100'000];
        for (size_t sent = 0; sent < total;) {
            for (size_t i = 0; i < sizeof bytes; ++i) {
                bytes[i] = static_cast<char>((sent + i) * 7 / 5);
            }
            require(send(client, bytes, sizeof bytes, 0) == sizeof bytes, "send");
            sent += sizeof bytes;
        }
        _exit(0);
    }
    const int server = accept(listener.descriptor, nullptr, nullptr);
    static char bytes[77'777];
    size_t got = 0;
    size_t wrong = 0;
    for (ssize_t count; (count = recv(server, bytes, sizeof bytes, MSG_WAITALL)) > 0;) {
        for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
            wrong += bytes[i] != static_cast<char>((got + i) * 7 / 5);
        }
        got += static_cast<size_t>(count);
    }
    require(waitpid(child, nullptr, 0) == child, "waitpid");
    close(server);
    std::printf("got %zu bytes, %zu of them wrong\n", got, wrong);
}

/// A server that serves several clients at once by poll, each of which asks many times.
void many_clients() {
    std::printf("-- many clients\n");
    constexpr int clients = 8;
    constexpr int questions = 20;
    const Listener listener;
    for (int i = 0; i < clients; ++i) {
        if (fork() == 0) {
            const int client = socket(AF_INET, SOCK_STREAM, 0);
            require(connect_to(client, listener.address) == 0, "connect");
            for (int question = 0; question < questions; ++question) {
                int value = i * 1000 + question;
                require(send(client, &value, sizeof value, 0) == sizeof value, "send");
                int answer = 0;
                require(recv(client, &answer, sizeof answer, MSG_WAITALL) == sizeof answer, "recv");
                require(answer == value * 2, "answer");
            }
            _exit(0);
        }
    }
    pollfd entries[clients + 1];
    entries[0] = {listener.descriptor, POLLIN, 0};
    nfds_t used = 1;
    int closed = 0;
    long answered = 0;
    while (closed < clients) {
        require(poll(entries, used, 10000) > 0, "poll");
        for (nfds_t i = used; i-- > 0;) {
            if (entries[i].revents == 0) {
                continue;
            }
            if (i == 0) {
                entries[used++] = {accept(listener.descriptor, nullptr, nullptr), POLLIN, 0};
                continue;
            }
            int value;
            if (recv(entries[i].fd, &value, sizeof value, 0) == sizeof value) {
                value *= 2;
                require(send(entries[i].fd, &value, sizeof value, 0) == sizeof value, "send");
                ++answered;
            } else {
                close(entries[i].fd);
                entries[i].fd = -1;
                ++closed;
            }
        }
    }
    int failed = 0;
    for (int i = 0; i < clients; ++i) {
        int status;
        failed += wait(&status) < 0 || status != 0;
    }
    std::printf("answered %ld questions, %d clients failed\n", answered, failed);
}

void waiting() {
    std::printf("-- waiting\n");
    const Listener listener;
    const Pair pair(listener);
    char buffer[16];
    const timeval limit{0, 20000};
    require(setsockopt(pair.client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0, "timeout");
    show("receive in vain", recv(pair.client, buffer, 16, 0));
    require(setsockopt(listener.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0,
            "timeout");
    show("accept in vain", accept(listener.descriptor, nullptr, nullptr));
    struct sigaction action{};
    action.sa_handler = [](int) {};
    require(sigaction(SIGALRM, &action, nullptr) == 0, "sigaction");
    const itimerval soon{{0, 0}, {0, 20000}};
    require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
    show("interrupted", recv(pair.server, buffer, 16, 0));
    require(fcntl(pair.client, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    static char bytes[65536];
    ssize_t result;
    size_t sent = 0;
    while ((result = send(pair.client, bytes, sizeof bytes, 0)) > 0) {
        sent += static_cast<size_t>(result);
    }
    show("full", result);
    show_events("full", pair.client, 0, POLLOUT);
    size_t got = 0;
    while (got < sent && (result = recv(pair.server, bytes, sizeof bytes, 0)) > 0) {
        got += static_cast<size_t>(result);
    }
    std::printf("all came: %d\n", got == sent);
    show_events("writable again", pair.client, 1000, POLLOUT);
}

/// Many short connections, so that ends, ports and records of the past come and go.
void short_connections() {
    std::printf("-- short connections\n");
    const Listener listener;
    int served = 0;
    for (int i = 0; i < 200; ++i) {
        const Pair pair(listener);
        char byte = static_cast<char>(i);
        require(send(pair.client, &byte, 1, 0) == 1, "send");
        char got = 0;
        require(recv(pair.server, &got, 1, 0) == 1 && got == byte, "recv");
        ++served;
    }
    std::printf("served %d\n", served);
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    connections();
    endings();
    refusals();
    bulk();
    many_clients();
    waiting();
    short_connections();
    return 0;
}

// SPDX-License-Identifier: MIT
// AF_INET6 sockets over the loopback interface: connections and datagrams of both versions of IP,
// and the error that each misuse gives.
#include <initializer_list>

#include "guest/programs/check.h"
#include "guest/programs/inet6_names.h"
#include "guest/programs/inet_names.h"
#include "guest/programs/sockets.h"

namespace {

/// The bytes that a client sends arrive, and so does the answer.
void exchange(int client, int server) {
    char buffer[16];
    show_value("question", send(client, "question", 8, 0));
    show_text("arrives", recv(server, buffer, 16, 0), buffer);
    show_value("answer", send(server, "answer", 6, 0));
    show_text("arrives", recv(client, buffer, 16, 0), buffer);
}

/// Connects `client`, of either family, to `listener`, and shows how each side sees the other.
void meet(const char* name, int client, const Listener6& listener) {
    sockaddr_in6 peer{};
    socklen_t size = sizeof peer;
    const int server = accept(listener.descriptor, reinterpret_cast<sockaddr*>(&peer), &size);
    require(server >= 0, "accept");
    std::printf("%s: %u bytes of name\n", name, size);
    show_address6("accepted from", peer, peer.sin6_port);
    show_address6("server's name", name_of<sockaddr_in6>(server), listener.address.sin6_port);
    exchange(client, server);
    close(server);
}

void connections() {
    std::printf("-- connections\n");
    const Listener6 listener("::1");
    show_address6("listener", listener.address, listener.address.sin6_port);
    const int client = socket(AF_INET6, SOCK_STREAM, 0);
    show_address6("fresh", name_of<sockaddr_in6>(client), 0);
    show("connect", connect_to(client, listener.address));
    show_address6("client's name", name_of<sockaddr_in6>(client),
                  name_of<sockaddr_in6>(client).sin6_port);
    meet("::1", client, listener);
    close(client);
    const int old = socket(AF_INET6, SOCK_STREAM, 0);
    show("24 bytes are enough", connect_to(old, listener.address, 24));
    meet("again", old, listener);
    close(old);
    const int any = socket(AF_INET6, SOCK_STREAM, 0);
    show("connect to any address", connect_to(any, address6_of("::", listener.address.sin6_port)));
    sockaddr_in6 peer{};
    socklen_t size = sizeof peer;
    show("getpeername", getpeername(any, reinterpret_cast<sockaddr*>(&peer), &size));
    show_address6("which is", peer, listener.address.sin6_port);
    size = 10;
    show("with little room", getsockname(any, reinterpret_cast<sockaddr*>(&peer), &size));
    std::printf("the size of all: %u\n", size);
    close(any);
    const int four = socket(AF_INET, SOCK_STREAM, 0);
    show("IPv4 to ::1's port",
         connect_to(four, address_of("127.0.0.1", listener.address.sin6_port)));
    close(four);
}

void both_versions() {
    std::printf("-- both versions\n");
    const Listener6 listener("::");
    const in_port_t port = listener.address.sin6_port;
    const int six = socket(AF_INET6, SOCK_STREAM, 0);
    show("IPv6", connect_to(six, address6_of("::1", port)));
    meet("IPv6", six, listener);
    close(six);
    const int four = socket(AF_INET, SOCK_STREAM, 0);
    show("IPv4", connect_to(four, address_of("127.0.0.1", port)));
    meet("IPv4", four, listener);
    close(four);
    const int mapped = socket(AF_INET6, SOCK_STREAM, 0);
    show("mapped", connect_to(mapped, address6_of("::ffff:127.0.0.1", port)));
    show_address6("own name", name_of<sockaddr_in6>(mapped),
                  name_of<sockaddr_in6>(mapped).sin6_port);
    meet("mapped", mapped, listener);
    close(mapped);
    const Listener6 only("::", 1);
    const int refused = socket(AF_INET, SOCK_STREAM, 0);
    show("IPv4 where it is not taken",
         connect_to(refused, address_of("127.0.0.1", only.address.sin6_port)));
    close(refused);
    const int strict = socket(AF_INET6, SOCK_STREAM, 0);
    const int on = 1;
    show("IPV6_V6ONLY", setsockopt(strict, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
    show("mapped from one that does without",
         connect_to(strict, address6_of("::ffff:127.0.0.1", port)));
    close(strict);
    const Listener plain;
    const int upward = socket(AF_INET6, SOCK_STREAM, 0);
    show("to a socket of IPv4",
         connect_to(upward, address6_of("::ffff:127.0.0.1", plain.address.sin_port)));
    const int server = accept(plain.descriptor, nullptr, nullptr);
    require(server >= 0, "accept");
    exchange(upward, server);
    close(server);
    close(upward);
}

void refusals() {
    std::printf("-- refusals\n");
    in_port_t nobody;
    {
        const Listener6 listener("::1");
        nobody = listener.address.sin6_port;
    }
    const int client = socket(AF_INET6, SOCK_STREAM, 0);
    show("nobody there", connect_to(client, address6_of("::1", nobody)));
    show("nobody there, mapped", connect_to(client, address6_of("::ffff:127.0.0.1", nobody)));
    close(client);
    const int lost = socket(AF_INET6, SOCK_STREAM, 0);
    show("connect, short", connect_to(lost, address6_of("::1", nobody), 23));
    show("bind, short", bind_to(lost, address6_of("::1", 0), 23));
    const sockaddr_in four = address_of("127.0.0.1", nobody);
    show("connect to IPv4's form", connect_to(lost, four));
    show("bind to IPv4's form", bind_to(lost, four));
    sockaddr_in6 other = address6_of("::1", 0);
    other.sin6_family = AF_INET;
    show("bind, wrong family", bind_to(lost, other));
    show("connect, wrong family", connect_to(lost, other));
    show("bind elsewhere", bind_to(lost, address6_of("2001:db8::1", 0)));
    show("bind elsewhere, mapped", bind_to(lost, address6_of("::ffff:192.0.2.1", 0)));
    show("bind to many", bind_to(lost, address6_of("ff02::1", 0)));
    show("bind without its interface", bind_to(lost, address6_of("fe80::1", 0)));
    show("connect without its interface", connect_to(lost, address6_of("fe80::1", 1)));
    show("connect to many", connect_to(lost, address6_of("ff0e::1", 1)));
    sockaddr_in6 scoped = address6_of("fe80::1", 0);
    scoped.sin6_scope_id = 12345;
    show("bind to an interface that is not", bind_to(lost, scoped));
    close(lost);
    const int strict = socket(AF_INET6, SOCK_STREAM, 0);
    const int on = 1;
    require(setsockopt(strict, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0, "IPV6_V6ONLY");
    show("bind mapped where it is not taken", bind_to(strict, address6_of("::ffff:127.0.0.1", 0)));
    close(strict);
    const int mapped = socket(AF_INET6, SOCK_STREAM, 0);
    show("bind mapped", bind_to(mapped, address6_of("::ffff:127.0.0.1", 0)));
    show_address6("name", name_of<sockaddr_in6>(mapped), name_of<sockaddr_in6>(mapped).sin6_port);
    show("bind again", bind_to(mapped, address6_of("::1", 0)));
    show("IPv6 from there", connect_to(mapped, address6_of("::1", nobody)));
    close(mapped);
    const int six = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in6 form = address6_of("::1", nobody);
    show("IPv4 to IPv6's form", connect_to(six, form));
    show("IPv4 bound to IPv6's form", bind_to(six, form));
    close(six);
    show("unknown protocol", socket(AF_INET6, SOCK_STREAM, IPPROTO_UDP));
    show("sequenced packets", socket(AF_INET6, SOCK_SEQPACKET, 0));
    int ends[2];
    show("socketpair", socketpair(AF_INET6, SOCK_STREAM, 0, ends));
}

/// One socket that holds a port, and another that wants it.
struct Claim {
    int family;
    const char* address;
    int only;
};

int claim(const Claim& wanted, in_port_t port, int reuse, int type) {
    const int made = socket(wanted.family, type, 0);
    require(setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) == 0, "SO_REUSEADDR");
    if (wanted.family == AF_INET6) {
        require(setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &wanted.only, sizeof wanted.only) == 0,
                "IPV6_V6ONLY");
    }
    const int result = wanted.family == AF_INET6 ? bind_to(made, address6_of(wanted.address, port))
                                                 : bind_to(made, address_of(wanted.address, port));
    const int error = errno;
    if (result != 0) {
        close(made);
        errno = error;
        return -1;
    }
    return made;
}

/// A port that nobody has at any address, outside the range from which ports are given to those who
/// do not care: other programs of the host do not get in the way.
in_port_t free_port(int type) {
    static unsigned next = static_cast<unsigned>(getpid());
    for (;;) {
        const in_port_t port = htons(static_cast<in_port_t>(10000 + next++ % 10000));
        const int holder = claim({AF_INET6, "::", 0}, port, 0, type);
        if (holder >= 0) {
            close(holder);
            return port;
        }
    }
}

/// Every pair of places, as bind decides it.
void conflicts(int type, int reuse, bool listens) {
    std::printf("-- conflicts, type %d, SO_REUSEADDR %d, listening %d\n", type, reuse, listens);
    constexpr Claim claims[] = {{AF_INET, "0.0.0.0", 0},
                                {AF_INET, "127.0.0.1", 0},
                                {AF_INET, "127.0.0.2", 0},
                                {AF_INET6, "::", 0},
                                {AF_INET6, "::", 1},
                                {AF_INET6, "::1", 0},
                                {AF_INET6, "::ffff:127.0.0.1", 0},
                                {AF_INET6, "::ffff:0.0.0.0", 0}};
    for (const Claim& first : claims) {
        std::printf("%s%s:", first.address, first.only != 0 ? " only" : "");
        for (const Claim& second : claims) {
            const in_port_t port = free_port(type);
            const int holder = claim(first, port, reuse, type);
            require(holder >= 0, "a free port");
            if (listens) {
                require(listen(holder, 1) == 0, "listen");
            }
            const int other = claim(second, port, reuse, type);
            std::printf(" %s", other >= 0 ? "yes" : errno == EADDRINUSE ? "no" : "?");
            if (other >= 0) {
                close(other);
            }
            close(holder);
        }
        std::printf("\n");
    }
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    connections();
    both_versions();
    refusals();
    conflicts(SOCK_STREAM, 0, false);
    conflicts(SOCK_STREAM, 1, false);
    conflicts(SOCK_STREAM, 1, true);
    conflicts(SOCK_DGRAM, 0, false);
    return 0;
}

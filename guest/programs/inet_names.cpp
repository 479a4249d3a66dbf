// SPDX-License-Identifier: MIT
// AF_INET sockets over the loopback interface: who may be bound where, datagrams, options,
// interfaces.
#include <initializer_list>

#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "guest/programs/check.h"
#include "guest/programs/inet_names.h"
#include "guest/programs/sockets.h"

namespace {

void names() {
    std::printf("-- names\n");
    const Listener listener;
    const int other = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    show("port in use", bind_to(other, listener.address));
    sockaddr_in any = listener.address;
    any.sin_addr.s_addr = INADDR_ANY;
    show("port in use, any address", bind_to(other, any));
    sockaddr_in beside = address_of("127.0.0.2", listener.address.sin_port);
    show("same port, another address", bind_to(other, beside));
    show("bind again", bind_to(other, address_of("127.0.0.1", 0)));
    show("listen", listen(other, 1));
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    show("connect to the other", connect_to(client, beside));
    show_address("seen as", name_of(client), name_of(client).sin_port);
    close(client);
    close(other);
    const int reusing = socket(AF_INET, SOCK_STREAM, 0);
    require(setsockopt(reusing, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0, "setsockopt");
    show("SO_REUSEADDR against a listener", bind_to(reusing, listener.address));
    close(reusing);
    sockaddr_in served;
    {
        const Listener first;
        served = first.address;
        const Pair pair(first);
        shutdown(pair.server, SHUT_WR);  // the server's side will remember the connection
        char byte;
        require(recv(pair.client, &byte, 1, 0) == 0, "recv");
        shutdown(pair.client, SHUT_WR);
        require(recv(pair.server, &byte, 1, 0) == 0, "recv");
    }
    const int restarted = socket(AF_INET, SOCK_STREAM, 0);
    show("restart without SO_REUSEADDR", bind_to(restarted, served));
    close(restarted);
    {
        const int first = socket(AF_INET, SOCK_STREAM, 0);
        require(setsockopt(first, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0, "setsockopt");
        require(bind_to(first, address_of("127.0.0.1", 0)) == 0 && listen(first, 1) == 0, "listen");
        served = name_of(first);
        const int connected = socket(AF_INET, SOCK_STREAM, 0);
        require(connect_to(connected, served) == 0, "connect");
        const int accepted = accept(first, nullptr, nullptr);
        close(first);
        const int second = socket(AF_INET, SOCK_STREAM, 0);
        require(setsockopt(second, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0, "setsockopt");
        show("restart with SO_REUSEADDR", bind_to(second, served));
        show("listen", listen(second, 1));
        close(second);
        close(connected);
        close(accepted);
    }
    const int unbound = socket(AF_INET, SOCK_STREAM, 0);
    show("listen unbound", listen(unbound, 1));
    const sockaddr_in given = name_of(unbound);
    show_address("given name", given, given.sin_port);
    std::printf("has a port: %d\n", given.sin_port != 0);
    close(unbound);
    const int zero = socket(AF_INET, SOCK_STREAM, 0);
    show("connect to any address",
         connect_to(zero, address_of("0.0.0.0", listener.address.sin_port)));
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    require(getpeername(zero, reinterpret_cast<sockaddr*>(&peer), &size) == 0, "getpeername");
    show_address("which is", peer, listener.address.sin_port);
    close(zero);
}

void datagrams() {
    std::printf("-- datagrams\n");
    const int receiver = socket(AF_INET, SOCK_DGRAM, 0);
    const int sender = socket(AF_INET, SOCK_DGRAM, 0);
    show_events("fresh", receiver);
    show("bind", bind_to(receiver, address_of("127.0.0.1", 0)));
    const sockaddr_in to = name_of(receiver);
    char buffer[32];
    const auto send_to = [&](const sockaddr_in& where, const char* text) {
        return sendto(sender, text, std::strlen(text), 0, reinterpret_cast<const sockaddr*>(&where),
                      sizeof where);
    };
    show("send to nobody in particular", send(sender, "x", 1, 0));
    show_value("sendto", send_to(to, "first"));
    show_value("sendto", send_to(to, ""));
    show_value("sendto", send_to(to, "second message"));
    show_events("data", receiver, 1000);
    sockaddr_in source{};
    socklen_t size = sizeof source;
    show_text("receive",
              recvfrom(receiver, buffer, 32, 0, reinterpret_cast<sockaddr*>(&source), &size),
              buffer);
    show_address("from", source, name_of(sender).sin_port);
    show_text("receive", recv(receiver, buffer, 32, 0), buffer);
    show_value("receive a part", recv(receiver, buffer, 6, MSG_TRUNC));
    show_text("the rest is lost", recv(receiver, buffer, 32, MSG_DONTWAIT), buffer);
    show("connect", connect_to(receiver, source));
    show_value("send", send(receiver, "answer", 6, 0));
    show_text("answer", recv(sender, buffer, 32, 0), buffer);
    const int stranger = socket(AF_INET, SOCK_DGRAM, 0);
    require(
        sendto(stranger, "stranger", 8, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 8,
        "sendto");
    show_text("not heard", recv(receiver, buffer, 32, MSG_DONTWAIT), buffer);
    close(stranger);
    static char large[70'000];
    show("too large", send(receiver, large, sizeof large, 0));
    show_value("the largest", send(receiver, large, 65507, 0));
    show_value("arrives", recv(sender, large, sizeof large, 0));
    close(sender);
    show_value("to a port that is closed", send(receiver, "x", 1, 0));
    show_events("told", receiver, 1000, POLLIN);
    show("receive", recv(receiver, buffer, 32, MSG_DONTWAIT));
    show("and then", recv(receiver, buffer, 32, MSG_DONTWAIT));
    sockaddr_in none{};
    none.sin_family = AF_UNSPEC;
    show("disconnect", connect_to(receiver, none));
    show("send", send(receiver, "x", 1, 0));
    const int second = socket(AF_INET, SOCK_DGRAM, 0);
    show("port in use", bind_to(second, to));
    show("listen", listen(second, 1));
    close(second);
    close(receiver);
}

void options() {
    std::printf("-- options\n");
    const Listener listener;
    const Pair pair(listener);
    int value = 1;
    socklen_t size = sizeof value;
    show("TCP_NODELAY", setsockopt(pair.client, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value));
    value = 0;
    show("TCP_NODELAY", getsockopt(pair.client, IPPROTO_TCP, TCP_NODELAY, &value, &size));
    std::printf("no delay: %d\n", value != 0);
    for (const int name : {TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_CORK}) {
        value = -1;
        require(getsockopt(pair.client, IPPROTO_TCP, name, &value, &size) == 0, "getsockopt");
        std::printf("option %d: %d\n", name, value);
    }
    value = 0;
    show("TCP_KEEPIDLE 0",
         setsockopt(pair.client, IPPROTO_TCP, TCP_KEEPIDLE, &value, sizeof value));
    show("unknown TCP option", setsockopt(pair.client, IPPROTO_TCP, 999, &value, sizeof value));
    show("unknown level", setsockopt(pair.client, 999, 1, &value, sizeof value));
    tcp_info information{};
    size = sizeof information;
    show("TCP_INFO", getsockopt(pair.client, IPPROTO_TCP, TCP_INFO, &information, &size));
    std::printf("established: %d\n", information.tcpi_state == TCP_ESTABLISHED);
    size = sizeof value;
    for (const int name : {SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ACCEPTCONN, SO_REUSEADDR,
                           SO_KEEPALIVE, SO_BROADCAST}) {
        require(getsockopt(listener.descriptor, SOL_SOCKET, name, &value, &size) == 0,
                "getsockopt");
        std::printf("option %d: %d\n", name, value);
    }
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    show("SIOCGIFADDR", ioctl(pair.client, SIOCGIFADDR, &request));
    sockaddr_in address;
    std::memcpy(&address, &request.ifr_addr, sizeof address);
    show_address("lo", address, 0);
    show("SIOCGIFMTU", ioctl(pair.client, SIOCGIFMTU, &request));
    std::printf("MTU %d\n", request.ifr_mtu);
    std::strcpy(request.ifr_name, "none0");
    show("no such interface", ioctl(pair.client, SIOCGIFADDR, &request));
    show("not a terminal", ioctl(pair.client, TCGETS, &request));
    show("SO_REUSEPORT twice", [] {
        const int on = 1;
        const int first = socket(AF_INET, SOCK_STREAM, 0);
        const int second = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(first, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        setsockopt(second, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        require(bind_to(first, address_of("127.0.0.1", 0)) == 0 && listen(first, 1) == 0, "listen");
        const int result = bind_to(second, name_of(first));
        const int listening = result == 0 ? listen(second, 1) : result;
        close(first);
        close(second);
        return listening;
    }());
    show("unknown protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    show("sequenced packets", socket(AF_INET, SOCK_SEQPACKET, 0));
    show("socketpair", [] {
        int ends[2];
        return socketpair(AF_INET, SOCK_STREAM, 0, ends);
    }());
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    names();
    datagrams();
    options();
    return 0;
}

// SPDX-License-Identifier: MIT
// Datagrams of AF_INET6 sockets, what comes beside their bytes, and the options of IPv6.
#include <cstddef>
#include <initializer_list>

#include <poll.h>
#include <sys/uio.h>

#include "guest/programs/check.h"
#include "guest/programs/inet6_names.h"
#include "guest/programs/inet_names.h"
#include "guest/programs/sockets.h"

namespace {

ssize_t send6_to(int descriptor, const sockaddr_in6& to, const char* text,
                 socklen_t size = sizeof(sockaddr_in6)) {
    return sendto(descriptor, text, std::strlen(text), 0, reinterpret_cast<const sockaddr*>(&to),
                  size);
}

ssize_t send4_to(int descriptor, const sockaddr_in& to, const char* text) {
    return sendto(descriptor, text, std::strlen(text), 0, reinterpret_cast<const sockaddr*>(&to),
                  sizeof to);
}

void receive_from(const char* name, int descriptor) {
    char buffer[32];
    sockaddr_in6 from{};
    socklen_t size = sizeof from;
    show_text(name, recvfrom(descriptor, buffer, 32, 0, reinterpret_cast<sockaddr*>(&from), &size),
              buffer);
    std::printf("size of the address: %u\n", size);
    show_address6("from", from, from.sin6_port);
}

void datagrams() {
    std::printf("-- datagrams\n");
    const int receiver = socket(AF_INET6, SOCK_DGRAM, 0);
    show("bind", bind_to(receiver, address6_of("::", 0)));
    const in_port_t port = name_of<sockaddr_in6>(receiver).sin6_port;
    const int sender = socket(AF_INET6, SOCK_DGRAM, 0);
    show("send to nobody in particular", send(sender, "x", 1, 0));
    show_value("sendto", send6_to(sender, address6_of("::1", port), "by IPv6"));
    receive_from("receive", receiver);
    show_value("any address", send6_to(sender, address6_of("::", port), "to any"));
    receive_from("receive", receiver);
    show_value("mapped", send6_to(sender, address6_of("::ffff:127.0.0.1", port), "mapped"));
    receive_from("receive", receiver);
    show_value("IPv4's form", send4_to(sender, address_of("127.0.0.1", port), "plain form"));
    receive_from("receive", receiver);
    const int four = socket(AF_INET, SOCK_DGRAM, 0);
    show_value("from IPv4", send4_to(four, address_of("127.0.0.1", port), "plain"));
    receive_from("receive", receiver);
    show("IPv4 to IPv6's form", send6_to(four, address6_of("::1", port), "x"));
    show("short", send6_to(sender, address6_of("::1", port), "x", 23));
    show("no port", send6_to(sender, address6_of("::1", 0), "x"));
    sockaddr_in6 wrong = address6_of("::1", port);
    wrong.sin6_family = AF_UNIX;
    show("wrong family", send6_to(sender, wrong, "x"));
    const int strict = socket(AF_INET6, SOCK_DGRAM, 0);
    const int on = 1;
    require(setsockopt(strict, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0, "IPV6_V6ONLY");
    show("mapped where it is not spoken",
         send6_to(strict, address6_of("::ffff:127.0.0.1", port), "x"));
    show("IPv4's form there", send4_to(strict, address_of("127.0.0.1", port), "x"));
    show("connect to IPv4's form there", connect_to(strict, address_of("127.0.0.1", port)));
    static char large[70'000];
    const sockaddr_in6 to = address6_of("::1", port);
    const auto send_many = [&](const sockaddr_in6& where, size_t count) {
        return sendto(sender, large, count, 0, reinterpret_cast<const sockaddr*>(&where),
                      sizeof where);
    };
    show("too large", send_many(to, 65528));
    show_value("the largest", send_many(to, 65527));
    show_value("arrives", recv(receiver, large, sizeof large, 0));
    show("too large, mapped", send_many(address6_of("::ffff:127.0.0.1", port), 65508));
    show_value("the largest, mapped", send_many(address6_of("::ffff:127.0.0.1", port), 65507));
    show_value("arrives", recv(receiver, large, sizeof large, 0));
    for (const int each : {receiver, sender, four, strict}) {
        close(each);
    }
}

void peers() {
    std::printf("-- peers\n");
    const int receiver = socket(AF_INET6, SOCK_DGRAM, 0);
    require(bind_to(receiver, address6_of("::1", 0)) == 0, "bind");
    const sockaddr_in6 place = name_of<sockaddr_in6>(receiver);
    const int sender = socket(AF_INET6, SOCK_DGRAM, 0);
    show("connect", connect_to(sender, place, 24));
    show_address6("own name", name_of<sockaddr_in6>(sender),
                  name_of<sockaddr_in6>(sender).sin6_port);
    show_value("send", send(sender, "hello", 5, 0));
    receive_from("receive", receiver);
    close(receiver);
    show_value("to a port that is closed", send(sender, "x", 1, 0));
    show_events("told", sender, 1000, POLLIN);
    char byte;
    show("receive", recv(sender, &byte, 1, MSG_DONTWAIT));
    show("and then", recv(sender, &byte, 1, MSG_DONTWAIT));
    show("connect, mapped", connect_to(sender, address6_of("::ffff:127.0.0.1", place.sin6_port)));
    const int other = socket(AF_INET6, SOCK_DGRAM, 0);
    show("connect, mapped", connect_to(other, address6_of("::ffff:127.0.0.1", place.sin6_port)));
    show_address6("own name", name_of<sockaddr_in6>(other), name_of<sockaddr_in6>(other).sin6_port);
    show_value("send", send(other, "x", 1, 0));
    show_events("told", other, 1000, POLLIN);
    show("receive", recv(other, &byte, 1, MSG_DONTWAIT));
    sockaddr_in6 none{};
    none.sin6_family = AF_UNSPEC;
    show("disconnect", connect_to(other, none));
    show_address6("own name", name_of<sockaddr_in6>(other), 0);
    show_value("IPv6 from now on", send6_to(other, place, "x"));
    close(sender);
    close(other);
}

/// Receives one datagram with its control messages, and shows them.
void show_controls(const char* name, int descriptor, size_t room = 256) {
    char buffer[16];
    alignas(cmsghdr) char control[256];
    iovec part{buffer, sizeof buffer};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = room;
    const ssize_t count = recvmsg(descriptor, &message, 0);
    require(count >= 0, "recvmsg");
    std::printf("%s: %zd bytes, flags %x\n", name, count, message.msg_flags);
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
         each = CMSG_NXTHDR(&message, each)) {
        std::printf("  level %d type %d:", each->cmsg_level, each->cmsg_type);
        const auto* bytes = CMSG_DATA(each);
        for (size_t i = 0; i < each->cmsg_len - CMSG_LEN(0); ++i) {
            std::printf(" %02x", bytes[i]);
        }
        std::printf("\n");
    }
}

/// Sends one byte with one control message.
template <typename T>
ssize_t send_with(int descriptor, const sockaddr_in6& to, int level, int type, const T& value) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof value)]{};
    auto* header = reinterpret_cast<cmsghdr*>(control);
    header->cmsg_len = CMSG_LEN(sizeof value);
    header->cmsg_level = level;
    header->cmsg_type = type;
    std::memcpy(CMSG_DATA(header), &value, sizeof value);
    char byte = 'x';
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_name = const_cast<sockaddr_in6*>(&to);
    message.msg_namelen = sizeof to;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    return sendmsg(descriptor, &message, 0);
}

void controls() {
    std::printf("-- controls\n");
    const int receiver = socket(AF_INET6, SOCK_DGRAM, 0);
    require(bind_to(receiver, address6_of("::", 0)) == 0, "bind");
    const sockaddr_in6 six = address6_of("::1", name_of<sockaddr_in6>(receiver).sin6_port);
    const sockaddr_in6 four = address6_of("::ffff:127.0.0.1", six.sin6_port);
    const int sender = socket(AF_INET6, SOCK_DGRAM, 0);
    require(send6_to(sender, six, "none") == 4, "sendto");
    show_controls("nothing asked for", receiver);
    const int on = 1;
    for (const int name : {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS}) {
        show("option", setsockopt(receiver, IPPROTO_IPV6, name, &on, sizeof on));
    }
    show("IP_RECVTTL", setsockopt(receiver, IPPROTO_IP, IP_RECVTTL, &on, sizeof on));
    show("IP_PKTINFO", setsockopt(receiver, IPPROTO_IP, IP_PKTINFO, &on, sizeof on));
    require(send6_to(sender, six, "all") == 3, "sendto");
    show_controls("all asked for", receiver);
    require(send6_to(sender, four, "mapped") == 6, "sendto");
    show_controls("mapped", receiver);
    require(send6_to(sender, six, "all") == 3, "sendto");
    show_controls("little room", receiver, 20);
    require(send6_to(sender, six, "all") == 3, "sendto");
    show_controls("no room", receiver, 0);
    in6_pktinfo source{};
    source.ipi6_addr = six.sin6_addr;
    show_value("IPV6_PKTINFO", send_with(sender, six, IPPROTO_IPV6, IPV6_PKTINFO, source));
    show_controls("arrives", receiver);
    source.ipi6_ifindex = 1;
    show_value("by lo", send_with(sender, six, IPPROTO_IPV6, IPV6_PKTINFO, source));
    show_controls("arrives", receiver);
    source.ipi6_addr.s6_addr[0] = 0x20;
    show("another's address", send_with(sender, six, IPPROTO_IPV6, IPV6_PKTINFO, source));
    show_value("IPV6_HOPLIMIT", send_with(sender, six, IPPROTO_IPV6, IPV6_HOPLIMIT, 7));
    show_controls("arrives", receiver);
    show_value("IPV6_TCLASS", send_with(sender, six, IPPROTO_IPV6, IPV6_TCLASS, 0x20));
    show_controls("arrives", receiver);
    show("IPV6_HOPLIMIT 256", send_with(sender, six, IPPROTO_IPV6, IPV6_HOPLIMIT, 256));
    show("a short one", send_with(sender, six, IPPROTO_IPV6, IPV6_HOPLIMIT, char{1}));
    show("IPV6_TCLASS -2", send_with(sender, six, IPPROTO_IPV6, IPV6_TCLASS, -2));
    show("unknown", send_with(sender, six, IPPROTO_IPV6, 999, 1));
    show_value("IP_TTL", send_with(sender, four, IPPROTO_IP, IP_TTL, 9));
    show_controls("arrives", receiver);
    const int hops = 33;
    show("IPV6_UNICAST_HOPS",
         setsockopt(sender, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof hops));
    require(send6_to(sender, six, "far") == 3, "sendto");
    show_controls("from so far", receiver);
    close(receiver);
    close(sender);
}

void show_option(int descriptor, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    const int result = getsockopt(descriptor, IPPROTO_IPV6, name, &value, &size);
    if (result != 0) {
        std::printf("option %d: %s\n", name, strerrorname_np(errno));
    } else {
        std::printf("option %d: %d, %u bytes\n", name, value, size);
    }
}

void options() {
    std::printf("-- options\n");
    const int one = socket(AF_INET6, SOCK_DGRAM, 0);
    constexpr int names[] = {IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP,
                             IPV6_MTU_DISCOVER, IPV6_RECVERR,        IPV6_V6ONLY,
                             IPV6_RECVPKTINFO,  IPV6_RECVHOPLIMIT,   IPV6_RECVTCLASS,
                             IPV6_TCLASS,       IPV6_DONTFRAG,       IPV6_AUTOFLOWLABEL};
    for (const int name : names) {
        show_option(one, name);
    }
    for (const int name : names) {
        for (const int value : {0, 1, 3, -1, -2, 255, 256}) {
            std::printf("%d to %d: ", name, value);
            show("set", setsockopt(one, IPPROTO_IPV6, name, &value, sizeof value));
            show_option(one, name);
        }
        const char byte = 1;
        show("one byte", setsockopt(one, IPPROTO_IPV6, name, &byte, sizeof byte));
    }
    const int on = 1;
    show("unknown", setsockopt(one, IPPROTO_IPV6, 999, &on, sizeof on));
    show_option(one, 999);
    close(one);
    const int bound = socket(AF_INET6, SOCK_DGRAM, 0);
    show("bind", bind_to(bound, address6_of("::1", 0)));
    show_option(bound, IPV6_V6ONLY);
    show("IPV6_V6ONLY too late", setsockopt(bound, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
    close(bound);
    const int four = socket(AF_INET, SOCK_DGRAM, 0);
    show("of IPv4", setsockopt(four, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
    show_option(four, IPV6_V6ONLY);
    close(four);
    const int stream = socket(AF_INET6, SOCK_STREAM, 0);
    show("hops for many", setsockopt(stream, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &on, sizeof on));
    for (const int name : {SO_TYPE, SO_PROTOCOL, SO_DOMAIN}) {
        int value = -1;
        socklen_t size = sizeof value;
        require(getsockopt(stream, SOL_SOCKET, name, &value, &size) == 0, "getsockopt");
        std::printf("socket option %d: %d\n", name, value);
    }
    close(stream);
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    datagrams();
    peers();
    controls();
    options();
    return 0;
}

// SPDX-License-Identifier: MIT
// AF_NETLINK: what NETLINK_ROUTE tells of the interface lo, what sockets of this family do, and the
// error that each misuse gives. Of other interfaces, which a host may have, nothing is shown.
#include <algorithm>
#include <cstddef>
#include <initializer_list>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"
#include "guest/programs/sockets.h"

namespace {

constexpr int lo = 1;

struct Request {
    nlmsghdr header{};
    char body[64]{};

    Request(int type, int flags) {
        header.nlmsg_len = NLMSG_LENGTH(0);
        header.nlmsg_type = static_cast<uint16_t>(type);
        header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
        header.nlmsg_seq = 77;
    }
    template <typename T>
    Request& fixed(const T& value) {
        std::memcpy(body, &value, sizeof value);
        header.nlmsg_len = NLMSG_LENGTH(sizeof value);
        return *this;
    }
    Request& attribute(int type, const void* value, size_t size) {
        const size_t at = NLMSG_ALIGN(header.nlmsg_len) - NLMSG_HDRLEN;
        const rtattr head{static_cast<unsigned short>(RTA_LENGTH(size)),
                          static_cast<unsigned short>(type)};
        std::memcpy(body + at, &head, sizeof head);
        std::memcpy(body + at + RTA_LENGTH(0), value, size);
        header.nlmsg_len = static_cast<uint32_t>(NLMSG_HDRLEN + at + RTA_LENGTH(size));
        return *this;
    }
};

int route_socket() {
    const int made = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    require(made >= 0, "socket");
    return made;
}

void ask(int descriptor, const Request& request) {
    require(send(descriptor, &request, request.header.nlmsg_len, 0) ==
                static_cast<ssize_t>(request.header.nlmsg_len),
            "send");
}

void show_bytes(const char* name, const void* bytes, size_t count) {
    std::printf("  %s:", name);
    for (size_t i = 0; i < count; ++i) {
        std::printf(" %02x", static_cast<const unsigned char*>(bytes)[i]);
    }
    std::printf("\n");
}

/// The attributes of the given types, in that order.
void show_attributes(const nlmsghdr& message, size_t fixed, std::initializer_list<int> types) {
    for (const int type : types) {
        auto* each = reinterpret_cast<const rtattr*>(
            static_cast<const char*>(NLMSG_DATA(&message)) + NLMSG_ALIGN(fixed));
        auto left = static_cast<int>(message.nlmsg_len - NLMSG_LENGTH(fixed));
        for (; RTA_OK(each, left); each = RTA_NEXT(each, left)) {
            if (each->rta_type == type) {
                char name[16];
                std::snprintf(name, sizeof name, "attribute %d", type);
                show_bytes(name, RTA_DATA(each), RTA_PAYLOAD(each));
            }
        }
    }
}

int interface_of_route(const nlmsghdr& message) {
    auto* each = RTM_RTA(static_cast<rtmsg*>(NLMSG_DATA(&message)));
    auto left = static_cast<int>(RTM_PAYLOAD(&message));
    for (; RTA_OK(each, left); each = RTA_NEXT(each, left)) {
        if (each->rta_type == RTA_OIF) {
            return *static_cast<const int*>(RTA_DATA(each));
        }
    }
    return 0;
}

void show_message(const nlmsghdr& message) {
    const void* const data = NLMSG_DATA(&message);
    if (message.nlmsg_type == RTM_NEWLINK) {
        const auto& link = *static_cast<const ifinfomsg*>(data);
        if (link.ifi_index == lo) {
            std::printf("link: type %d, flags %x, message flags %x\n", link.ifi_type,
                        link.ifi_flags, message.nlmsg_flags);
            show_attributes(
                message, sizeof link,
                {IFLA_IFNAME, IFLA_MTU, IFLA_TXQLEN, IFLA_OPERSTATE, IFLA_LINKMODE, IFLA_ADDRESS,
                 IFLA_BROADCAST, IFLA_QDISC, IFLA_CARRIER, IFLA_NUM_TX_QUEUES});
        }
    } else if (message.nlmsg_type == RTM_NEWADDR) {
        const auto& address = *static_cast<const ifaddrmsg*>(data);
        if (address.ifa_index == lo) {
            std::printf("address: family %d, prefix %d, flags %x, scope %d, message flags %x\n",
                        address.ifa_family, address.ifa_prefixlen, address.ifa_flags,
                        address.ifa_scope, message.nlmsg_flags);
            show_attributes(message, sizeof address,
                            {IFA_ADDRESS, IFA_LOCAL, IFA_LABEL, IFA_FLAGS});
        }
    } else if (message.nlmsg_type == RTM_NEWROUTE) {
        const auto& route = *static_cast<const rtmsg*>(data);
        if (interface_of_route(message) == lo) {
            std::printf("route: family %d, to %d, table %d, protocol %d, scope %d, type %d, %x\n",
                        route.rtm_family, route.rtm_dst_len, route.rtm_table, route.rtm_protocol,
                        route.rtm_scope, route.rtm_type, route.rtm_flags);
            show_attributes(message, sizeof route,
                            {RTA_TABLE, RTA_DST, RTA_PREFSRC, RTA_PREF, RTA_UID});
        }
    } else if (message.nlmsg_type == NLMSG_ERROR) {
        const auto& error = *static_cast<const nlmsgerr*>(data);
        std::printf("error: %s, %u bytes, flags %x, of type %d\n",
                    error.error == 0 ? "none" : strerrorname_np(-error.error), message.nlmsg_len,
                    message.nlmsg_flags, error.msg.nlmsg_type);
    } else {
        std::printf("type %d, %u bytes, flags %x\n", message.nlmsg_type, message.nlmsg_len,
                    message.nlmsg_flags);
    }
}

/// Shows what comes until the end of a list, or until nothing is left.
void show_answers(int descriptor) {
    static char buffer[65536];
    sockaddr_nl own{};
    socklen_t size = sizeof own;
    require(getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &size) == 0, "getsockname");
    for (;;) {
        const ssize_t count = recv(descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
        if (count < 0) {
            require(errno == EAGAIN, "recv");
            return;
        }
        auto left = static_cast<unsigned>(count);
        for (auto* each = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(each, left);
             each = NLMSG_NEXT(each, left)) {
            require(each->nlmsg_seq == 77 && each->nlmsg_pid == own.nl_pid, "whose answer it is");
            show_message(*each);
            if (each->nlmsg_type == NLMSG_DONE) {
                return;
            }
        }
    }
}

void ask_and_show(const char* name, int descriptor, const Request& request) {
    std::printf("%s\n", name);
    ask(descriptor, request);
    show_answers(descriptor);
}

template <typename T>
T of_family(int family) {
    T value{};
    std::memset(&value, 0, sizeof value);
    *reinterpret_cast<unsigned char*>(&value) = static_cast<unsigned char>(family);
    return value;
}

void lists() {
    std::printf("-- lists\n");
    const int route = route_socket();
    ask_and_show("links", route,
                 Request(RTM_GETLINK, NLM_F_DUMP).fixed(of_family<ifinfomsg>(AF_UNSPEC)));
    ask_and_show("links by the short form", route,
                 Request(RTM_GETLINK, NLM_F_DUMP).fixed(of_family<rtgenmsg>(AF_PACKET)));
    for (const int family : {AF_UNSPEC, AF_INET, AF_INET6}) {
        std::printf("family %d\n", family);
        ask_and_show("addresses", route,
                     Request(RTM_GETADDR, NLM_F_DUMP).fixed(of_family<ifaddrmsg>(family)));
        ask_and_show("routes", route,
                     Request(RTM_GETROUTE, NLM_F_DUMP).fixed(of_family<rtmsg>(family)));
    }
    ask_and_show("a list with an acknowledgement in vain", route,
                 Request(RTM_GETADDR, NLM_F_DUMP | NLM_F_ACK).fixed(of_family<ifaddrmsg>(AF_INET)));
    close(route);
}

void single_answers() {
    std::printf("-- single answers\n");
    const int route = route_socket();
    ifinfomsg link{};
    link.ifi_index = lo;
    ask_and_show("by number", route, Request(RTM_GETLINK, 0).fixed(link));
    ask_and_show("by number, acknowledged", route, Request(RTM_GETLINK, NLM_F_ACK).fixed(link));
    link.ifi_index = 99999;
    ask_and_show("no such number", route, Request(RTM_GETLINK, 0).fixed(link));
    link.ifi_index = 0;
    ask_and_show("neither", route, Request(RTM_GETLINK, 0).fixed(link));
    ask_and_show("by name", route,
                 Request(RTM_GETLINK, 0).fixed(link).attribute(IFLA_IFNAME, "lo", 3));
    ask_and_show("no such name", route,
                 Request(RTM_GETLINK, 0).fixed(link).attribute(IFLA_IFNAME, "none0", 6));
    const uint32_t four = htonl(INADDR_LOOPBACK);
    ask_and_show("the way to 127.0.0.1", route,
                 Request(RTM_GETROUTE, 0)
                     .fixed(rtmsg{AF_INET, 32, 0, 0, 0, 0, 0, 0, 0})
                     .attribute(RTA_DST, &four, sizeof four));
    ask_and_show("the way to ::1", route,
                 Request(RTM_GETROUTE, 0)
                     .fixed(rtmsg{AF_INET6, 128, 0, 0, 0, 0, 0, 0, 0})
                     .attribute(RTA_DST, &in6addr_loopback, sizeof in6addr_loopback));
    ask_and_show("the address ::1", route,
                 Request(RTM_GETADDR, 0)
                     .fixed(of_family<ifaddrmsg>(AF_INET6))
                     .attribute(IFA_ADDRESS, &in6addr_loopback, sizeof in6addr_loopback));
    ask_and_show("an address of IPv4", route,
                 Request(RTM_GETADDR, 0).fixed(of_family<ifaddrmsg>(AF_INET)));
    ask_and_show("unknown type", route, Request(200, 0).fixed(of_family<rtmsg>(AF_UNSPEC)));
    ask_and_show("nothing to do, acknowledged", route,
                 Request(NLMSG_NOOP, NLM_F_ACK).fixed(of_family<rtmsg>(AF_UNSPEC)));
    ask_and_show("no body, acknowledged", route, Request(RTM_GETLINK, NLM_F_ACK));
    const int on = 1;
    require(setsockopt(route, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) == 0, "CAP_ACK");
    ask_and_show("a short error", route, Request(RTM_GETLINK, 0).fixed(link));
    close(route);
}

void reading() {
    std::printf("-- reading\n");
    const int route = route_socket();
    char buffer[4096];
    show("nothing yet", recv(route, buffer, sizeof buffer, MSG_DONTWAIT));
    show_events("nothing yet", route, 0, POLLIN | POLLOUT);
    ask(route, Request(NLMSG_NOOP, NLM_F_ACK));
    show_events("an answer", route, 1000, POLLIN | POLLOUT);
    show_value("its size", recv(route, nullptr, 0, MSG_PEEK | MSG_TRUNC));
    show_value("a part of it", recv(route, buffer, 10, MSG_PEEK));
    sockaddr_nl from{};
    iovec part{buffer, 20};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    show_value("cut", recvmsg(route, &message, 0));
    std::printf("flags %x, %u bytes of name, family %d, port %u, groups %x\n", message.msg_flags,
                message.msg_namelen, from.nl_family, from.nl_pid, from.nl_groups);
    show("and no more", recv(route, buffer, sizeof buffer, MSG_DONTWAIT));
    show("MSG_OOB", recv(route, buffer, sizeof buffer, MSG_OOB));
    const int on = 1;
    require(setsockopt(route, SOL_NETLINK, NETLINK_PKTINFO, &on, sizeof on) == 0, "PKTINFO");
    ask(route, Request(NLMSG_NOOP, NLM_F_ACK));
    alignas(cmsghdr) char control[64];
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    require(recvmsg(route, &message, 0) > 0, "recvmsg");
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
         each = CMSG_NXTHDR(&message, each)) {
        std::printf("level %d, type %d", each->cmsg_level, each->cmsg_type);
        show_bytes("", CMSG_DATA(each), each->cmsg_len - CMSG_LEN(0));
    }
    close(route);
}

void names() {
    std::printf("-- names\n");
    const int one = route_socket();
    sockaddr_nl name{};
    socklen_t size = sizeof name;
    auto* const place = reinterpret_cast<sockaddr*>(&name);
    require(getsockname(one, place, &size) == 0, "getsockname");
    std::printf("fresh: family %d, port %u, %u bytes\n", name.nl_family, name.nl_pid, size);
    name.nl_groups = 5;
    show("bind, short", bind(one, place, 11));
    name.nl_family = AF_INET;
    show("bind, wrong family", bind(one, place, sizeof name));
    name.nl_family = AF_NETLINK;
    show("bind", bind(one, place, sizeof name));
    require(getsockname(one, place, &size) == 0, "getsockname");
    std::printf("the process's number: %d, groups %x\n", name.nl_pid == unsigned(getpid()),
                name.nl_groups);
    name.nl_groups = 1;
    show("bind again", bind(one, place, sizeof name));
    const int two = route_socket();
    show("the same port", bind(two, place, sizeof name));
    name.nl_pid = 0;
    show("any port", bind(two, place, sizeof name));
    sockaddr_nl other{};
    require(getsockname(two, reinterpret_cast<sockaddr*>(&other), &size) == 0, "getsockname");
    std::printf("another: %d\n", other.nl_pid != unsigned(getpid()) && other.nl_pid != 0);
    name.nl_pid = other.nl_pid + 1;
    show("another port than it has", bind(two, place, sizeof name));
    size = sizeof name;
    show("getpeername", getpeername(two, place, &size));
    std::printf("port %u, groups %x\n", name.nl_pid, name.nl_groups);
    name = {AF_NETLINK, 0, 0, 0};
    show("connect to the kernel", connect(two, place, sizeof name));
    show("connect, short", connect(two, place, 8));
    name.nl_family = AF_UNSPEC;
    show("disconnect", connect(two, place, sizeof name));
    name.nl_family = AF_INET;
    show("connect, wrong family", connect(two, place, sizeof name));
    show("send nowhere known", sendto(two, "x", 1, 0, place, sizeof name));
    name.nl_family = AF_NETLINK;
    show("send, short name", sendto(two, "x", 1, 0, place, 8));
    show("send nothing", send(two, "x", 0, 0));
    show_value("send garbage", send(two, "garbage", 7, 0));
    name.nl_pid = 123456789;
    show("send to nobody", sendto(two, "x", 1, 0, place, sizeof name));
    name.nl_pid = unsigned(getpid());
    show_value("send to another", sendto(two, "hello", 5, 0, place, sizeof name));
    char buffer[16];
    show_text("arrives", recv(one, buffer, sizeof buffer, 0), buffer);
    show("listen", listen(one, 1));
    show("accept", accept(one, nullptr, nullptr));
    show("shutdown", shutdown(one, SHUT_RDWR));
    close(one);
    close(two);
    show("a stream", socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
    show("no such protocol", socket(AF_NETLINK, SOCK_RAW, 99));
    int ends[2];
    show("socketpair", socketpair(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, ends));
}

void options() {
    std::printf("-- options\n");
    const int one = route_socket();
    for (const int name : {NETLINK_PKTINFO, NETLINK_BROADCAST_ERROR, NETLINK_NO_ENOBUFS,
                           NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK, 99}) {
        int value = -1;
        socklen_t size = sizeof value;
        std::printf("%d: ", name);
        show("get", getsockopt(one, SOL_NETLINK, name, &value, &size));
        std::printf("%d\n", value);
        value = 2;
        show("set", setsockopt(one, SOL_NETLINK, name, &value, sizeof value));
        require(getsockopt(one, SOL_NETLINK, name, &value, &size) == 0 || name == 99, "getsockopt");
        std::printf("%d, %u bytes\n", value, size);
    }
    int group = RTNLGRP_LINK;
    show("join", setsockopt(one, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group));
    group = RTNLGRP_IPV6_IFADDR;
    show("join", setsockopt(one, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group));
    sockaddr_nl name{};
    socklen_t size = sizeof name;
    require(getsockname(one, reinterpret_cast<sockaddr*>(&name), &size) == 0, "getsockname");
    std::printf("groups %x\n", name.nl_groups);
    uint32_t words[2]{};
    size = sizeof words;
    show("list", getsockopt(one, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, words, &size));
    std::printf("%x %x\n", words[0], words[1]);
    show("leave", setsockopt(one, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &group, sizeof group));
    for (const int wrong : {0, -1, 1000}) {
        show("join what is not",
             setsockopt(one, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &wrong, sizeof wrong));
    }
    show("another level", setsockopt(one, IPPROTO_IP, 1, &group, sizeof group));
    close(one);
}

/// More answers than the queue holds: some are lost, which is told once, and then all works again.
void overrun() {
    std::printf("-- overrun\n");
    const int one = route_socket();
    for (int i = 0; i < 10000; ++i) {
        ask(one, Request(NLMSG_NOOP, NLM_F_ACK));
    }
    show_events("lost", one, 0, POLLIN);
    char buffer[64];
    show("told", recv(one, buffer, sizeof buffer, MSG_DONTWAIT));
    int got = 0;
    while (recv(one, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
        ++got;
    }
    show("empty", recv(one, buffer, sizeof buffer, MSG_DONTWAIT));
    std::printf("some came: %d, some did not: %d\n", got > 20, got < 10000);
    ask(one, Request(NLMSG_NOOP, NLM_F_ACK));
    show_value("and now", recv(one, buffer, sizeof buffer, MSG_DONTWAIT));
    const int on = 1;
    require(setsockopt(one, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on) == 0, "NO_ENOBUFS");
    for (int i = 0; i < 10000; ++i) {
        ask(one, Request(NLMSG_NOOP, NLM_F_ACK));
    }
    show_value("lost in silence", recv(one, buffer, sizeof buffer, MSG_DONTWAIT));
    close(one);
}

void without_privileges() {
    std::printf("-- without privileges\n");
    const pid_t child = fork();
    if (child == 0) {
        require(setgid(65534) == 0 && setuid(65534) == 0, "setuid");
        const int one = route_socket();
        ifinfomsg link{};
        link.ifi_index = lo;
        ask_and_show("a change", one, Request(RTM_NEWLINK, NLM_F_ACK).fixed(link));
        ask_and_show("a new address", one,
                     Request(RTM_NEWADDR, NLM_F_ACK).fixed(of_family<ifaddrmsg>(AF_INET)));
        ask_and_show("a question", one, Request(RTM_GETLINK, 0).fixed(link));
        sockaddr_nl name{AF_NETLINK, 0, 1, 0};
        show("send to others",
             sendto(one, "x", 1, 0, reinterpret_cast<sockaddr*>(&name), sizeof name));
        show("connect to others", connect(one, reinterpret_cast<sockaddr*>(&name), sizeof name));
        name = {AF_NETLINK, 0, 0, 1};
        show("join a group", bind(one, reinterpret_cast<sockaddr*>(&name), sizeof name));
        _exit(0);
    }
    int status;
    require(waitpid(child, &status, 0) == child && status == 0, "waitpid");
}

void library() {
    std::printf("-- library\n");
    ifaddrs* all = nullptr;
    require(getifaddrs(&all) == 0, "getifaddrs");
    for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
        if (std::strcmp(each->ifa_name, "lo") != 0 || each->ifa_addr == nullptr) {
            continue;
        }
        std::printf("family %d, flags %x", each->ifa_addr->sa_family, each->ifa_flags);
        if (each->ifa_addr->sa_family == AF_INET) {
            show_bytes(", address and mask",
                       &reinterpret_cast<sockaddr_in*>(each->ifa_addr)->sin_addr, 4);
            show_bytes("", &reinterpret_cast<sockaddr_in*>(each->ifa_netmask)->sin_addr, 4);
        } else if (each->ifa_addr->sa_family == AF_INET6) {
            show_bytes(", address and mask",
                       &reinterpret_cast<sockaddr_in6*>(each->ifa_addr)->sin6_addr, 16);
            show_bytes("", &reinterpret_cast<sockaddr_in6*>(each->ifa_netmask)->sin6_addr, 16);
        } else {
            std::printf(", statistics: %d\n", each->ifa_data != nullptr);
        }
    }
    freeifaddrs(all);
    struct if_nameindex* const names = if_nameindex();
    require(names != nullptr, "if_nameindex");
    std::printf("first: %u %s\n", names[0].if_index, names[0].if_name);
    if_freenameindex(names);
    char name[IF_NAMESIZE];
    std::printf("lo is %u, 1 is %s\n", if_nametoindex("lo"), if_indextoname(1, name));
    for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK}) {
        const int one = socket(family, SOCK_DGRAM, 0);
        ifreq request{};
        std::strcpy(request.ifr_name, "lo");
        std::printf("by family %d\n", family);
        show("SIOCGIFFLAGS", ioctl(one, SIOCGIFFLAGS, &request));
        std::printf("%x\n", request.ifr_flags);
        show("SIOCGIFADDR", ioctl(one, SIOCGIFADDR, &request));
        show("SIOCGIFMAP", ioctl(one, SIOCGIFMAP, &request));
        for (const int room : {-1, 0, 39}) {
            char small[40];
            ifconf list{room, {small}};
            show("SIOCGIFCONF with little room", ioctl(one, SIOCGIFCONF, &list));
            std::printf("%d bytes\n", list.ifc_len);
        }
        ifconf size_only{-1, {nullptr}};
        show("SIOCGIFCONF for the size", ioctl(one, SIOCGIFCONF, &size_only));
        std::printf("some: %d\n", size_only.ifc_len > 0);
        int count = 0;
        show("FIONREAD", ioctl(one, FIONREAD, &count));
        close(one);
    }
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    lists();
    single_answers();
    reading();
    names();
    options();
    overrun();
    without_privileges();
    library();
    return 0;
}

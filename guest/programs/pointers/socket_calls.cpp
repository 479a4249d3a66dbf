// SPDX-License-Identifier: MIT
// Sockets.
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <ctime>
#include <iterator>

#include "guest/programs/pointers/call.h"

namespace pointers {

namespace {

constexpr int size_of_name = 16;
constexpr int size_of_number = 4;
constexpr int yes = 1;
constexpr linger no_linger{};
constexpr timeval no_time{};
const timespec no_wait{};
const sockaddr_in loopback{AF_INET, 0, {0x0100007f}, {}};
const sockaddr_in discard{AF_INET, 0x0900, {0x0100007f}, {}};
const sockaddr_in6 loopback6{AF_INET6, 0, 0, IN6ADDR_LOOPBACK_INIT, 0};
const sockaddr_in6 discard6{AF_INET6, 0x0900, 0, IN6ADDR_LOOPBACK_INIT, 0};
const sockaddr_nl kernel_name{AF_NETLINK, 0, 0, 0};
const nlmsghdr question{sizeof question, NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, 1, 0};
const sockaddr_un nowhere{AF_UNIX, "/missing"};
const ifreq interface{{"lo"}, {}};
char bytes[64];
iovec one_part{bytes, 4};
const msghdr message{nullptr, 0, &one_part, 1, nullptr, 0, 0};
const mmsghdr messages{message, 0};
const ifconf configuration{sizeof bytes, {bytes}};

/// A message with a bad pointer inside; it is itself in good memory unless it is the bad one.
msghdr with_bad_bytes() {
    static iovec part{reinterpret_cast<void*>(0x1000'0000), 4};
    return {nullptr, 0, &part, 1, nullptr, 0, 0};
}
msghdr with_bad_parts() {
    return {nullptr, 0, reinterpret_cast<iovec*>(0x1000'0000), 1, nullptr, 0, 0};
}
msghdr with_bad_name() {
    return {reinterpret_cast<void*>(0x1000'0000), 16, &one_part, 1, nullptr, 0, 0};
}
msghdr with_bad_control() {
    return {nullptr, 0, &one_part, 1, reinterpret_cast<void*>(0x1000'0000), 24, 0};
}
const msghdr bad_bytes = with_bad_bytes();
const msghdr bad_parts = with_bad_parts();
const msghdr bad_name = with_bad_name();
const msghdr bad_control = with_bad_control();

const Call calls[] = {
    {"socketpair", SYS_socketpair, {v(AF_UNIX), v(SOCK_STREAM), v(0), out(8)}},
    {"bind, inet", SYS_bind, {v(inet), in(loopback), v(sizeof loopback)}},
    {"bind, inet6", SYS_bind, {v(inet6), in(loopback6), v(sizeof loopback6)}},
    {"bind, unix", SYS_bind, {v(datagram), in(nowhere), v(sizeof nowhere)}},
    {"connect, inet", SYS_connect, {v(inet), in(discard), v(sizeof discard)}},
    {"connect, inet6", SYS_connect, {v(inet6), in(discard6), v(sizeof discard6)}},
    {"connect, unix", SYS_connect, {v(datagram), in(nowhere), v(sizeof nowhere)}},
    {"accept", SYS_accept, {v(listener), out(16), in_out(size_of_name)}},
    {"accept4", SYS_accept4, {v(listener), out(16), in_out(size_of_name), v(SOCK_CLOEXEC)}},
    {"getsockname", SYS_getsockname, {v(listener), out(16), in_out(size_of_name)}},
    {"getpeername", SYS_getpeername, {v(listener_peer), out(16), in_out(size_of_name)}},
    {"setsockopt, number",
     SYS_setsockopt,
     {v(listener), v(SOL_SOCKET), v(SO_REUSEADDR), in(yes), v(4)}},
    {"setsockopt, linger",
     SYS_setsockopt,
     {v(listener), v(SOL_SOCKET), v(SO_LINGER), in(no_linger), v(8)}},
    {"setsockopt, time",
     SYS_setsockopt,
     {v(listener), v(SOL_SOCKET), v(SO_RCVTIMEO), in(no_time), v(16)}},
    {"setsockopt, IPv6",
     SYS_setsockopt,
     {v(inet6), v(IPPROTO_IPV6), v(IPV6_RECVPKTINFO), in(yes), v(4)}},
    {"getsockopt, IPv6",
     SYS_getsockopt,
     {v(inet6), v(IPPROTO_IPV6), v(IPV6_V6ONLY), out(4), in_out(size_of_number)}},
    {"getsockname, inet6", SYS_getsockname, {v(inet6), out(16), in_out(size_of_name)}},
    {"setsockopt, TCP",
     SYS_setsockopt,
     {v(listener), v(IPPROTO_TCP), v(TCP_NODELAY), in(yes), v(4)}},
    {"getsockopt, number",
     SYS_getsockopt,
     {v(listener), v(SOL_SOCKET), v(SO_TYPE), out(4), in_out(size_of_number)}},
    {"getsockopt, linger",
     SYS_getsockopt,
     {v(listener), v(SOL_SOCKET), v(SO_LINGER), out(8), in_out(size_of_name)}},
    {"getsockopt, TCP",
     SYS_getsockopt,
     {v(listener), v(IPPROTO_TCP), v(TCP_NODELAY), out(4), in_out(size_of_number)}},
    {"sendto, stream", SYS_sendto, {v(stream), in(discard), v(16), v(0), v(0), v(0)}},
    {"sendto, inet", SYS_sendto, {v(inet), in(discard), v(16), v(0), in(discard), v(16)}},
    {"sendto, inet6", SYS_sendto, {v(inet6), in(discard6), v(16), v(0), in(discard6), v(28)}},
    {"bind, netlink", SYS_bind, {v(kernel_link), in(kernel_name), v(sizeof kernel_name)}},
    {"connect, netlink", SYS_connect, {v(kernel_link), in(kernel_name), v(sizeof kernel_name)}},
    {"setsockopt, netlink",
     SYS_setsockopt,
     {v(kernel_link), v(SOL_NETLINK), v(NETLINK_EXT_ACK), in(yes), v(4)}},
    {"getsockopt, netlink",
     SYS_getsockopt,
     {v(kernel_link), v(SOL_NETLINK), v(NETLINK_EXT_ACK), out(4), in_out(size_of_number)}},
    {"sendto, netlink",
     SYS_sendto,
     {v(kernel_link), in(question), v(sizeof question), v(0), in(kernel_name), v(12)}},
    {"recvfrom, netlink",
     SYS_recvfrom,
     {v(kernel_link), out(36), v(36), v(0), out(12), in_out(size_of_name)}},
    {"recvmsg, netlink", SYS_recvmsg, {v(kernel_link), in_out(message), v(0)}},
    {"recvfrom, stream", SYS_recvfrom, {v(stream), out(4), v(4), v(0), v(0), v(0)}},
    {"recvfrom, datagram",
     SYS_recvfrom,
     {v(datagram), out(8), v(8), v(0), out(16), in_out(size_of_name)}},
    {"sendmsg", SYS_sendmsg, {v(stream), in(message), v(0)}},
    {"sendmsg, bytes", SYS_sendmsg, {v(stream), in(bad_bytes), v(0)}},
    {"sendmsg, parts", SYS_sendmsg, {v(stream), in(bad_parts), v(0)}},
    {"sendmsg, name", SYS_sendmsg, {v(inet), in(bad_name), v(0)}},
    {"sendmsg, control", SYS_sendmsg, {v(stream), in(bad_control), v(0)}},
    {"recvmsg", SYS_recvmsg, {v(stream), in_out(message), v(0)}},
    {"recvmsg, bytes", SYS_recvmsg, {v(stream), in_out(bad_bytes), v(0)}},
    {"recvmsg, parts", SYS_recvmsg, {v(stream), in_out(bad_parts), v(0)}},
    {"recvmsg, control", SYS_recvmsg, {v(stream), in_out(bad_control), v(0)}},
    {"sendmmsg", SYS_sendmmsg, {v(stream), in_out(messages), v(1), v(0)}},
    {"recvmmsg", SYS_recvmmsg, {v(stream), in_out(messages), v(1), v(0), in_out(no_wait)}},
    {"ioctl, SIOCGIFCONF", SYS_ioctl, {v(inet), v(SIOCGIFCONF), in_out(configuration)}},
    {"ioctl, SIOCGIFADDR", SYS_ioctl, {v(inet), v(SIOCGIFADDR), in_out(interface)}},
    {"ioctl, SIOCGIFFLAGS", SYS_ioctl, {v(inet), v(SIOCGIFFLAGS), in_out(interface)}},
};

}  // namespace

Table socket_calls() {
    return {calls, std::size(calls)};
}

}  // namespace pointers

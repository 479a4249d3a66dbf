// SPDX-License-Identifier: MIT
// Making, naming, connecting and shutting down sockets.
#include <algorithm>

#include "kernel/core/netlink/netlink_socket.h"
#include "kernel/core/socket/tcp_socket.h"
#include "kernel/core/socket/udp_socket.h"
#include "kernel/core/socket/unix_socket.h"
#include "kernel/core/syscall/socket_support.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel::syscalls {

namespace {

constexpr u32 most_backlog = 4096;  // net.core.somaxconn

struct WantedSocket {
    SocketType type;
    u32 flags;
};

Fallible<WantedSocket> parse_type(u32 type) {
    constexpr u32 types = 11;  // SOCK_MAX
    const u32 kind = type & ~descriptor_flags;
    if (kind >= types) {
        return Error{Errno::Einval};
    }
    return WantedSocket{SocketType{kind}, type & descriptor_flags};
}

Fallible<void> check_unix_protocol(u32 protocol) {
    if (protocol != 0 && protocol != static_cast<u32>(AddressFamily::Unix)) {
        return Error{Errno::Eprotonosupport};
    }
    return {};
}

/// Of AF_INET or AF_INET6.
Fallible<Ref<Socket>> make_inet_socket(AddressFamily family, SocketType type, u32 protocol) {
    constexpr u32 tcp = 6;
    constexpr u32 udp = 17;
    RF_TRY(admit_allocation());
    switch (type) {
        case SocketType::Stream:
            if (protocol == 0 || protocol == tcp) {
                return Ref<Socket>(new TcpSocket(family));
            }
            return Error{Errno::Eprotonosupport};
        case SocketType::Datagram:
            if (protocol == 0 || protocol == udp) {
                return Ref<Socket>(new UdpSocket(family));
            }
            return Error{Errno::Eprotonosupport};
        case SocketType::Raw:
            return Error{current_process().credentials.may(Capability::NetRaw)
                             ? Errno::Eprotonosupport
                             : Errno::Eperm};
        default:
            return Error{Errno::Esocktnosupport};
    }
}

Fallible<Ref<Socket>> make_netlink_socket(SocketType type, u32 protocol) {
    if (type != SocketType::Raw && type != SocketType::Datagram) {
        return Error{Errno::Esocktnosupport};
    }
    if (NetlinkProtocol{protocol} != NetlinkProtocol::Route) {
        return Error{Errno::Eprotonosupport};
    }
    RF_TRY(admit_allocation());
    return Ref<Socket>(new NetlinkSocket(type, NetlinkProtocol::Route));
}

Fallible<Ref<Socket>> make_socket(u32 family, SocketType type, u32 protocol) {
    switch (AddressFamily{static_cast<u16>(family)}) {
        case AddressFamily::Unix: {
            RF_TRY(check_unix_protocol(protocol));
            RF_TRY_ASSIGN(made, make_unix_socket(type));
            return Ref<Socket>(made);
        }
        case AddressFamily::Inet:
        case AddressFamily::Inet6:
            return make_inet_socket(AddressFamily{static_cast<u16>(family)}, type, protocol);
        case AddressFamily::Netlink:
            return make_netlink_socket(type, protocol);
        default:
            return Error{Errno::Eafnosupport};
    }
}

Fallible<SocketAddress> peer_of_accepted(const Socket& socket) {
    const auto peer = socket.peer_name();
    return peer ? peer : Error{Errno::Econnaborted};
}

}  // namespace

Value socket(u32 family, u32 type, u32 protocol) {
    RF_TRY_ASSIGN(wanted, parse_type(type));
    RF_TRY_ASSIGN(made, make_socket(family, wanted.type, protocol));
    return add_socket(made, wanted.flags);
}

Nothing socketpair(u32 family, u32 type, u32 protocol, Pointer descriptors) {
    RF_TRY_ASSIGN(wanted, parse_type(type));
    if (static_cast<AddressFamily>(family) != AddressFamily::Unix) {
        RF_TRY_ASSIGN(unpaired, make_socket(family, wanted.type, protocol));
        return Error{Errno::Eopnotsupp};
    }
    RF_TRY(check_unix_protocol(protocol));
    RF_TRY_ASSIGN(first, make_unix_socket(wanted.type));
    RF_TRY_ASSIGN(second, make_unix_socket(wanted.type));
    UnixSocket::join(*first, *second);
    const Value one = add_socket(first, wanted.flags);
    const Value other = add_socket(second, wanted.flags);
    FileTable& files = *current_process().files;
    const i32 pair[] = {static_cast<i32>(one.value_or(0)), static_cast<i32>(other.value_or(0))};
    Nothing result = {};
    if (!one || !other) {
        result = Error{Errno::Emfile};
    } else {
        result = write_user_bytes(descriptors, {reinterpret_cast<const u8*>(pair), sizeof(pair)});
    }
    if (!result && one) {
        RF_TRY(files.close(pair[0]));
    }
    if (!result && other) {
        RF_TRY(files.close(pair[1]));
    }
    return result;
}

Nothing bind(i32 descriptor, Pointer address, i32 size) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    RF_TRY_ASSIGN(wanted, read_address(address, size));
    return socket->bind(wanted);
}

Nothing listen(i32 descriptor, i32 backlog) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    // Numbers below zero are very large ones.
    return socket->listen(std::min(static_cast<u32>(backlog), most_backlog));
}

Value accept4(i32 descriptor, Pointer address, Pointer size, u32 flags) {
    if ((flags & ~descriptor_flags) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    RF_TRY_ASSIGN(connection, socket->accept(socket.may_block()));
    RF_TRY_ASSIGN(accepted, add_socket(connection, flags));
    if (address != Pointer{}) {
        const auto peer = peer_of_accepted(*connection);
        const Nothing told =
            peer ? write_address(peer.value(), address, size) : Error{peer.error()};
        if (!told) {
            RF_TRY(current_process().files->close(static_cast<i32>(accepted)));
            return Error{told.error()};
        }
    }
    return accepted;
}

Value accept(i32 descriptor, Pointer address, Pointer size) {
    return accept4(descriptor, address, size, 0);
}

Nothing connect(i32 descriptor, Pointer address, i32 size) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    RF_TRY_ASSIGN(wanted, read_address(address, size));
    return socket->connect(wanted, socket.may_block());
}

Nothing shutdown(i32 descriptor, u32 how) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    if (how > static_cast<u32>(ShutDown::Both)) {
        return Error{Errno::Einval};
    }
    return socket->shut_down(ShutDown{how});
}

Nothing getsockname(i32 descriptor, Pointer address, Pointer size) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    return write_address(socket->name(), address, size);
}

Nothing getpeername(i32 descriptor, Pointer address, Pointer size) {
    RF_TRY_ASSIGN(socket, socket_of(descriptor));
    RF_TRY_ASSIGN(peer, socket->peer_name());
    return write_address(peer, address, size);
}

}  // namespace ringfence::kernel::syscalls

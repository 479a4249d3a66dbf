// SPDX-License-Identifier: MIT
#include "kernel/core/fs/proc_net_sockets.h"

#include "kernel/core/containers/counted.h"
#include "kernel/core/socket/network.h"
#include "kernel/core/socket/socket.h"
#include "kernel/net/byte_order.h"

namespace ringfence::kernel {

namespace {

void append_upper_hex(String& text, u64 value, usize width) {
    String digits = String().append_hex(value, width);
    for (char& letter : std::span(digits.data(), digits.size())) {
        letter = letter >= 'a' ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
    text.append(digits);
}

/// Four bytes of an address, as a number that lies in memory as they do.
void append_word(String& text, u32 value) {
    append_upper_hex(text, __builtin_bswap32(value), 8);
}

/// An address as the bytes lie in memory, and a port.
void append_endpoint(String& text, const net::Endpoint& endpoint, bool inet6) {
    if (inet6) {
        u8 bytes[16];
        net::store_address(bytes, endpoint.address);
        for (usize at = 0; at < sizeof(bytes); at += sizeof(u32)) {
            append_word(text, net::load_be32(bytes + at));
        }
    } else {
        append_word(text, endpoint.address.v4());
    }
    text.append(':');
    append_upper_hex(text, endpoint.port, 4);
}

/// The lines of one table; those of the other family's sockets are left out.
class Table {
public:
    explicit Table(bool inet6) : inet6_(inet6) {
        text_.append(inet6 ? "  sl  local_address                         remote_address         "
                             "               st tx_queue rx_queue tr tm->when retrnsmt   uid  "
                             "timeout inode"
                           : "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
                             "retrnsmt   uid  timeout inode");
    }
    Table& end_of_heading(std::string_view rest) {
        text_.append(rest);
        return *this;
    }
    /// Owner and inode are not known at this level.
    void add(const net::PortRules& owner, const net::ConnectionKey& key, u8 state, u64 to_send,
             u64 to_read) {
        if (owner.inet6 != inet6_) {
            return;
        }
        constexpr usize queue_width = 8;
        text_.append_decimal(number_++, 4).append(": ");
        append_endpoint(text_, key.local, inet6_);
        text_.append(' ');
        append_endpoint(text_, key.remote, inet6_);
        text_.append(' ');
        append_upper_hex(text_, state, 2);
        text_.append(' ');
        append_upper_hex(text_, to_send, queue_width);
        text_.append(':');
        append_upper_hex(text_, to_read, queue_width);
        text_.append(" 00:00000000 00000000     0        0 0 1 0000000000000000\n");
    }
    String take() { return std::move(text_); }

private:
    bool inet6_;
    u64 number_ = 0;
    String text_;
};

String tcp_table(bool inet6) {
    constexpr u8 listen = 10;
    Table table(inet6);
    table.end_of_heading("\n");
    const net::Tcp& tcp = network().stack().tcp();
    tcp.for_each_listener([&](const net::TcpListener& listener) {
        table.add(listener.port_use.rules, {listener.local(), {}}, listen, 0, listener.waiting());
    });
    tcp.for_each_connection([&](const net::TcpConnection& connection) {
        table.add(connection.port_use.rules, connection.key(), static_cast<u8>(connection.state()),
                  connection.unacknowledged(), connection.readable());
    });
    tcp.for_each_time_wait([&](const net::ConnectionKey& key, const net::PortUse& use) {
        table.add(use.rules, key, static_cast<u8>(net::TcpState::TimeWait), 0, 0);
    });
    return table.take();
}

String udp_table(bool inet6) {
    constexpr u8 connected = 1;
    constexpr u8 unconnected = 7;
    Table table(inet6);
    table.end_of_heading(" ref pointer drops\n");
    network().stack().udp().for_each_socket([&](const net::UdpSocket& socket) {
        table.add(socket.port_use.rules, {socket.port_use.local, socket.peer},
                  socket.connected() ? connected : unconnected, 0, socket.waiting_bytes());
    });
    return table.take();
}

/// Sockets of one family that have a port.
struct InUse {
    u64 tcp = 0;
    u64 udp = 0;
};
InUse in_use(bool inet6) {
    InUse count;
    const auto add_tcp = [&](const net::PortRules& owner) {
        count.tcp += owner.inet6 == inet6 ? 1 : 0;
    };
    const net::Tcp& tcp = network().stack().tcp();
    tcp.for_each_listener(
        [&](const net::TcpListener& listener) { add_tcp(listener.port_use.rules); });
    tcp.for_each_connection(
        [&](const net::TcpConnection& connection) { add_tcp(connection.port_use.rules); });
    network().stack().udp().for_each_socket([&](const net::UdpSocket& socket) {
        count.udp += socket.port_use.rules.inet6 == inet6 ? 1 : 0;
    });
    return count;
}

}  // namespace

Fallible<String> tcp_sockets(u32) {
    return tcp_table(false);
}
Fallible<String> tcp6_sockets(u32) {
    return tcp_table(true);
}
Fallible<String> udp_sockets(u32) {
    return udp_table(false);
}
Fallible<String> udp6_sockets(u32) {
    return udp_table(true);
}

Fallible<String> inet_socket_counts(u32) {
    const InUse count = in_use(false);
    const net::Tcp& tcp = network().stack().tcp();
    String text("sockets: used ");
    text.append_decimal(Counted<Socket>::live()).append("\nTCP: inuse ");
    text.append_decimal(count.tcp).append(" orphan 0 tw ").append_decimal(tcp.time_wait_count());
    text.append(" alloc ").append_decimal(tcp.connection_count()).append(" mem 0\nUDP: inuse ");
    text.append_decimal(count.udp).append(" mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\n");
    return text.append("FRAG: inuse 0 memory 0\n");
}

Fallible<String> inet6_socket_counts(u32) {
    const InUse count = in_use(true);
    String text("TCP6: inuse ");
    text.append_decimal(count.tcp).append("\nUDP6: inuse ").append_decimal(count.udp);
    return text.append("\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n");
}

}  // namespace ringfence::kernel

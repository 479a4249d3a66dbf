// SPDX-License-Identifier: MIT
// /proc/net: the interface, and who is connected to whom. [linux/abi]: proc(5)
#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/fs/text_tree.h"
#include "kernel/core/socket/network.h"
#include "kernel/core/socket/unix_socket.h"

namespace ringfence::kernel {

namespace {

/// Right-aligned numbers, one blank between them.
String& append_columns(String& line, u64 value, std::span<const usize> widths) {
    for (const usize width : widths) {
        line.append(' ').append_decimal(value, width);
        value = 0;  // errors and their like: there are none
    }
    return line;
}

Fallible<String> devices(u32) {
    String text(
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
        "drop "
        "fifo colls carrier compressed\n"
        "    lo:");
    constexpr usize after_packets_in[] = {4, 4, 4, 5, 10, 9};
    constexpr usize after_packets_out[] = {4, 4, 4, 5, 7, 10};
    text.append(' ').append_decimal(network().bytes(), 7);
    text.append(' ').append_decimal(network().packets(), 7);
    append_columns(text, 0, after_packets_in).append(' ').append_decimal(network().bytes(), 8);
    text.append(' ').append_decimal(network().packets(), 7);
    append_columns(text, 0, after_packets_out).append('\n');
    return text;
}

void append_upper_hex(String& text, u64 value, usize width) {
    String digits = String().append_hex(value, width);
    for (char& letter : std::span(digits.data(), digits.size())) {
        letter = letter >= 'a' ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
    text.append(digits);
}

/// An address as the bytes lie in memory, and a port.
void append_endpoint(String& text, net::Endpoint endpoint) {
    append_upper_hex(text, __builtin_bswap32(endpoint.address.value), 8);
    text.append(':');
    append_upper_hex(text, endpoint.port, 4);
}

constexpr usize queue_width = 8;

/// What the lines of tcp and udp have in common; owner and inode are not known at this level.
void append_socket(String& text, u64 number, const net::ConnectionKey& key, u8 state, u64 to_send,
                   u64 to_read) {
    text.append_decimal(number, 4).append(": ");
    append_endpoint(text, key.local);
    text.append(' ');
    append_endpoint(text, key.remote);
    text.append(' ');
    append_upper_hex(text, state, 2);
    text.append(' ');
    append_upper_hex(text, to_send, queue_width);
    text.append(':');
    append_upper_hex(text, to_read, queue_width);
    text.append(" 00:00000000 00000000     0        0 0 1 0000000000000000\n");
}

Fallible<String> tcp_sockets(u32) {
    constexpr u8 listen = 10;
    String text(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout "
        "inode\n");
    u64 number = 0;
    const net::Tcp& tcp = network().stack().tcp();
    tcp.for_each_listener([&](const net::TcpListener& listener) {
        append_socket(text, number++, {listener.local(), {}}, listen, 0, listener.waiting());
    });
    tcp.for_each_connection([&](const net::TcpConnection& connection) {
        append_socket(text, number++, connection.key(), static_cast<u8>(connection.state()),
                      connection.unacknowledged(), connection.readable());
    });
    tcp.for_each_time_wait([&](const net::ConnectionKey& key) {
        append_socket(text, number++, key, static_cast<u8>(net::TcpState::TimeWait), 0, 0);
    });
    return text;
}

Fallible<String> udp_sockets(u32) {
    constexpr u8 connected = 1;
    constexpr u8 unconnected = 7;
    String text(
        "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout "
        "inode ref pointer drops\n");
    u64 number = 0;
    network().stack().udp().for_each_socket([&](const net::UdpSocket& socket) {
        append_socket(text, number++, {socket.port_use.local, socket.peer},
                      socket.connected() ? connected : unconnected, 0, socket.waiting_bytes());
    });
    return text;
}

Fallible<String> unix_sockets(u32) {
    String text("Num       RefCount Protocol Flags    Type St Inode Path\n");
    for (const UnixSocket& socket : all_unix_sockets()) {
        text.append("0000000000000000: 00000002 00000000 00000000 ");
        text.append_hex(static_cast<u32>(socket.type()), 4).append(" 01     0");
        if (!socket.unix_name().empty()) {
            text.append(' ');
            for (const char letter : socket.unix_name().text.view()) {
                text.append(letter == '\0' ? '@' : letter);
            }
        }
        text.append('\n');
    }
    return text;
}

constexpr ProcEntry entries[] = {
    {"dev", devices},
    {"tcp", tcp_sockets},
    {"udp", udp_sockets},
    {"unix", unix_sockets},
};

}  // namespace

Ref<Inode> make_proc_net(u64 number, Ref<Inode> parent) {
    return make_ref<ProcTextGroup>(number, entries, std::move(parent));
}

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
// /proc/net: the interface, and who is connected to whom. [linux/abi]: proc(5)
#include "kernel/core/fs/proc_net_sockets.h"
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

/// In the form of the table: address, interface, length of the prefix, scope (host), flags
/// (IFA_F_PERMANENT). [linux/abi]: if6_seq_show
Fallible<String> inet6_addresses(u32) {
    return String("00000000000000000000000000000001 01 80 10 80       lo\n");
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
    {"if_inet6", inet6_addresses},
    {"sockstat", inet_socket_counts},
    {"sockstat6", inet6_socket_counts},
    {"tcp", tcp_sockets},
    {"tcp6", tcp6_sockets},
    {"udp", udp_sockets},
    {"udp6", udp6_sockets},
    {"unix", unix_sockets},
};

}  // namespace

Ref<Inode> make_proc_net(u64 number, Ref<Inode> parent) {
    return make_ref<ProcTextGroup>(number, entries, std::move(parent));
}

}  // namespace ringfence::kernel

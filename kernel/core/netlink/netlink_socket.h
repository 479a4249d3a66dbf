// SPDX-License-Identifier: MIT
// AF_NETLINK: messages to the kernel and its answers, which wait in the asker's queue. [linux/abi]:
// netlink(7)
#pragma once

#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/netlink/message.h"
#include "kernel/core/socket/socket.h"
#include "kernel/net/buffer.h"

namespace ringfence::kernel {

/// Of socket(2), for this family.
enum class NetlinkProtocol : u32 { Route = 0 };

/// `struct sockaddr_nl`.
struct NetlinkAddress {
    u16 family = static_cast<u16>(AddressFamily::Netlink);
    u16 padding = 0;
    u32 port = 0;  ///< of a socket; 0: the kernel
    u32 groups = 0;
};
static_assert(sizeof(NetlinkAddress) == 12);

class NetlinkSocket final : public Socket {
public:
    NetlinkSocket(SocketType type, NetlinkProtocol protocol);
    ~NetlinkSocket() override;

    Fallible<void> bind(const SocketAddress& address) override;
    Fallible<void> connect(const SocketAddress& address, bool may_block) override;
    Fallible<u64> send(OutgoingMessage& message) override;
    Fallible<u64> receive(IncomingMessage& message) override;
    Fallible<void> shut_down(ShutDown how) override;
    [[nodiscard]] SocketAddress name() const override;
    Fallible<SocketAddress> peer_name() const override;
    Fallible<u64> control(u32 request, u64 argument) override;
    Fallible<void> set_option(OptionName option, const OptionValue& value) override;
    Fallible<OptionValue> option(OptionName option) override;
    [[nodiscard]] u32 ready() const override;
    void close() override;

    ListHook<NetlinkSocket> bound_hook{this};  ///< among the sockets that have a port

private:
    struct Datagram {
        ListHook<Datagram> hook{this};
        Ref<net::Buffer> bytes;
        u32 from = 0;
        PeerCredentials credentials{};
        u64 charge = 0;  ///< what it takes of the receive buffer
    };
    /// Options of the level SOL_NETLINK, by their numbers.
    struct Options {
        bool packet_information = false;
        bool broadcast_errors = false;
        bool no_overrun_errors = false;
        bool capped_errors = false;
        bool extended_errors = false;  ///< kept: there is nothing to add to the numbers
        bool strict = false;
    };

    [[nodiscard]] static bool Options::* truth_value(u32 name);
    [[nodiscard]] static NetlinkSocket* with_port(u32 port);
    Fallible<void> take_port(u32 wanted);
    Fallible<void> change_membership(const OptionValue& value, bool join);
    Fallible<NetlinkAddress> destination_of(const OutgoingMessage& message) const;
    /// What the kernel does with bytes that it was sent.
    void handle(std::span<const u8> bytes);
    void handle_message(const netlink::Header& header, std::span<const u8> payload);
    void acknowledge(const netlink::Header& header, std::span<const u8> payload, i32 error);
    void finish_list(const netlink::Header& header);
    /// Puts a message into this socket's queue, or notes that one was lost.
    void deliver(const Ref<net::Buffer>& bytes, u32 from, const PeerCredentials& who);
    void note_loss();
    [[nodiscard]] Datagram* first() const { return waiting_.front(); }
    void drop_first();

    u32 port_ = 0;  ///< 0: none yet
    u32 peer_ = 0;
    u32 peer_groups_ = 0;
    u64 groups_ = 0;
    Options netlink_options_;
    IntrusiveList<Datagram, &Datagram::hook> waiting_;
    u64 waiting_bytes_ = 0;
    bool overrun_ = false;  ///< told, until the queue is empty
};

}  // namespace ringfence::kernel

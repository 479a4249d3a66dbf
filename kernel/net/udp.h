// SPDX-License-Identifier: MIT
// UDP: datagrams between ports. [rfc/768]
#pragma once

#include "kernel/core/containers/intrusive_list.h"
#include "kernel/net/ip.h"
#include "kernel/net/packet.h"
#include "kernel/net/ports.h"

namespace ringfence::kernel::net {

class Stack;

inline constexpr usize udp_header_size = 8;
/// Bytes of the largest datagram. Over IPv6 it is larger than lo's packets, and Linux cuts it into
/// two fragments; here, where a packet is handed over by reference, it goes in one piece.
[[nodiscard]] constexpr usize most_udp_payload(bool v4) {
    return most_ip_bytes - (v4 ? ipv4_header_size : 0) - udp_header_size;
}

class UdpObserver {
public:
    /// A datagram came, or an answer that says that there is nobody at the peer's port.
    virtual void udp_readable() = 0;

protected:
    ~UdpObserver() = default;
};

struct Datagram {
    ListHook<Datagram> hook{this};
    Slice payload;
    Endpoint from;
    IpAddress to;
    IpMarks marks;  ///< as they arrived
};

/// A UDP socket: a local port, perhaps a peer, and datagrams that wait.
class UdpSocket {
public:
    explicit UdpSocket(UdpObserver& observer) : observer_(observer) {}
    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;
    ~UdpSocket();

    PortUse port_use;         ///< the local endpoint, once it is bound
    Endpoint peer;            ///< port 0: none
    usize receive_space = 0;  ///< bytes of datagrams, with their records, that may wait

    [[nodiscard]] bool bound() const { return port_use.active(); }
    [[nodiscard]] bool connected() const { return peer.port != 0; }
    [[nodiscard]] Datagram* first() const { return waiting_.front(); }
    void drop_first();
    [[nodiscard]] usize waiting_bytes() const { return waiting_bytes_; }
    /// True once after the peer's side said that nobody is at that port.
    [[nodiscard]] bool take_refusal() { return std::exchange(refused_, false); }
    [[nodiscard]] bool refused() const { return refused_; }

    ListHook<UdpSocket> hook{this};

private:
    friend class Udp;
    void add(Slice payload, const Endpoint& from, const IpHeader& header);

    UdpObserver& observer_;
    IntrusiveList<Datagram, &Datagram::hook> waiting_;
    usize waiting_bytes_ = 0;
    bool refused_ = false;
};

class Udp {
public:
    explicit Udp(Stack& stack) : stack_(stack) {}

    [[nodiscard]] Ports& ports() { return ports_; }
    /// A number for a socket that is to be bound to any port; 0 if there is none left.
    [[nodiscard]] u16 free_port(const PortUse& wanted);
    /// Lets `socket`, whose port_use is in order, have its port's datagrams.
    void bind(UdpSocket& socket);
    /// Sends one datagram, which may get lost. At most most_udp_payload bytes; the addresses are of
    /// one version.
    void send(const Endpoint& from, const Endpoint& to, Slice payload, IpMarks marks = {});
    void input(Packet& packet, const IpHeader& header);
    /// An ICMP message said that nobody took what was sent `from` there `to`.
    void refuse(const Endpoint& from, const Endpoint& to);

    /// Calls `visit(socket)` for each that is bound.
    template <typename Visit>
    void for_each_socket(Visit visit) const {
        for (const UdpSocket& socket : sockets_) {
            visit(socket);
        }
    }

private:
    [[nodiscard]] UdpSocket* find(const Endpoint& local, const Endpoint& remote);

    Stack& stack_;
    Ports ports_;
    IntrusiveList<UdpSocket, &UdpSocket::hook> sockets_;
};

}  // namespace ringfence::kernel::net

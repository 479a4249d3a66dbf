// SPDX-License-Identifier: MIT
// Sockets of AF_INET and AF_INET6 of the type SOCK_DGRAM. [linux/abi]: udp(7)
#pragma once

#include "kernel/core/socket/inet_control.h"
#include "kernel/core/socket/inet_socket.h"
#include "kernel/net/udp.h"

namespace ringfence::kernel {

class UdpSocket final : public InetSocket, private net::UdpObserver {
public:
    explicit UdpSocket(AddressFamily family);

    Fallible<void> bind(const SocketAddress& address) override;
    Fallible<void> connect(const SocketAddress& address, bool may_block) override;
    Fallible<u64> send(OutgoingMessage& message) override;
    Fallible<u64> receive(IncomingMessage& message) override;
    Fallible<void> shut_down(ShutDown how) override;
    Fallible<SocketAddress> peer_name() const override;
    Fallible<void> set_option(OptionName option, const OptionValue& value) override;
    Fallible<OptionValue> option(OptionName option) override;
    [[nodiscard]] u32 ready() const override;
    void close() override;

protected:
    [[nodiscard]] net::Endpoint local() const override;
    [[nodiscard]] u64 receivable() const override;

private:
    void udp_readable() override;
    Fallible<void> bind_to(const net::Endpoint& wanted);
    Fallible<net::Endpoint> destination_of(const OutgoingMessage& message) const;
    /// The marks of a datagram to an address of the given version.
    [[nodiscard]] net::IpMarks marks(bool v4) const;
    void disconnect();
    void collect_refusal();

    net::UdpSocket port_{*this};
    bool port_chosen_for_it_ = false;
    net::IpAddress bound_address_;  ///< what it goes back to when it is disconnected
    bool receives_no_more_ = false;
    bool sends_no_more_ = false;
};

}  // namespace ringfence::kernel

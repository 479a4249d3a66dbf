// SPDX-License-Identifier: MIT
// AF_INET sockets of the type SOCK_DGRAM. [linux/abi]: udp(7)
#pragma once

#include "kernel/core/socket/socket.h"
#include "kernel/core/socket/tcp_options.h"
#include "kernel/net/udp.h"

namespace ringfence::kernel {

class UdpSocket final : public Socket, private net::UdpObserver {
public:
    UdpSocket();

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

protected:
    [[nodiscard]] u64 receivable() const override;

private:
    void udp_readable() override;
    Fallible<void> bind_to(net::Endpoint wanted);
    Fallible<net::Endpoint> destination_of(const OutgoingMessage& message) const;
    void disconnect();
    void collect_refusal();

    net::UdpSocket port_{*this};
    bool port_chosen_for_it_ = false;
    bool receives_no_more_ = false;
    bool sends_no_more_ = false;
    IpOptions ip_options_;
};

}  // namespace ringfence::kernel

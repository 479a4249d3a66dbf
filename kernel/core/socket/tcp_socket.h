// SPDX-License-Identifier: MIT
// Sockets of AF_INET and AF_INET6 of the type SOCK_STREAM: the calls of a program on a TCP port, a
// listener or a connection. [linux/abi]: tcp(7)
#pragma once

#include <memory>

#include "kernel/core/socket/inet_socket.h"
#include "kernel/core/socket/tcp_options.h"
#include "kernel/net/tcp.h"

namespace ringfence::kernel {

class TcpSocket final : public InetSocket, private net::TcpObserver {
public:
    explicit TcpSocket(AddressFamily family);
    ~TcpSocket() override;

    Fallible<void> bind(const SocketAddress& address) override;
    Fallible<void> listen(u32 backlog) override;
    Fallible<void> connect(const SocketAddress& address, bool may_block) override;
    Fallible<Ref<Socket>> accept(bool may_block) override;
    Fallible<u64> send(OutgoingMessage& message) override;
    Fallible<u64> receive(IncomingMessage& message) override;
    Fallible<void> shut_down(ShutDown how) override;
    Fallible<SocketAddress> peer_name() const override;
    Fallible<void> set_option(OptionName option, const OptionValue& value) override;
    Fallible<OptionValue> option(OptionName option) override;
    [[nodiscard]] u32 ready() const override;
    void close() override;
    void linger() override;

protected:
    [[nodiscard]] net::Endpoint local() const override;
    [[nodiscard]] u64 receivable() const override;
    [[nodiscard]] u64 unsent() const override;
    [[nodiscard]] bool listening() const override { return listener_ != nullptr; }

private:
    using State = net::TcpState;

    void tcp_readable() override { read_queue_.wake_all(); }
    void tcp_writable() override { write_queue_.wake_all(); }

    [[nodiscard]] State state() const { return connection_ ? connection_->state() : State::Closed; }
    [[nodiscard]] bool connected() const;
    Fallible<void> bind_to_any_port();
    Fallible<void> start_connecting(const SocketAddress& address);
    Fallible<void> finish_connecting(bool may_block);
    void disconnect();
    /// Turns the connection's end into this socket's error, once.
    void collect_failure();
    Fallible<void> take_failure();
    Fallible<void> wait_until_sendable(const OutgoingMessage& message, u64 deadline);
    Fallible<u64> peek(IncomingMessage& message, u64 size);
    void apply_settings();
    [[nodiscard]] net::TcpSettings settings() const;

    net::PortUse port_;  ///< after bind
    std::unique_ptr<net::TcpListener> listener_;
    Ref<net::TcpConnection> connection_;
    bool connecting_ = false;  ///< connect has not yet said how it ended
    bool receives_no_more_ = false;
    TcpOptions tcp_options_;
};

}  // namespace ringfence::kernel

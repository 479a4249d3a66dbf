// SPDX-License-Identifier: MIT
// AF_UNIX sockets without connections: each message goes where it says, or to a default peer.
#pragma once

#include "kernel/core/socket/unix_socket.h"

namespace ringfence::kernel {

class UnixDatagramSocket final : public UnixSocket {
public:
    UnixDatagramSocket() : UnixSocket(SocketType::Datagram) {}

    Fallible<void> connect(const SocketAddress& address, bool may_block) override;
    Fallible<u64> send(OutgoingMessage& message) override;
    Fallible<u64> receive(IncomingMessage& message) override;
    [[nodiscard]] u32 ready() const override;

protected:
    [[nodiscard]] u64 receivable() const override;
    void disconnect() override { peer_ = nullptr; }

private:
    Fallible<Ref<UnixSocket>> find_receiver(const SocketAddress& address);
    Fallible<Ref<UnixSocket>> receiver_of(const OutgoingMessage& message);
};

}  // namespace ringfence::kernel

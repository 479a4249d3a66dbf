// SPDX-License-Identifier: MIT
// AF_UNIX sockets with connections: streams of bytes, and sequences of packets.
#pragma once

#include "kernel/core/socket/unix_socket.h"

namespace ringfence::kernel {

class UnixConnection final : public UnixSocket {
public:
    explicit UnixConnection(SocketType type) : UnixSocket(type) {}

    Fallible<void> listen(u32 backlog) override;
    Fallible<void> connect(const SocketAddress& address, bool may_block) override;
    Fallible<Ref<Socket>> accept(bool may_block) override;
    Fallible<u64> send(OutgoingMessage& message) override;
    Fallible<u64> receive(IncomingMessage& message) override;
    [[nodiscard]] u32 ready() const override;
    [[nodiscard]] bool waits_for_accept() const override { return !accepted_; }
    [[nodiscard]] Vector<UnixSocket*> acceptable() const override;

protected:
    [[nodiscard]] u64 receivable() const override { return queued_bytes(); }
    [[nodiscard]] bool listening() const override { return listening_; }
    void disconnect() override;

private:
    [[nodiscard]] bool is_stream() const { return type() == SocketType::Stream; }
    [[nodiscard]] bool backlog_full() const { return pending_.size() > backlog_; }
    [[nodiscard]] bool can_send() const { return !sends_no_more_ && !ends_receiving(*peer_); }
    /// Waits until this listening socket takes one more connection.
    Fallible<void> wait_for_backlog(bool may_block, u64 deadline);
    Fallible<u64> send_stream(OutgoingMessage& message);
    Fallible<u64> send_packet(OutgoingMessage& message);
    Fallible<u64> receive_stream(IncomingMessage& message);
    Fallible<u64> peek_stream(IncomingMessage& message);
    Fallible<u64> receive_packet(IncomingMessage& message);
    /// Waits for a message; true at the end of the stream.
    Fallible<bool> wait_for_message(bool may_block, u64 deadline);

    bool listening_ = false;
    bool accepted_ = true;  ///< false for an end that still waits in a backlog
    u32 backlog_ = 0;
    Vector<Ref<UnixConnection>> pending_;  ///< ends that accept will give out
};

}  // namespace ringfence::kernel

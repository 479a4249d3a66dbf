// SPDX-License-Identifier: MIT
// A communication endpoint. The default answers are those of a socket that cannot do what is asked,
// so each family overrides what it can. [linux/abi]: socket(2), socket(7)
#pragma once

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/open_file.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/scheduler/wait_queue.h"
#include "kernel/core/socket/address.h"
#include "kernel/core/socket/message.h"
#include "kernel/core/socket/options.h"

namespace ringfence::kernel {

/// [linux/abi]: SOCK_STREAM and so on
enum class SocketType : u32 { Stream = 1, Datagram = 2, Raw = 3, SequencedPackets = 5 };

enum class ShutDown : u32 { Reading = 0, Writing = 1, Both = 2 };

class Socket : public RefCounted, public Counted<Socket> {
public:
    Socket(AddressFamily family, SocketType type, u32 protocol)
        : family_(family), type_(type), protocol_(protocol) {}

    [[nodiscard]] AddressFamily family() const { return family_; }
    [[nodiscard]] SocketType type() const { return type_; }
    [[nodiscard]] u32 protocol() const { return protocol_; }

    virtual Fallible<void> bind(const SocketAddress& address) = 0;
    virtual Fallible<void> listen(u32 backlog);
    virtual Fallible<void> connect(const SocketAddress& address, bool may_block) = 0;
    /// A connection that a peer made to this listening socket.
    virtual Fallible<Ref<Socket>> accept(bool may_block);
    /// Both send and receive give the number of bytes moved; receive gives 0 at the end of a
    /// stream.
    virtual Fallible<u64> send(OutgoingMessage& message) = 0;
    virtual Fallible<u64> receive(IncomingMessage& message) = 0;
    virtual Fallible<void> shut_down(ShutDown how) = 0;
    [[nodiscard]] virtual SocketAddress name() const = 0;
    virtual Fallible<SocketAddress> peer_name() const = 0;
    /// ioctl: SIOCINQ, SIOCOUTQ, questions about interfaces, and what the family adds.
    virtual Fallible<u64> control(u32 request, u64 argument);
    /// setsockopt and getsockopt. The base class knows the level SOL_SOCKET.
    virtual Fallible<void> set_option(OptionName option, const OptionValue& value);
    virtual Fallible<OptionValue> option(OptionName option);
    /// Which poll events hold now.
    [[nodiscard]] virtual u32 ready() const = 0;
    [[nodiscard]] ReadinessQueues queues() { return {&read_queue_, &write_queue_}; }
    /// The last descriptor is gone. `Ref`s to the socket may stay.
    virtual void close() = 0;
    /// Before that, in close(2): waits for what is not yet sent, as SO_LINGER asks.
    virtual void linger() {}

    SocketOptions options;

protected:
    /// Bytes that receive could give now, or that are sent and not yet taken.
    [[nodiscard]] virtual u64 receivable() const { return 0; }
    [[nodiscard]] virtual u64 unsent() const { return 0; }
    [[nodiscard]] virtual bool listening() const { return false; }
    [[nodiscard]] virtual PeerCredentials peer_credentials() const { return {0, ~0U, ~0U}; }

    /// The error that came from outside, which is told once. Success if there is none.
    Fallible<void> take_error();
    void set_error(Errno error) { error_ = error; }
    [[nodiscard]] bool has_error() const { return error_ != no_error; }

    enum class Side : u8 { Receive, Send };
    /// Sleeps until `condition()` holds. Eagain if it may not or SO_RCVTIMEO or SO_SNDTIMEO is
    /// over. `deadline` is what deadline() gave when the call began.
    template <typename Condition>
    Fallible<void> wait(Side side, bool may_block, u64 deadline, Condition condition) {
        if (condition()) {
            return {};
        }
        if (!may_block) {
            return Error{Errno::Eagain};
        }
        WaitQueue& queue = side == Side::Receive ? read_queue_ : write_queue_;
        const auto outcome = wait_until(queue, condition, deadline);
        return outcome ? outcome : Error{wait_failure(outcome.error(), deadline)};
    }
    [[nodiscard]] u64 deadline(Side side) const;
    void wake_both() {
        read_queue_.wake_all();
        write_queue_.wake_all();
    }

    WaitQueue read_queue_;
    WaitQueue write_queue_;

private:
    static constexpr Errno no_error{0};
    static Errno wait_failure(Errno reason, u64 deadline);

    AddressFamily family_;
    SocketType type_;
    u32 protocol_;
    Errno error_ = no_error;
};

/// SIGPIPE, unless the sender does not want it, and the error to return.
[[nodiscard]] Error<Errno> broken_pipe(const OutgoingMessage& message);

}  // namespace ringfence::kernel

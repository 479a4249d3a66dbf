// SPDX-License-Identifier: MIT
// AF_UNIX: sockets between processes of one machine. What all types have in common: names, messages
// that wait in the receiver's queue and count against the sender's buffer, and open files that are
// passed in messages. [linux/abi]: unix(7)
#pragma once

#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/socket/passed_files.h"
#include "kernel/core/socket/socket.h"
#include "kernel/core/socket/unix_name.h"
#include "kernel/net/buffer.h"

namespace ringfence::kernel {

/// What one send call put into the receiver's queue; of a stream, up to a buffer of it.
struct UnixMessage {
    UnixMessage(net::Slice contents, UnixSocket& from, const PeerCredentials& who,
                Vector<Ref<OpenFile>> with)
        : bytes(std::move(contents)), sender(&from), credentials(who), files(std::move(with)) {}
    ~UnixMessage();

    ListHook<UnixMessage> hook{this};
    net::Slice bytes;
    Ref<UnixSocket> sender;
    PeerCredentials credentials;
    PassedFiles files;
    u64 charge = 0;  ///< what it takes of the sender's buffer
};

class UnixSocket : public Socket {
public:
    explicit UnixSocket(SocketType type);
    ~UnixSocket() override;

    [[nodiscard]] const UnixName& unix_name() const { return name_; }
    Fallible<void> bind(const SocketAddress& address) override;
    [[nodiscard]] SocketAddress name() const override { return name_.address(); }
    Fallible<SocketAddress> peer_name() const override;
    Fallible<void> set_option(OptionName option, const OptionValue& value) override;
    Fallible<OptionValue> option(OptionName option) override;
    Fallible<void> shut_down(ShutDown how) override;
    void close() override;

    /// For socketpair: both ends of one connection.
    static void join(UnixSocket& first, UnixSocket& second);

    ListHook<UnixSocket> name_hook{this};  ///< among the bound sockets

    // ---- For the garbage collector.
    /// Who holds the socket's file, as far as counted.
    struct Reach {
        u32 in_messages = 0;          ///< messages that have it
        bool held_otherwise = false;  ///< by descriptors, or by calls that go on
        bool reachable = false;
    };
    Reach reach;
    ListHook<UnixSocket> all_hook{this};
    [[nodiscard]] const IntrusiveList<UnixMessage, &UnixMessage::hook>& inbox() const {
        return inbox_;
    }
    /// True for an end of a connection that nobody has accepted: only its listener knows it.
    [[nodiscard]] virtual bool waits_for_accept() const { return false; }
    /// The ends that wait in this listener's backlog.
    [[nodiscard]] virtual Vector<UnixSocket*> acceptable() const { return {}; }
    void discard_messages();

protected:
    /// The message that is next to be received, or null.
    [[nodiscard]] UnixMessage* first() const { return inbox_.front(); }
    /// Takes the first message out of the queue; the sender gets its room back.
    void drop_first();
    [[nodiscard]] u64 queued_bytes() const { return inbox_bytes_; }
    /// Bytes of the first message that have been received.
    void consume(UnixMessage& message, u64 count);
    /// Hands out what comes with `message` beside its bytes.
    void give_extras(UnixMessage& message, IncomingMessage& incoming);

    /// A message of `size` bytes from `offset` of `outgoing` on, with its files if `with_files`.
    Fallible<UnixMessage*> make_message(OutgoingMessage& outgoing, u64 offset, u64 size,
                                        bool with_files);
    /// Puts it into the queue of `receiver`. Cannot fail.
    void post(UnixSocket& receiver, UnixMessage* message);
    [[nodiscard]] bool has_send_room() const { return in_flight_ < options.send_buffer; }
    /// When poll says so: a quarter of the buffer is in use at most, as Linux has it.
    [[nodiscard]] bool writable() const;
    [[nodiscard]] u64 largest_message() const;
    [[nodiscard]] u64 unsent() const override { return in_flight_; }

    [[nodiscard]] PeerCredentials peer_credentials() const override { return peer_credentials_; }
    /// Receives the first message, whole: what does not fit is lost.
    Fallible<u64> receive_first(IncomingMessage& incoming);
    /// An accepted connection is known by its listener's name.
    void share_name(const UnixSocket& listener) { name_.text = listener.name_.text; }
    /// False if this socket is connected to somebody else, whose messages alone it takes.
    [[nodiscard]] bool accepts_from(const UnixSocket& other) const {
        return !peer_ || peer_ == &other;
    }
    [[nodiscard]] static bool is_closed(const UnixSocket& other) { return other.closed_; }
    [[nodiscard]] static bool ends_receiving(const UnixSocket& other) {
        return other.receives_no_more_;
    }
    /// What to do at the end beside what all types do.
    virtual void disconnect() = 0;
    /// The peer, or what is left of it after its close.
    Ref<UnixSocket> peer_;
    bool receives_no_more_ = false;
    bool sends_no_more_ = false;
    bool closed_ = false;
    PeerCredentials peer_credentials_{0, ~0U, ~0U};

private:
    friend struct UnixMessage;

    UnixName name_;
    IntrusiveList<UnixMessage, &UnixMessage::hook> inbox_;
    u64 inbox_bytes_ = 0;
    u64 in_flight_ = 0;
};

/// All there are, open or only referred to.
[[nodiscard]] IntrusiveList<UnixSocket, &UnixSocket::all_hook>& all_unix_sockets();

/// A socket of the given type; Esocktnosupport for one that AF_UNIX has not.
Fallible<Ref<UnixSocket>> make_unix_socket(SocketType type);

}  // namespace ringfence::kernel

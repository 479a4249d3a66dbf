// SPDX-License-Identifier: MIT
#include "kernel/core/socket/unix_socket.h"

#include <algorithm>

#include "kernel/core/socket/unix_connection.h"
#include "kernel/core/socket/unix_datagram.h"
#include "kernel/core/socket/unix_garbage.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {
/// What a message's records count for, beside its bytes.
constexpr u64 message_overhead = 256;
/// What Linux keeps back of SO_SNDBUF for a datagram's own records.
constexpr u64 datagram_overhead = 32;
}  // namespace

UnixMessage::~UnixMessage() {
    hook.unlink();
    UnixSocket& from = *sender;
    from.in_flight_ -= charge;
    if (from.writable()) {
        from.write_queue_.wake_all();
    }
}

IntrusiveList<UnixSocket, &UnixSocket::all_hook>& all_unix_sockets() {
    static IntrusiveList<UnixSocket, &UnixSocket::all_hook> list;
    return list;
}

UnixSocket::UnixSocket(SocketType type) : Socket(AddressFamily::Unix, type, 0) {
    all_unix_sockets().push_back(*this);
}

UnixSocket::~UnixSocket() {
    RF_ASSERT(inbox_.empty());
    all_hook.unlink();
}

Fallible<void> UnixSocket::bind(const SocketAddress& address) {
    RF_TRY_ASSIGN(text, unix_name_text(address));
    RF_TRY_ASSIGN(made, make_unix_name(*this, text));
    name_ = made;
    publish_unix_socket(*this);
    return {};
}

Fallible<SocketAddress> UnixSocket::peer_name() const {
    if (!peer_) {
        return Error{Errno::Enotconn};
    }
    return peer_->name();
}

Fallible<void> UnixSocket::set_option(OptionName option, const OptionValue& value) {
    return option.level == OptionLevel::Socket ? Socket::set_option(option, value)
                                               : Error{Errno::Eopnotsupp};
}

Fallible<OptionValue> UnixSocket::option(OptionName option) {
    return option.level == OptionLevel::Socket ? Socket::option(option) : Error{Errno::Eopnotsupp};
}

Fallible<void> UnixSocket::shut_down(ShutDown how) {
    // Reading's end here is writing's end there, where types are connected both ways.
    const bool mutual = peer_ && peer_->peer_ == this && type() != SocketType::Datagram;
    if (how != ShutDown::Writing) {
        receives_no_more_ = true;
        if (mutual) {
            peer_->sends_no_more_ = true;
        }
    }
    if (how != ShutDown::Reading) {
        sends_no_more_ = true;
        if (mutual) {
            peer_->receives_no_more_ = true;
        }
    }
    wake_both();
    if (mutual) {
        peer_->wake_both();
    }
    return {};
}

void UnixSocket::close() {
    const Ref<UnixSocket> self(this);
    closed_ = true;
    receives_no_more_ = sends_no_more_ = true;
    name_hook.unlink();
    name_.inode = nullptr;
    disconnect();
    discard_messages();
    wake_both();
    collect_unix_garbage();
}

void UnixSocket::join(UnixSocket& first, UnixSocket& second) {
    first.peer_ = &second;
    second.peer_ = &first;
    first.peer_credentials_ = second.peer_credentials_ = current_peer_credentials();
}

void UnixSocket::discard_messages() {
    while (first() != nullptr) {
        drop_first();
    }
}

void UnixSocket::drop_first() {
    UnixMessage* message = first();
    inbox_bytes_ -= message->bytes.size();
    delete message;
}

void UnixSocket::consume(UnixMessage& message, u64 count) {
    inbox_bytes_ -= count;
    message.bytes.drop_front(count);
}

void UnixSocket::give_extras(UnixMessage& message, IncomingMessage& incoming) {
    if (!message.sender->name_.empty()) {
        incoming.from = message.sender->name();
    }
    if (options.pass_credentials) {
        incoming.credentials = message.credentials;
    }
    incoming.files = incoming.flags.peek() ? message.files.list() : message.files.take();
}

Fallible<u64> UnixSocket::receive_first(IncomingMessage& incoming) {
    UnixMessage& message = *first();
    const u64 size = message.bytes.size();
    const u64 copied = std::min(size, incoming.bytes.size());
    RF_TRY(incoming.bytes.put(0, message.bytes.bytes().first(copied)));
    give_extras(message, incoming);
    if (copied < size) {
        incoming.found_flags |= message_bits::Truncated::mask;
    }
    if (!incoming.flags.peek()) {
        drop_first();
    }
    return incoming.flags.truncation_wanted() ? size : copied;
}

Fallible<UnixMessage*> UnixSocket::make_message(OutgoingMessage& outgoing, u64 offset, u64 size,
                                                bool with_files) {
    if (!outgoing.files.empty()) {
        collect_unix_garbage_if_much();
    }
    RF_TRY(admit_allocation(2 * size / frame_size + 1));  // rounded up to a power of two
    const Ref<net::Buffer> buffer = net::Buffer::allocate(size);
    if (!buffer) {
        return Error{Errno::Enobufs};
    }
    RF_TRY(outgoing.bytes.get(offset, buffer->room().first(size)));
    buffer->append(size);
    auto* message =
        new UnixMessage(net::Slice(buffer, 0, size), *this,
                        outgoing.credentials.value_or(current_peer_credentials()),
                        with_files ? std::move(outgoing.files) : Vector<Ref<OpenFile>>());
    message->charge = buffer->capacity() + message_overhead;
    in_flight_ += message->charge;
    return message;
}

void UnixSocket::post(UnixSocket& receiver, UnixMessage* message) {
    receiver.inbox_bytes_ += message->bytes.size();
    receiver.inbox_.push_back(*message);
    receiver.read_queue_.wake_all();
}

bool UnixSocket::writable() const {
    return in_flight_ * 4 <= options.send_buffer;
}

u64 UnixSocket::largest_message() const {
    return std::min<u64>(options.send_buffer - datagram_overhead, net::Buffer::largest);
}

Fallible<Ref<UnixSocket>> make_unix_socket(SocketType type) {
    RF_TRY(admit_allocation());
    switch (type) {
        case SocketType::Stream:
        case SocketType::SequencedPackets:
            return Ref<UnixSocket>(new UnixConnection(type));
        case SocketType::Datagram:
        case SocketType::Raw:  // the same, says Linux
            return Ref<UnixSocket>(new UnixDatagramSocket());
    }
    return Error{Errno::Esocktnosupport};
}

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
#include "kernel/core/socket/unix_datagram.h"

namespace ringfence::kernel {

Fallible<Ref<UnixSocket>> UnixDatagramSocket::find_receiver(const SocketAddress& address) {
    RF_TRY_ASSIGN(text, unix_name_text(address));
    RF_TRY_ASSIGN(found, find_unix_socket(*this, text));
    if (!static_cast<UnixDatagramSocket&>(*found).accepts_from(*this)) {
        return Error{Errno::Eperm};
    }
    return found;
}

Fallible<void> UnixDatagramSocket::connect(const SocketAddress& address, bool) {
    if (address.family() == AddressFamily::Unspecified) {
        peer_ = nullptr;
        return {};
    }
    RF_TRY_ASSIGN(receiver, find_receiver(address));
    peer_ = receiver;
    write_queue_.wake_all();
    return {};
}

Fallible<Ref<UnixSocket>> UnixDatagramSocket::receiver_of(const OutgoingMessage& message) {
    if (message.to != nullptr) {
        return find_receiver(*message.to);
    }
    if (!peer_) {
        return Error{Errno::Enotconn};
    }
    if (is_closed(*peer_)) {
        peer_ = nullptr;
        return Error{Errno::Econnrefused};
    }
    return peer_;
}

Fallible<u64> UnixDatagramSocket::send(OutgoingMessage& message) {
    if (message.flags.out_of_band()) {
        return Error{Errno::Eopnotsupp};
    }
    RF_TRY_ASSIGN(receiver, receiver_of(message));
    if (message.bytes.size() > largest_message()) {
        return Error{Errno::Emsgsize};
    }
    if (sends_no_more_) {
        return broken_pipe(message);
    }
    RF_TRY(wait(Side::Send, message.may_block, deadline(Side::Send),
                [this] { return has_send_room(); }));
    RF_TRY_ASSIGN(made, make_message(message, 0, message.bytes.size(), true));
    if (is_closed(*receiver) || ends_receiving(*receiver)) {
        delete made;
        return is_closed(*receiver) ? Fallible<u64>(Error{Errno::Econnrefused})
                                    : broken_pipe(message);
    }
    post(*receiver, made);
    return message.bytes.size();
}

Fallible<u64> UnixDatagramSocket::receive(IncomingMessage& message) {
    if (message.flags.out_of_band()) {
        return Error{Errno::Eopnotsupp};
    }
    RF_TRY(wait(Side::Receive, message.may_block, deadline(Side::Receive),
                [this] { return first() != nullptr || receives_no_more_; }));
    return first() != nullptr ? receive_first(message) : Fallible<u64>(u64{0});
}

u64 UnixDatagramSocket::receivable() const {
    return first() != nullptr ? first()->bytes.size() : 0;
}

u32 UnixDatagramSocket::ready() const {
    using namespace poll_bits;
    u32 events = writable() ? Out::mask | WriteNormal::mask : 0;
    if (receives_no_more_) {
        events |= ReadHangUp::mask | (sends_no_more_ ? HangUp::mask : 0);
    }
    if (receives_no_more_ || first() != nullptr) {
        events |= In::mask | ReadNormal::mask;
    }
    return events;
}

}  // namespace ringfence::kernel

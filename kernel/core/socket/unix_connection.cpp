// SPDX-License-Identifier: MIT
#include "kernel/core/socket/unix_connection.h"

#include <algorithm>

#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {
/// Most bytes of a stream that are one message: a large write is received while it is still sent.
constexpr u64 stream_piece = 32 * kib - sizeof(net::Buffer);
}  // namespace

Fallible<void> UnixConnection::listen(u32 backlog) {
    if (peer_ || unix_name().empty()) {
        return Error{Errno::Einval};
    }
    listening_ = true;
    backlog_ = backlog;
    peer_credentials_ = current_peer_credentials();
    write_queue_.wake_all();
    return {};
}

Fallible<void> UnixConnection::wait_for_backlog(bool may_block, u64 deadline) {
    return wait(Side::Send, may_block, deadline, [this] { return !listening_ || !backlog_full(); });
}

Fallible<void> UnixConnection::connect(const SocketAddress& address, bool may_block) {
    RF_TRY_ASSIGN(text, unix_name_text(address));
    if (peer_ || listening_) {
        return Error{peer_ ? Errno::Eisconn : Errno::Einval};
    }
    RF_TRY_ASSIGN(found, find_unix_socket(*this, text));
    RF_TRY(admit_allocation());
    auto& listener = static_cast<UnixConnection&>(*found);
    RF_TRY(listener.wait_for_backlog(may_block, deadline(Side::Send)));
    if (!listener.listening_) {
        return Error{Errno::Econnrefused};
    }
    if (peer_) {
        return Error{Errno::Eisconn};  // another thread was faster
    }
    const Ref<UnixConnection> end = make_ref<UnixConnection>(type());
    join(*this, *end);
    peer_credentials_ = listener.peer_credentials_;
    end->share_name(listener);
    end->accepted_ = false;
    end->options.pass_credentials = listener.options.pass_credentials;
    listener.pending_.push_back(end);
    listener.read_queue_.wake_all();
    return {};
}

Fallible<Ref<Socket>> UnixConnection::accept(bool may_block) {
    if (!listening_) {
        return Error{Errno::Einval};
    }
    RF_TRY(wait(Side::Receive, may_block, deadline(Side::Receive),
                [this] { return !pending_.empty() || receives_no_more_; }));
    if (pending_.empty()) {
        return Error{Errno::Einval};
    }
    Ref<UnixConnection> end = pending_[0];
    pending_.erase(0);
    end->accepted_ = true;
    write_queue_.wake_all();
    return Ref<Socket>(end);
}

Vector<UnixSocket*> UnixConnection::acceptable() const {
    Vector<UnixSocket*> ends;
    for (const Ref<UnixConnection>& end : pending_) {
        ends.push_back(end.get());
    }
    return ends;
}

void UnixConnection::disconnect() {
    listening_ = false;
    for (const Ref<UnixConnection>& end : pending_) {
        end->close();
    }
    pending_.clear();
    if (peer_) {
        auto& other = static_cast<UnixConnection&>(*peer_);
        other.receives_no_more_ = other.sends_no_more_ = true;
        if (first() != nullptr || !accepted_) {
            other.set_error(Errno::Econnreset);
        }
        other.wake_both();
    }
    peer_ = nullptr;
}

Fallible<u64> UnixConnection::send(OutgoingMessage& message) {
    if (message.flags.out_of_band()) {
        return Error{Errno::Eopnotsupp};
    }
    if (message.to != nullptr && is_stream()) {
        return Error{peer_ ? Errno::Eisconn : Errno::Eopnotsupp};
    }
    if (!peer_) {
        return Error{Errno::Enotconn};
    }
    return is_stream() ? send_stream(message) : send_packet(message);
}

Fallible<u64> UnixConnection::send_stream(OutgoingMessage& message) {
    const u64 until = deadline(Side::Send);
    u64 done = 0;
    do {
        if (!can_send()) {
            return done > 0 ? Fallible<u64>(done) : broken_pipe(message);
        }
        const auto room = wait(Side::Send, message.may_block, until,
                               [this] { return has_send_room() || !can_send(); });
        if (!room) {
            return done > 0 ? Fallible<u64>(done) : Error{room.error()};
        }
        if (!can_send()) {
            continue;
        }
        const u64 size = std::min(message.bytes.size() - done, stream_piece);
        if (size == 0) {
            break;
        }
        const auto made = make_message(message, done, size, done == 0);
        if (!made) {
            return done > 0 ? Fallible<u64>(done) : Error{made.error()};
        }
        post(*peer_, made.value());
        done += size;
    } while (done < message.bytes.size());
    return done;
}

Fallible<u64> UnixConnection::send_packet(OutgoingMessage& message) {
    if (message.bytes.size() > largest_message()) {
        return Error{Errno::Emsgsize};
    }
    if (!can_send()) {
        return broken_pipe(message);
    }
    RF_TRY(wait(Side::Send, message.may_block, deadline(Side::Send),
                [this] { return has_send_room() || !can_send(); }));
    if (!can_send()) {
        return broken_pipe(message);
    }
    RF_TRY_ASSIGN(made, make_message(message, 0, message.bytes.size(), true));
    post(*peer_, made);
    return message.bytes.size();
}

Fallible<u64> UnixConnection::receive(IncomingMessage& message) {
    if (message.flags.out_of_band()) {
        return Error{Errno::Eopnotsupp};
    }
    if (!peer_) {
        return Error{is_stream() ? Errno::Einval : Errno::Enotconn};
    }
    if (!is_stream()) {
        return receive_packet(message);
    }
    return message.flags.peek() ? peek_stream(message) : receive_stream(message);
}

Fallible<bool> UnixConnection::wait_for_message(bool may_block, u64 until) {
    RF_TRY(wait(Side::Receive, may_block, until,
                [this] { return first() != nullptr || receives_no_more_ || has_error(); }));
    if (first() != nullptr) {
        return false;
    }
    RF_TRY(take_error());
    return true;
}

Fallible<u64> UnixConnection::receive_stream(IncomingMessage& message) {
    const u64 size = message.bytes.size();
    const u64 until = deadline(Side::Receive);
    const u64 enough =
        message.flags.wait_for_all() ? size : std::min<u64>(size, options.receive_low_water);
    u64 done = 0;
    bool has_extras = false;
    while (done < size) {
        if (first() == nullptr && done >= enough) {
            break;
        }
        const auto ended = wait_for_message(message.may_block, until);
        if (!ended) {
            return done > 0 ? Fallible<u64>(done) : Error{ended.error()};
        }
        if (ended.value()) {
            break;
        }
        UnixMessage& next = *first();
        if (has_extras && !next.files.empty()) {
            break;  // its files must not look as if they came with earlier bytes
        }
        const u64 piece = std::min(size - done, next.bytes.size());
        const auto copied = message.bytes.put(done, next.bytes.bytes().first(piece));
        if (!copied) {
            return done > 0 ? Fallible<u64>(done) : Error{copied.error()};
        }
        if (!has_extras || !next.files.empty()) {
            give_extras(next, message);
            has_extras = true;
        }
        done += piece;
        consume(next, piece);
        if (next.bytes.empty()) {
            drop_first();
        }
        if (!message.files.empty()) {
            break;
        }
    }
    return done;
}

Fallible<u64> UnixConnection::peek_stream(IncomingMessage& message) {
    RF_TRY_ASSIGN(ended, wait_for_message(message.may_block, deadline(Side::Receive)));
    if (ended) {
        return u64{0};
    }
    give_extras(*first(), message);
    u64 done = 0;
    for (const UnixMessage& next : inbox()) {
        const u64 piece = std::min(message.bytes.size() - done, next.bytes.size());
        RF_TRY(message.bytes.put(done, next.bytes.bytes().first(piece)));
        done += piece;
    }
    return done;
}

Fallible<u64> UnixConnection::receive_packet(IncomingMessage& message) {
    RF_TRY_ASSIGN(ended, wait_for_message(message.may_block, deadline(Side::Receive)));
    if (ended) {
        return u64{0};
    }
    message.found_flags |= message_bits::EndOfRecord::mask;
    return receive_first(message);
}

u32 UnixConnection::ready() const {
    using namespace poll_bits;
    u32 events = writable() ? Out::mask | WriteNormal::mask : 0;
    if (has_error()) {
        events |= poll_bits::Error::mask;
    }
    if ((receives_no_more_ && sends_no_more_) || (!peer_ && !listening_)) {
        events |= HangUp::mask;
    }
    if (receives_no_more_) {
        events |= ReadHangUp::mask | In::mask | ReadNormal::mask;
    }
    if (first() != nullptr || !pending_.empty()) {
        events |= In::mask | ReadNormal::mask;
    }
    return events;
}

}  // namespace ringfence::kernel

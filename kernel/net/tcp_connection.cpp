// SPDX-License-Identifier: MIT
// The owner's side of a connection, and its timers. tcp_input.cpp and tcp_output.cpp have the
// peer's.
#include "kernel/net/tcp_connection.h"

#include <algorithm>

#include "kernel/net/tcp.h"
#include "kernel/net/tcp_limits.h"
#include "kernel/net/tcp_listener.h"

namespace ringfence::kernel::net {

namespace {
/// Small writes share buffers of this size.
constexpr usize least_buffer = 2 * kib - sizeof(Buffer);
/// Larger ones are hard to get, and no segment is larger.
constexpr usize most_buffer = 64 * kib - sizeof(Buffer);
/// Less room than this at a buffer's end is left alone, rather than filled by a tiny segment.
constexpr usize least_room = 64;
}  // namespace

TcpConnection::TcpConnection(Tcp& tcp, const ConnectionKey& key, const TcpSettings& initial)
    : settings(initial),
      tcp_(tcp),
      key_(key),
      segment_size_(tcp_limits::default_segment_size),
      quick_acks_left_(tcp_limits::quick_acknowledgements),
      retransmit_at_(tcp_limits::never),
      acknowledge_at_(tcp_limits::never),
      give_up_at_(tcp_limits::never),
      timer_deadline_(tcp_limits::never) {
    port_use.local = key.local;
}

TcpConnection::~TcpConnection() {
    RF_ASSERT(!table_hook.linked() && !timer_hook.linked());
}

usize TcpConnection::send_room() const {
    const usize used = send_queue_.size();
    return used < settings.send_space ? settings.send_space - used : 0;
}

std::span<u8> TcpConnection::prepare(usize wanted) {
    wanted = std::min(wanted, send_room());
    if (wanted == 0) {
        return {};
    }
    if (send_queue_.room().size() < std::min(wanted, least_room)) {
        // Segments do not cross buffers: a large one holds a whole number of them.
        const usize most = most_buffer - most_buffer % segment_size_;
        // Without memory for a large buffer, a small one will do.
        usize size = std::clamp(wanted, least_buffer, most);
        Ref<Buffer> fresh = Buffer::allocate(size, most);
        while (!fresh && size > least_buffer) {
            size = std::max(size / 2, least_buffer);
            fresh = Buffer::allocate(size, most);
        }
        if (!fresh) {
            return {};
        }
        send_queue_.add_buffer(std::move(fresh));
    }
    const std::span<u8> room = send_queue_.room();
    return room.first(std::min(wanted, room.size()));
}

void TcpConnection::commit(usize count, bool more) {
    if (count > 0) {
        send_queue_.grow(count);
    }
    more_follows_ = more;
    output();
}

void TcpConnection::finish_sending() {
    if (!can_send()) {
        return;
    }
    fin_wanted_ = true;
    state_ = state_ == TcpState::Established ? TcpState::FinWait1 : TcpState::LastAck;
    output();
}

void TcpConnection::consume(usize count) {
    receive_queue_.drop_front(count);
    const u32 room = receive_room();
    const u32 known = advertised_ - receive_next_;
    // A window that opens is told once it is worth a segment. [rfc/9293] 3.8.6.2.2
    const u32 worth = std::min<u32>(settings.receive_space / 2, tcp_.largest_segment(*this));
    const bool opened = room >= known + worth;
    // Where no answer is on its way to carry it, what was read is acknowledged now.
    const bool owed = ack_due_ == AckDue::Later && receive_queue_.empty() && !interactive_;
    if (state_ != TcpState::Closed && state_ != TcpState::TimeWait && (opened || owed)) {
        ack_due_ = AckDue::Now;
        output();
    }
}

void TcpConnection::disown() {
    const Ref<TcpConnection> self(this);
    observer_ = nullptr;
    disowned_ = true;
    if (state_ == TcpState::Closed || state_ == TcpState::TimeWait) {
        return;
    }
    if (!receive_queue_.empty() || state_ == TcpState::SynSent) {
        abort();
        return;
    }
    finish_sending();
    if (state_ == TcpState::FinWait2) {
        give_up_at_ = tcp_.now() + tcp_limits::orphan_wait;
    }
    update_timer();
}

void TcpConnection::abort() {
    const Ref<TcpConnection> self(this);
    if (state_ != TcpState::Closed && state_ != TcpState::TimeWait && state_ != TcpState::SynSent) {
        TcpSegment reset{.key = key_,
                         .sequence = next_,
                         .acknowledgement = receive_next_,
                         .ack = true,
                         .reset = true};
        tcp_.transmit(reset);
    }
    end(TcpFailure::None);
}

void TcpConnection::end(TcpFailure failure) {
    const Ref<TcpConnection> self(this);
    failure_ = failure;
    state_ = TcpState::Closed;
    send_queue_.clear();
    reassembly_.clear();
    retransmit_at_ = acknowledge_at_ = give_up_at_ = tcp_limits::never;
    leave_listener();
    tcp_.remove(*this);
    wake_both();
}

/// No longer half open.
TcpListener* TcpConnection::leave_listener() {
    TcpListener* listener = std::exchange(listener_, nullptr);
    if (listener != nullptr) {
        listener->half_open_ended();
    }
    return listener;
}

void TcpConnection::wake_both() {
    if (observer_ != nullptr) {
        observer_->tcp_readable();
        observer_->tcp_writable();
    }
}

void TcpConnection::update_timer() {
    const u64 wanted = std::min({retransmit_at_, acknowledge_at_, give_up_at_});
    // One that expires too early looks again; moving it with each segment would cost more.
    if (wanted < timer_deadline_ && table_hook.linked()) {
        tcp_.arm_timer(*this, wanted);
    }
}

void TcpConnection::run_timer(u64 now) {
    if (give_up_at_ <= now) {
        end(TcpFailure::None);
        return;
    }
    if (acknowledge_at_ <= now) {
        acknowledge_at_ = tcp_limits::never;
        if (ack_due_ == AckDue::Later) {
            interactive_ = false;  // the answer that was waited for did not come
            ack_due_ = AckDue::Now;
        }
    }
    if (retransmit_at_ <= now) {
        retransmission_due(now);
    }
    if (state_ != TcpState::Closed) {
        output();
    }
}

void TcpConnection::retransmission_due(u64 now) {
    const u32 most = state_ == TcpState::SynSent       ? tcp_limits::syn_retries
                     : state_ == TcpState::SynReceived ? tcp_limits::syn_ack_retries
                                                       : tcp_limits::retries;
    if (++attempts_ > most) {
        end(TcpFailure::TimedOut);
        return;
    }
    round_trip_.back_off();
    retransmit_at_ = now + round_trip_.timeout();
    const bool opening = state_ == TcpState::SynSent || state_ == TcpState::SynReceived;
    if (!opening && send_window_ == 0) {
        send_probe();
        return;
    }
    if (in_flight() == 0) {
        forced_ = true;  // the window is small and stays small: fill it
        return;
    }
    ++retransmissions_;
    timed_end_.reset();  // nobody knows which copy an acknowledgement is for. [rfc/6298] 3
    congestion_.timed_out(in_flight());
    duplicates_ = 0;
    next_ = una_;
}

}  // namespace ringfence::kernel::net

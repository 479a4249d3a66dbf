// SPDX-License-Identifier: MIT
// What a connection sends, and when. [rfc/9293] 3.8.6.2.1: the sender's part against silly windows
#include <algorithm>

#include "kernel/net/tcp.h"
#include "kernel/net/tcp_connection.h"
#include "kernel/net/tcp_limits.h"

namespace ringfence::kernel::net {

void TcpConnection::output() {
    while (send_next()) {
    }
    forced_ = false;
    if (ack_due_ == AckDue::Now) {
        send_acknowledgement();
    }
    const bool waits = in_flight() > 0 || send_queue_.size() > 0;
    if (!waits) {
        retransmit_at_ = tcp_limits::never;
    } else if (retransmit_at_ == tcp_limits::never) {
        retransmit_at_ = tcp_.now() + round_trip_.timeout();
    }
    update_timer();
}

/// Sends one segment if one is due.
bool TcpConnection::send_next() {
    if (state_ == TcpState::SynSent || state_ == TcpState::SynReceived) {
        if (next_ == first_) {
            send_syn();
        }
        return false;
    }
    if (state_ == TcpState::Closed || state_ == TcpState::TimeWait ||
        state_ == TcpState::FinWait2) {
        return false;
    }
    if (next_ > fin_sequence()) {
        return false;  // all is sent, FIN too
    }
    const usize offset = next_ - queue_start_;
    const usize left = send_queue_.size() - offset;
    if (left == 0) {
        if (!fin_wanted_) {
            return false;
        }
        send_segment(next_, {}, true);
        return false;
    }
    Slice slice = send_queue_.at(offset, segment_size_);
    const usize together = slice.size();
    if (const u32 window = usable_window(); together > window) {
        slice.drop_back(together - window);
    }
    const bool last = slice.size() == left;
    // The end of a buffer with more behind it will not get any fuller.
    const bool full = slice.size() == segment_size_ || (slice.size() == together && !last);
    if (slice.empty() || !(full || may_send(slice.size(), last))) {
        return false;
    }
    send_segment(next_, std::move(slice), last && fin_wanted_);
    return true;
}

u32 TcpConnection::usable_window() const {
    const u32 window = std::min(send_window_, congestion_.bytes());
    const u32 used = next_ - una_;
    return window > used ? window - used : 0;
}

/// Whether a segment that is not full goes out. `last`: it ends what there is to send.
bool TcpConnection::may_send(usize size, bool last) const {
    if (forced_ || next_ < most_sent_) {
        return true;
    }
    if (!last) {
        return size * 2 >= largest_send_window_;
    }
    if (fin_wanted_) {
        return true;
    }
    if (settings.cork || more_follows_) {
        return false;
    }
    // Nagle's rule, for small segments among each other: one at a time. [rfc/9293] 3.7.4
    return settings.no_delay || small_end_ <= una_;
}

void TcpConnection::send_syn() {
    TcpSegment segment{.key = key_,
                       .sequence = first_,
                       .syn = true,
                       .ack = state_ == TcpState::SynReceived,
                       .maximum_size = tcp_.segment_size_for(*this),
                       .window_scale = tcp_limits::window_scale};
    if (segment.ack && receive_scale_ == 0) {
        segment.window_scale.reset();  // the peer's SYN had none. [rfc/7323] 2.2
    }
    next_ = first_ + 1;
    transmit(segment);
}

void TcpConnection::send_segment(Sequence at, Slice payload, bool fin) {
    const u32 size = static_cast<u32>(payload.size());
    const bool ends_queue = at + size == fin_sequence();
    if (size > 0 && size < segment_size_) {
        small_end_ = later(small_end_, at + size);
    }
    if (size > 0 && last_received_at_ != 0 &&
        tcp_.now() - last_received_at_ < tcp_limits::delayed_acknowledgement) {
        interactive_ = true;  // the owner answers what it reads
    }
    TcpSegment segment{.key = key_,
                       .sequence = at,
                       .ack = true,
                       .fin = fin,
                       .push = ends_queue && size > 0,
                       .payload = std::move(payload)};
    next_ = later(next_, segment.end());
    transmit(segment);
}

void TcpConnection::send_acknowledgement() {
    TcpSegment segment{.key = key_, .sequence = most_sent_, .ack = true};
    transmit(segment);
}

/// The segment that duplicates of an acknowledgement ask for. [rfc/5681] 3.2
void TcpConnection::retransmit_first() {
    ++retransmissions_;
    timed_end_.reset();
    const Slice slice = send_queue_.at(una_ - queue_start_, segment_size_);
    const bool last = una_ + static_cast<u32>(slice.size()) == fin_sequence();
    if (!slice.empty() || fin_wanted_) {
        send_segment(una_, slice, last && fin_wanted_ && most_sent_ > fin_sequence());
    }
}

/// Asks for an acknowledgement, which tells the window, by a segment that lies before it. Linux:
/// tcp_xmit_probe_skb
void TcpConnection::send_probe() {
    TcpSegment segment{.key = key_, .sequence = una_.before_it(), .ack = true};
    transmit(segment);
}

u32 TcpConnection::receive_room() const {
    const usize used = receive_queue_.size();
    return used < settings.receive_space ? static_cast<u32>(settings.receive_space - used) : 0;
}

/// The window for the next segment's header. What was promised stays so ([rfc/9293] 3.8.6), though
/// rounding may tell a little less of it; the next rounding starts from the promise, so that it
/// never grows by them. [rfc/7323] 2.4
u16 TcpConnection::advertised_window() {
    constexpr u32 most = 65535;
    const u32 promised = advertised_ - receive_next_;
    const u32 window = std::min(std::max(receive_room(), promised) >> receive_scale_, most);
    advertised_ = later(advertised_, receive_next_ + (window << receive_scale_));
    return static_cast<u16>(window);
}

void TcpConnection::transmit(TcpSegment& segment) {
    if (segment.ack) {
        segment.acknowledgement = receive_next_;
        acknowledged_ = receive_next_;
        if (ack_due_ != AckDue::No && quick_acks_left_ > 0) {
            --quick_acks_left_;
        }
        ack_due_ = AckDue::No;
        acknowledge_at_ = tcp_limits::never;
    }
    if (segment.syn) {
        // Never scaled. [rfc/7323] 2.2
        constexpr u32 most = 65535;
        const u32 window = std::min(receive_room(), most);
        segment.window = static_cast<u16>(window);
        advertised_ = receive_next_ + window;
    } else {
        segment.window = advertised_window();
    }
    const Sequence end = segment.end();
    if (end > most_sent_) {
        if (!timed_end_ && segment.length() > 0) {
            timed_end_ = end;
            timed_at_ = tcp_.now();
        }
        most_sent_ = end;
    }
    tcp_.transmit(segment);
}

}  // namespace ringfence::kernel::net

// SPDX-License-Identifier: MIT
// What a connection makes of a segment that comes in, in the order of [rfc/9293] 3.10.7.
#include <algorithm>

#include "kernel/net/tcp.h"
#include "kernel/net/tcp_connection.h"
#include "kernel/net/tcp_limits.h"
#include "kernel/net/tcp_listener.h"

namespace ringfence::kernel::net {

namespace {

bool is_between(Sequence low, Sequence value, Sequence high) {
    return low <= value && value < high;
}

}  // namespace

void TcpConnection::open(Sequence first) {
    state_ = TcpState::SynSent;
    first_ = una_ = next_ = most_sent_ = small_end_ = first;
    queue_start_ = first + 1;
    output();
}

void TcpConnection::open_passively(Sequence first, const TcpSegment& syn, TcpListener& listener) {
    listener_ = &listener;
    state_ = TcpState::SynReceived;
    first_ = una_ = next_ = most_sent_ = small_end_ = first;
    queue_start_ = first + 1;
    note_options(syn);
    output();
}

/// What the peer's SYN says.
void TcpConnection::note_options(const TcpSegment& syn) {
    receive_next_ = advertised_ = acknowledged_ = syn.sequence + 1;
    if (syn.window_scale) {
        send_scale_ = std::min(*syn.window_scale, tcp_limits::most_window_scale);
        receive_scale_ = tcp_limits::window_scale;
    }
    const u16 theirs = std::max(syn.maximum_size.value_or(tcp_limits::default_segment_size),
                                tcp_limits::least_segment_size);
    segment_size_ = std::min(theirs, tcp_.segment_size_for(*this));
    congestion_.start(segment_size_);
    send_window_ = largest_send_window_ = syn.window;
    window_from_sequence_ = syn.sequence;
    window_from_ack_ = first_;
}

void TcpConnection::input(TcpSegment& segment) {
    if (state_ == TcpState::SynSent) {
        input_syn_sent(segment);
        return;
    }
    if (state_ == TcpState::SynReceived && segment.syn && segment.ack &&
        segment.sequence + 1 == receive_next_) {
        // Both sides opened at once, and this is the answer to our SYN. [rfc/9293] 3.5, figure 8
        segment.syn = false;
        segment.sequence += 1;
    }
    if (!is_acceptable(segment)) {
        if (!segment.reset) {
            if (may_answer_unacceptable(segment)) {
                ack_due_ = AckDue::Now;
            }
            // Its acknowledgement counts all the same where the window is closed.
            if (segment.ack && segment.acknowledgement > una_ &&
                segment.acknowledgement <= most_sent_ && state_ != TcpState::SynReceived) {
                static_cast<void>(process_acknowledgement(segment));
            }
            if (state_ != TcpState::Closed) {
                output();
            }
        }
        return;
    }
    if (!check_control_bits(segment) || !segment.ack || !process_acknowledgement(segment)) {
        return;
    }
    process_payload(segment);
    if (state_ != TcpState::Closed && state_ != TcpState::TimeWait) {
        output();
    }
}

void TcpConnection::input_syn_sent(const TcpSegment& segment) {
    const bool acknowledges = segment.ack && segment.acknowledgement == first_ + 1;
    if (segment.ack && !acknowledges) {
        if (!segment.reset) {
            tcp_.send_reset(segment);
        }
        return;
    }
    if (segment.reset) {
        if (acknowledges) {
            end(TcpFailure::Refused);
        }
        return;
    }
    if (!segment.syn) {
        return;
    }
    note_options(segment);
    if (!acknowledges) {
        // Both sides open at once: acknowledge its SYN with ours.
        state_ = TcpState::SynReceived;
        next_ = first_;
        output();
        return;
    }
    take_acknowledged(segment.acknowledgement);
    state_ = TcpState::Established;
    window_from_ack_ = segment.acknowledgement;
    ack_due_ = AckDue::Now;
    wake_both();
    output();
}

/// [rfc/9293] 3.4, table 6
bool TcpConnection::is_acceptable(const TcpSegment& segment) const {
    const u32 window = advertised_ - receive_next_;
    const Sequence start = segment.sequence;
    if (segment.length() == 0) {
        return window == 0 ? start == receive_next_
                           : is_between(receive_next_, start, receive_next_ + window);
    }
    return window > 0 &&
           (is_between(receive_next_, start, receive_next_ + window) ||
            is_between(receive_next_, segment.end().before_it(), receive_next_ + window));
}

/// Two ends that have lost track of each other would answer each other's acknowledgements for ever.
/// [rfc/5961] 7; Linux: tcp_invalid_ratelimit
bool TcpConnection::may_answer_unacceptable(const TcpSegment& segment) {
    if (!segment.payload.empty()) {
        return true;
    }
    const u64 now = tcp_.now();
    if (now < next_answer_at_) {
        return false;
    }
    next_answer_at_ = now + tcp_limits::least_time_between_answers;
    return true;
}

/// RST and SYN. False if the segment is done with. [rfc/5961] 3.2, 4.2: only what a peer that keeps
/// its numbers would send ends a connection.
bool TcpConnection::check_control_bits(const TcpSegment& segment) {
    if (segment.reset) {
        if (segment.sequence == receive_next_) {
            end(failure_by_reset());
        } else {
            send_acknowledgement();
        }
        return false;
    }
    if (segment.syn) {
        send_acknowledgement();
        return false;
    }
    return true;
}

TcpFailure TcpConnection::failure_by_reset() const {
    if (state_ == TcpState::SynReceived && listener_ == nullptr) {
        return TcpFailure::Refused;
    }
    return state_ == TcpState::CloseWait ? TcpFailure::ResetAfterEnd : TcpFailure::Reset;
}

/// False if the segment is done with, or the connection is.
bool TcpConnection::process_acknowledgement(const TcpSegment& segment) {
    const Sequence ack = segment.acknowledgement;
    if (state_ == TcpState::SynReceived) {
        if (!(una_ < ack && ack <= most_sent_)) {
            tcp_.send_reset(segment);
            return false;
        }
        if (listener_ != nullptr && !listener_->has_room()) {
            return false;  // as if it had been lost: it will be sent again, or data with it
        }
        establish();
    }
    if (ack > most_sent_) {
        ack_due_ = AckDue::Now;
        output();
        return false;
    }
    attempts_ = 0;
    if (ack > una_) {
        const u32 count = ack - una_;
        duplicates_ = 0;
        take_acknowledged(ack);
        if (congestion_.acknowledged(count, ack)) {
            retransmit_first();
        }
    } else {
        count_duplicate(segment);
    }
    update_send_window(segment);
    if (fin_acknowledged()) {
        process_end_of_ours();
    }
    return state_ != TcpState::Closed;
}

void TcpConnection::establish() {
    state_ = TcpState::Established;
    if (TcpListener* listener = leave_listener(); listener != nullptr) {
        listener->add_established(*this);
    }
    wake_both();
}

/// [rfc/5681] 2, 3.2
void TcpConnection::count_duplicate(const TcpSegment& segment) {
    const u32 window = u32{segment.window} << send_scale_;
    if (segment.acknowledgement != una_ || segment.length() > 0 || in_flight() == 0 ||
        window != send_window_) {
        return;
    }
    ++duplicates_;
    if (congestion_.recovering()) {
        congestion_.another_duplicate();
    } else if (duplicates_ == tcp_limits::duplicates_of_loss) {
        congestion_.lost_one(in_flight(), most_sent_);
        retransmit_first();
    }
}

void TcpConnection::take_acknowledged(Sequence up_to) {
    if (timed_end_ && up_to >= *timed_end_) {
        round_trip_.sample(tcp_.now() - timed_at_);
        timed_end_.reset();
    }
    una_ = up_to;
    next_ = later(next_, una_);
    if (una_ > queue_start_) {
        const usize bytes = std::min<usize>(una_ - queue_start_, send_queue_.size());
        const bool was_full = send_room() == 0;
        send_queue_.drop_front(bytes);
        queue_start_ += static_cast<u32>(bytes);
        // Worth waking for: a third of the space is free. Linux: sk_stream_write_space
        if (observer_ != nullptr && bytes > 0 &&
            (was_full || send_room() * 3 >= settings.send_space)) {
            observer_->tcp_writable();
        }
    }
    round_trip_.recover();
    retransmit_at_ = tcp_limits::never;  // output() starts it anew. [rfc/6298] 5.3
}

void TcpConnection::update_send_window(const TcpSegment& segment) {
    const bool newer =
        window_from_sequence_ < segment.sequence ||
        (window_from_sequence_ == segment.sequence && window_from_ack_ <= segment.acknowledgement);
    if (!newer || segment.acknowledgement < una_) {
        return;
    }
    const u32 window = u32{segment.window} << send_scale_;
    if (send_window_ == 0 && window > 0) {
        retransmit_at_ = tcp_limits::never;
        round_trip_.recover();
        next_ = una_;  // what was sent beyond the closed window was dropped
    }
    send_window_ = window;
    largest_send_window_ = std::max(largest_send_window_, window);
    window_from_sequence_ = segment.sequence;
    window_from_ack_ = segment.acknowledgement;
}

/// The peer has acknowledged our FIN.
void TcpConnection::process_end_of_ours() {
    switch (state_) {
        case TcpState::FinWait1:
            state_ = TcpState::FinWait2;
            if (disowned_) {
                give_up_at_ = tcp_.now() + tcp_limits::orphan_wait;
            }
            wake_both();
            break;
        case TcpState::Closing:
            state_ = TcpState::TimeWait;
            tcp_.enter_time_wait(*this);
            break;
        case TcpState::LastAck:
            end(TcpFailure::None);
            break;
        default:
            break;
    }
}

void TcpConnection::process_payload(TcpSegment& segment) {
    if (state_ != TcpState::Established && state_ != TcpState::FinWait1 &&
        state_ != TcpState::FinWait2) {
        return;
    }
    if (segment.fin && !peer_fin_) {
        peer_fin_ = segment.sequence + static_cast<u32>(segment.payload.size());
    }
    if (!segment.payload.empty()) {
        if (disowned_) {
            tcp_.send_reset(segment);  // nobody will read it. [rfc/1122] 4.2.2.13
            end(TcpFailure::None);
            return;
        }
        Slice bytes = std::move(segment.payload);
        Sequence start = segment.sequence;
        if (start < receive_next_) {
            bytes.drop_front(std::min<usize>(bytes.size(), receive_next_ - start));
            start = receive_next_;
        }
        if (const u32 fits = advertised_ > start ? advertised_ - start : 0; bytes.size() > fits) {
            bytes.drop_back(bytes.size() - fits);
        }
        last_received_at_ = tcp_.now();
        if (start == receive_next_) {
            take_in_order(std::move(bytes));
        } else {
            reassembly_.add(start, std::move(bytes));
            ack_due_ = AckDue::Now;  // a duplicate, which tells of the loss
        }
    }
    if (peer_fin_ && receive_next_ == *peer_fin_) {
        process_end_of_theirs();
    } else if (segment.fin) {
        ack_due_ = AckDue::Now;
    }
}

void TcpConnection::take_in_order(Slice bytes) {
    const bool filled_gap = !reassembly_.empty();
    usize count = 0;
    for (; !bytes.empty(); bytes = reassembly_.take(receive_next_)) {
        const usize size = bytes.size();
        receive_next_ += static_cast<u32>(size);
        receive_queue_.push(std::move(bytes));
        count += size;
    }
    if (count > 0) {
        schedule_acknowledgement(count);
        if (observer_ != nullptr) {
            observer_->tcp_readable();
        }
    } else {
        ack_due_ = AckDue::Now;  // all of it was old, or beyond the window
    }
    if (filled_gap) {
        ack_due_ = AckDue::Now;  // [rfc/5681] 4.2
    }
}

/// At once for every second full segment, or while the connection is young; else with the next
/// segment that goes the other way, or after a while. [rfc/9293] 3.8.6.3
void TcpConnection::schedule_acknowledgement(usize count) {
    usual_size_ = std::max(usual_size_, static_cast<u32>(count));
    const bool second = receive_next_ - acknowledged_ > usual_size_;
    if (second || (quick_acks_left_ > 0 && !interactive_)) {
        ack_due_ = AckDue::Now;
    } else if (ack_due_ == AckDue::No) {
        ack_due_ = AckDue::Later;
        acknowledge_at_ = tcp_.now() + tcp_limits::delayed_acknowledgement;
    }
}

/// The peer's FIN is reached.
void TcpConnection::process_end_of_theirs() {
    receive_next_ += 1;
    advertised_ = later(advertised_, receive_next_);
    peer_finished_ = true;
    reassembly_.clear();
    ack_due_ = AckDue::Now;
    switch (state_) {
        case TcpState::Established:
            state_ = TcpState::CloseWait;
            break;
        case TcpState::FinWait1:  // had our FIN been acknowledged, it would be FinWait2
            state_ = TcpState::Closing;
            break;
        case TcpState::FinWait2:
            send_acknowledgement();
            state_ = TcpState::TimeWait;
            tcp_.enter_time_wait(*this);
            break;
        default:
            break;
    }
    wake_both();
}

}  // namespace ringfence::kernel::net

// SPDX-License-Identifier: MIT
// One end of a TCP connection: its state, what it sends, what it receives, its timers. [rfc/9293] 3
//
// The owner, a socket, puts bytes in and takes bytes out; segments come from Tcp. No call here
// calls the owner back other than through TcpObserver, which only notes that something changed.
#pragma once

#include <optional>

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/containers/ref.h"
#include "kernel/net/congestion_window.h"
#include "kernel/net/ports.h"
#include "kernel/net/reassembly.h"
#include "kernel/net/round_trip_time.h"
#include "kernel/net/slice_queue.h"
#include "kernel/net/tcp_segment.h"

namespace ringfence::kernel::net {

class Tcp;
class TcpListener;

/// With the numbers by which Linux tells them to programs. [linux/abi]: include/net/tcp_states.h
enum class TcpState : u8 {
    Established = 1,
    SynSent = 2,
    SynReceived = 3,
    FinWait1 = 4,
    FinWait2 = 5,
    TimeWait = 6,
    Closed = 7,
    CloseWait = 8,
    LastAck = 9,
    Closing = 11,
};

/// Why a connection ended otherwise than by agreement.
enum class TcpFailure : u8 {
    None,
    Refused,
    Reset,
    ResetAfterEnd,  ///< by a peer that had finished sending: what it was sent in turn is lost
    TimedOut,
};

/// Is told when an owner may want to look. [linux/abi]: poll(2) has the same two sides
class TcpObserver {
public:
    virtual void tcp_readable() = 0;
    virtual void tcp_writable() = 0;

protected:
    ~TcpObserver() = default;
};

/// What an owner may choose, at any time.
struct TcpSettings {
    u32 receive_space = 128 * 1024;  ///< bytes that may wait to be read
    u32 send_space = 256 * 1024;     ///< bytes that may wait to be acknowledged
    u16 most_segment = 0;            ///< TCP_MAXSEG, or 0: as much as the interface takes
    bool no_delay = false;           ///< TCP_NODELAY
    bool cork = false;               ///< TCP_CORK
};

class TcpConnection final : public RefCounted, public Counted<TcpConnection> {
public:
    TcpConnection(Tcp& tcp, const ConnectionKey& key, const TcpSettings& initial);
    ~TcpConnection() override;

    [[nodiscard]] TcpState state() const { return state_; }
    [[nodiscard]] const ConnectionKey& key() const { return key_; }
    void set_observer(TcpObserver* observer) { observer_ = observer; }
    TcpSettings settings;
    /// After a change of settings.
    void settings_changed() { output(); }

    // ---- Sending.
    /// True while the owner may still put bytes in.
    [[nodiscard]] bool can_send() const {
        return !fin_wanted_ && (state_ == TcpState::Established || state_ == TcpState::CloseWait);
    }
    /// Bytes that may be put in now.
    [[nodiscard]] usize send_room() const;
    /// Bytes that the peer has not acknowledged.
    [[nodiscard]] usize unacknowledged() const { return send_queue_.size(); }
    /// Room for up to `wanted` bytes, in one piece; empty if there is none, or no memory.
    [[nodiscard]] std::span<u8> prepare(usize wanted);
    /// The first `count` bytes of that room are to be sent. `more`: others follow at once, so that
    /// a segment that is not full may wait for them.
    void commit(usize count, bool more);
    /// No more bytes will be put in (shutdown for writing).
    void finish_sending();

    // ---- Receiving.
    [[nodiscard]] usize readable() const { return receive_queue_.size(); }
    /// Bytes from `offset` on that lie together; empty beyond the last.
    [[nodiscard]] Slice bytes_at(usize offset) const { return receive_queue_.at(offset, ~u32{0}); }
    void consume(usize count);
    /// True once the peer has said that no byte will follow the readable ones, or none can.
    [[nodiscard]] bool peer_finished() const {
        return peer_finished_ || state_ == TcpState::Closed;
    }

    // ---- The end.
    /// Why the connection ended; told once.
    [[nodiscard]] TcpFailure take_failure() { return std::exchange(failure_, TcpFailure::None); }
    [[nodiscard]] TcpFailure failure() const { return failure_; }
    /// The owner goes. What is in the send queue is still delivered; a peer that sends more, or
    /// whose bytes were not read, is told that nobody reads them. [rfc/1122] 4.2.2.13
    void disown();
    /// Ends the connection at once and tells the peer.
    void abort();

    [[nodiscard]] u16 segment_size() const { return segment_size_; }
    [[nodiscard]] const RoundTripTime& round_trip_time() const { return round_trip_; }
    [[nodiscard]] const CongestionWindow& congestion_window() const { return congestion_; }
    [[nodiscard]] u32 retransmissions() const { return retransmissions_; }
    [[nodiscard]] u32 peer_window() const { return send_window_; }

    // ---- For Tcp and TcpListener.
    /// Sends a SYN. `first` is the initial sequence number.
    void open(Sequence first);
    /// Answers the SYN that reached `listener`.
    void open_passively(Sequence first, const TcpSegment& syn, TcpListener& listener);
    /// A segment for this connection, which may end it: the caller holds a Ref.
    void input(TcpSegment& segment);
    void run_timer(u64 now);
    [[nodiscard]] TcpListener* listener() const { return listener_; }
    TcpListener* leave_listener();
    [[nodiscard]] u64 timer_deadline() const { return timer_deadline_; }
    void set_timer_deadline(u64 deadline) { timer_deadline_ = deadline; }
    [[nodiscard]] Sequence next_to_send() const { return next_; }
    [[nodiscard]] Sequence next_expected() const { return receive_next_; }

    ListHook<TcpConnection> table_hook{this};
    ListHook<TcpConnection> timer_hook{this};
    PortUse port_use;

private:
    /// When an acknowledgement is owed.
    enum class AckDue : u8 { No, Later, Now };

    // tcp_input.cpp
    void input_syn_sent(const TcpSegment& segment);
    [[nodiscard]] bool is_acceptable(const TcpSegment& segment) const;
    [[nodiscard]] bool may_answer_unacceptable(const TcpSegment& segment);
    [[nodiscard]] bool check_control_bits(const TcpSegment& segment);
    [[nodiscard]] TcpFailure failure_by_reset() const;
    [[nodiscard]] bool process_acknowledgement(const TcpSegment& segment);
    void establish();
    void count_duplicate(const TcpSegment& segment);
    void take_acknowledged(Sequence up_to);
    void update_send_window(const TcpSegment& segment);
    void process_end_of_ours();
    void process_payload(TcpSegment& segment);
    void take_in_order(Slice bytes);
    void process_end_of_theirs();
    void note_options(const TcpSegment& syn);
    void schedule_acknowledgement(usize count);

    // tcp_output.cpp
    void output();
    [[nodiscard]] bool send_next();
    void send_syn();
    [[nodiscard]] u32 usable_window() const;
    [[nodiscard]] bool may_send(usize size, bool last) const;
    void send_segment(Sequence at, Slice payload, bool fin);
    void send_acknowledgement();
    void retransmit_first();
    void send_probe();
    void transmit(TcpSegment& segment);
    [[nodiscard]] u32 receive_room() const;
    [[nodiscard]] u16 advertised_window();

    // tcp_connection.cpp
    void update_timer();
    void retransmission_due(u64 now);
    void end(TcpFailure failure);
    void wake_both();
    [[nodiscard]] bool fin_acknowledged() const { return fin_wanted_ && una_ > fin_sequence(); }
    [[nodiscard]] Sequence fin_sequence() const {
        return queue_start_ + static_cast<u32>(send_queue_.size());
    }
    [[nodiscard]] u32 in_flight() const { return most_sent_ - una_; }

    Tcp& tcp_;
    ConnectionKey key_;
    TcpState state_ = TcpState::Closed;
    bool disowned_ = false;
    TcpFailure failure_ = TcpFailure::None;
    TcpObserver* observer_ = nullptr;
    TcpListener* listener_ = nullptr;  ///< until it is established

    // Sending. [rfc/9293] 3.3.1: SND.UNA, SND.NXT, SND.WND, SND.WL1, SND.WL2, ISS
    SliceQueue send_queue_;
    Sequence queue_start_;  ///< of the queue's first byte
    Sequence first_;
    Sequence una_;
    Sequence next_;
    Sequence most_sent_;  ///< the end of all that was ever sent; `next_` goes back to send it again
    u32 send_window_ = 0;
    u32 largest_send_window_ = 0;
    Sequence window_from_sequence_;
    Sequence window_from_ack_;
    u8 send_scale_ = 0;
    u16 segment_size_;
    bool fin_wanted_ = false;
    bool more_follows_ = false;
    bool forced_ = false;  ///< the persist timer has expired: send what the window takes
    Sequence small_end_;   ///< the end of the last segment that was not full
    u32 duplicates_ = 0;
    CongestionWindow congestion_;

    // Receiving. RCV.NXT, RCV.WND, IRS
    SliceQueue receive_queue_;
    Reassembly reassembly_;
    Sequence receive_next_;
    Sequence advertised_;               ///< right edge of the window that the peer knows
    std::optional<Sequence> peer_fin_;  ///< where its FIN lies
    bool peer_finished_ = false;
    u8 receive_scale_ = 0;

    // Acknowledging.
    AckDue ack_due_ = AckDue::No;
    bool interactive_ = false;  ///< answers carry the acknowledgements
    Sequence acknowledged_;     ///< what the peer was told
    u32 usual_size_ = 0;        ///< of the segments that come
    u32 quick_acks_left_;       ///< at first each segment is acknowledged at once
    u64 last_received_at_ = 0;
    u64 next_answer_at_ = 0;  ///< to segments that do not fit

    // Time.
    RoundTripTime round_trip_;
    std::optional<Sequence> timed_end_;  ///< of the segment whose round trip is being measured
    u64 timed_at_ = 0;
    u32 attempts_ = 0;
    u32 retransmissions_ = 0;
    u64 retransmit_at_;
    u64 acknowledge_at_;
    u64 give_up_at_;
    u64 timer_deadline_;
};

}  // namespace ringfence::kernel::net

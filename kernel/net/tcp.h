// SPDX-License-Identifier: MIT
// TCP as a whole: which segment belongs to which connection or port, opening connections, those
// that ended lately, and everybody's timers.
#pragma once

#include "kernel/net/tcp_connection.h"
#include "kernel/net/tcp_listener.h"

namespace ringfence::kernel::net {

class Stack;

enum class TcpOpenError : u8 {
    PortInUse,   ///< the wanted local endpoint is connected to that remote one already
    NoPortLeft,  ///< all ephemeral ports are
};

class Tcp {
public:
    explicit Tcp(Stack& stack) : stack_(stack) {}
    Tcp(const Tcp&) = delete;
    Tcp& operator=(const Tcp&) = delete;
    ~Tcp();

    /// Who uses which port. Sockets that are bound enter theirs.
    [[nodiscard]] Ports& ports() { return ports_; }
    /// A number for a socket that is to be bound to any port; 0 if there is none left.
    [[nodiscard]] u16 free_port(const PortUse& wanted);
    /// Lets `listener`, whose port_use is in order, have its port's SYNs.
    void add(TcpListener& listener);

    struct Opened {
        Ref<TcpConnection> connection{};  ///< null if it failed
        TcpOpenError error{};
    };
    /// A connection to `remote` that has sent its SYN. Port 0 in `local` stands for any; the
    /// addresses are of one version.
    [[nodiscard]] Opened connect(const Endpoint& local, const Endpoint& remote,
                                 const TcpSettings& settings, TcpObserver& observer);

    /// A segment from the network.
    void input(Packet& packet, const IpHeader& header);
    void run_timers(u64 now);
    /// When run_timers has something to do; ~0 for never.
    [[nodiscard]] u64 next_deadline() const;

    [[nodiscard]] usize connection_count() const { return connection_count_; }
    [[nodiscard]] usize time_wait_count() const { return time_wait_count_; }
    /// Calls `visit(connection)` for each.
    template <typename Visit>
    void for_each_connection(Visit visit) const {
        for (const Bucket& bucket : connections_) {
            for (const TcpConnection& connection : bucket) {
                visit(connection);
            }
        }
    }
    /// Calls `visit(listener)` for each.
    template <typename Visit>
    void for_each_listener(Visit visit) const {
        for (const TcpListener& listener : listeners_) {
            visit(listener);
        }
    }
    /// Calls `visit(key, port use)` for each connection that ended lately.
    template <typename Visit>
    void for_each_time_wait(Visit visit) const {
        for (const TimeWait& recent : time_waits_by_age_) {
            visit(recent.key, recent.port_use);
        }
    }

    // ---- For connections and listeners.
    void transmit(const TcpSegment& segment);
    /// Answers a segment that belongs to no connection. [rfc/9293] 3.10.7.1
    void send_reset(const TcpSegment& segment);
    void add(TcpConnection& connection);
    void remove(TcpConnection& connection);
    void arm_timer(TcpConnection& connection, u64 deadline);
    void enter_time_wait(TcpConnection& connection);
    void abort_half_open(TcpListener& listener);
    [[nodiscard]] Sequence initial_sequence();
    [[nodiscard]] u64 now() const;
    [[nodiscard]] bool has_memory() const;
    /// The most bytes of a segment that the interface takes from `connection`.
    [[nodiscard]] u16 largest_segment(const TcpConnection& connection) const;
    /// The most that its settings allow, too.
    [[nodiscard]] u16 segment_size_for(const TcpConnection& connection) const;

private:
    /// What is left of a connection whose last acknowledgement may have been lost. [rfc/9293] 3.6
    struct TimeWait {
        ConnectionKey key;
        Sequence next;  ///< to be sent
        Sequence next_expected;
        u64 since;
        PortUse port_use{};
        ListHook<TimeWait> table_hook{this};
        ListHook<TimeWait> age_hook{this};
    };
    static constexpr usize bucket_count = 256;
    using Bucket = IntrusiveList<TcpConnection, &TcpConnection::table_hook>;
    using TimeWaitBucket = IntrusiveList<TimeWait, &TimeWait::table_hook>;

    [[nodiscard]] static usize bucket_of(const ConnectionKey& key) { return key.hash() >> 24; }
    [[nodiscard]] TcpConnection* find_connection(const ConnectionKey& key);
    [[nodiscard]] TimeWait* find_time_wait(const ConnectionKey& key);
    [[nodiscard]] TcpListener* find_listener(const ConnectionKey& key);
    /// True if a new connection may have this key; forgets a recent one that is old enough.
    [[nodiscard]] bool take_key(const ConnectionKey& key, Sequence& first);
    /// True if the segment is done with, false if it opens a new connection.
    [[nodiscard]] bool input_time_wait(TimeWait& recent, const TcpSegment& segment);
    void forget(TimeWait& recent);

    Stack& stack_;
    Ports ports_;
    Bucket connections_[bucket_count];
    TimeWaitBucket time_waits_[bucket_count];
    IntrusiveList<TimeWait, &TimeWait::age_hook> time_waits_by_age_;
    IntrusiveList<TcpListener, &TcpListener::hook> listeners_;
    IntrusiveList<TcpConnection, &TcpConnection::timer_hook> timers_;  ///< by deadline
    usize connection_count_ = 0;
    usize time_wait_count_ = 0;
};

}  // namespace ringfence::kernel::net

// SPDX-License-Identifier: MIT
// A port that takes connections, and those that nobody has accepted yet.
#pragma once

#include "kernel/core/containers/vector.h"
#include "kernel/net/tcp_connection.h"

namespace ringfence::kernel::net {

class TcpListener {
public:
    /// `settings` are those that its connections begin with.
    TcpListener(Tcp& tcp, const Endpoint& local, u32 backlog, TcpObserver& observer);
    /// Aborts the connections that were not accepted.
    ~TcpListener();
    TcpListener(const TcpListener&) = delete;
    TcpListener& operator=(const TcpListener&) = delete;

    [[nodiscard]] const Endpoint& local() const { return port_use.local; }
    void set_backlog(u32 backlog) { backlog_ = backlog; }
    [[nodiscard]] usize waiting() const { return established_.size(); }
    /// The connection that has waited longest; null if there is none.
    [[nodiscard]] Ref<TcpConnection> accept();

    // ---- For Tcp and TcpConnection.
    /// True if one more connection may wait to be accepted. Linux lets one more wait than asked
    /// for.
    [[nodiscard]] bool has_room() const { return established_.size() <= backlog_; }
    void add_established(TcpConnection& connection);
    void half_open_ended() { --half_open_; }
    /// A SYN for this port.
    void input(const TcpSegment& segment);

    PortUse port_use;
    TcpSettings settings;
    ListHook<TcpListener> hook{this};

private:
    Tcp& tcp_;
    u32 backlog_;
    u32 half_open_ = 0;  ///< connections whose SYN is answered and not acknowledged
    TcpObserver& observer_;
    Vector<Ref<TcpConnection>> established_;
};

}  // namespace ringfence::kernel::net

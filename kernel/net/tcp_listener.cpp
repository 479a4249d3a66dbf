// SPDX-License-Identifier: MIT
#include "kernel/net/tcp_listener.h"

#include "kernel/net/tcp.h"
#include "kernel/net/tcp_limits.h"

namespace ringfence::kernel::net {

TcpListener::TcpListener(Tcp& tcp, const Endpoint& local, u32 backlog, TcpObserver& observer)
    : tcp_(tcp), backlog_(backlog), observer_(observer) {
    port_use.local = local;
    port_use.listening = true;
    port_use.reserved = true;
}

TcpListener::~TcpListener() {
    hook.unlink();
    tcp_.abort_half_open(*this);
    while (!established_.empty()) {
        accept()->abort();
    }
}

Ref<TcpConnection> TcpListener::accept() {
    if (established_.empty()) {
        return nullptr;
    }
    Ref<TcpConnection> first = established_[0];
    established_.erase(0);
    return first;
}

void TcpListener::add_established(TcpConnection& connection) {
    established_.push_back(Ref<TcpConnection>(&connection));
    observer_.tcp_readable();
}

void TcpListener::input(const TcpSegment& segment) {
    // [rfc/9293] 3.10.7.2
    if (segment.reset) {
        return;
    }
    if (segment.ack) {
        tcp_.send_reset(segment);
        return;
    }
    if (!segment.syn || !has_room() || half_open_ > backlog_ || !tcp_.has_memory()) {
        return;
    }
    Ref<TcpConnection> connection = make_ref<TcpConnection>(tcp_, segment.key, settings);
    connection->port_use.rules = port_use.rules;
    tcp_.add(*connection);
    ++half_open_;
    connection->open_passively(tcp_.initial_sequence(), segment, *this);
}

}  // namespace ringfence::kernel::net

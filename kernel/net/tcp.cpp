// SPDX-License-Identifier: MIT
#include "kernel/net/tcp.h"

#include <algorithm>

#include "kernel/net/stack.h"
#include "kernel/net/tcp_limits.h"

namespace ringfence::kernel::net {

Tcp::~Tcp() {
    for (Bucket& bucket : connections_) {
        while (TcpConnection* connection = bucket.front()) {
            remove(*connection);
        }
    }
    while (TimeWait* oldest = time_waits_by_age_.front()) {
        forget(*oldest);
    }
}

u64 Tcp::now() const {
    return stack_.environment().now();
}

bool Tcp::has_memory() const {
    return stack_.environment().has_memory();
}

u16 Tcp::largest_segment(const TcpConnection& connection) const {
    const bool v4 = connection.key().is_v4();
    const usize counted = v4 ? most_ip_bytes : most_ip_bytes + ipv6_header_size;
    const usize size = std::min(stack_.interface().maximum_size(), counted);
    return static_cast<u16>(size - ip_header_size(v4) - tcp_header_size);
}

u16 Tcp::segment_size_for(const TcpConnection& connection) const {
    const u16 largest = largest_segment(connection);
    const u16 wanted = connection.settings.most_segment;
    return wanted == 0 ? largest : std::min(wanted, largest);
}

/// Nobody outside can guess it, and it moves on with time, so that segments of an older connection
/// between the same ends do not fit. [rfc/9293] 3.4.1
Sequence Tcp::initial_sequence() {
    constexpr u64 nanoseconds_per_step = 4000;
    const u32 clock = static_cast<u32>(now() / nanoseconds_per_step);
    constexpr u32 random_part = low_mask<u32>(24);
    return {clock + (stack_.environment().random() & random_part)};
}

void Tcp::transmit(const TcpSegment& segment) {
    Packet* packet = make_tcp_packet(segment, stack_.interface().needs_checksums());
    if (packet != nullptr) {
        stack_.transmit(packet,
                        {Protocol::Tcp, segment.key.local.address, segment.key.remote.address});
    }
}

void Tcp::send_reset(const TcpSegment& segment) {
    TcpSegment reset{.key = segment.key, .reset = true};
    if (segment.ack) {
        reset.sequence = segment.acknowledgement;
    } else {
        reset.ack = true;
        reset.acknowledgement = segment.end();
    }
    transmit(reset);
}

void Tcp::add(TcpConnection& connection) {
    connection.acquire();
    connections_[bucket_of(connection.key())].push_back(connection);
    ports_.add(connection.port_use);
    ++connection_count_;
}

void Tcp::remove(TcpConnection& connection) {
    if (!connection.table_hook.linked()) {
        return;
    }
    connection.table_hook.unlink();
    connection.timer_hook.unlink();
    connection.port_use.hook.unlink();
    --connection_count_;
    connection.release();
}

void Tcp::add(TcpListener& listener) {
    listeners_.push_back(listener);
    ports_.add(listener.port_use);
}

TcpConnection* Tcp::find_connection(const ConnectionKey& key) {
    for (TcpConnection& connection : connections_[bucket_of(key)]) {
        if (connection.key() == key) {
            return &connection;
        }
    }
    return nullptr;
}

Tcp::TimeWait* Tcp::find_time_wait(const ConnectionKey& key) {
    for (TimeWait& recent : time_waits_[bucket_of(key)]) {
        if (recent.key == key) {
            return &recent;
        }
    }
    return nullptr;
}

/// The listener whose address fits best; among several of one kind (SO_REUSEPORT), one by the key.
TcpListener* Tcp::find_listener(const ConnectionKey& key) {
    TcpListener* found = nullptr;
    Fit best = Fit::No;
    u32 equals = 0;
    for (TcpListener& listener : listeners_) {
        if (listener.local().port != key.local.port) {
            continue;
        }
        const Fit fit = listener.port_use.fit(key.local.address);
        if (fit > best) {
            found = &listener;
            best = fit;
            equals = 1;
        } else if (fit == best && fit != Fit::No && key.hash() % ++equals == 0) {
            found = &listener;
        }
    }
    return found;
}

u16 Tcp::free_port(const PortUse& wanted) {
    const auto port = Ports::find_ephemeral(stack_.environment().random(), [&](u16 candidate) {
        PortUse use;
        use.local = {wanted.local.address, candidate};
        use.rules.v6_only = wanted.rules.v6_only;
        return ports_.available(use, true);
    });
    return port.value_or(0);
}

bool Tcp::take_key(const ConnectionKey& key, Sequence& first) {
    if (find_connection(key) != nullptr) {
        return false;
    }
    if (TimeWait* recent = find_time_wait(key); recent != nullptr) {
        if (now() - recent->since < tcp_limits::time_wait_reuse) {
            return false;
        }
        first = recent->next + most_ip_bytes;  // beyond all that the old connection sent
        forget(*recent);
    }
    return true;
}

Tcp::Opened Tcp::connect(const Endpoint& local, const Endpoint& remote, const TcpSettings& settings,
                         TcpObserver& observer) {
    Sequence first = initial_sequence();
    ConnectionKey key{local, remote};
    if (local.port != 0) {
        if (!take_key(key, first)) {
            return {.error = TcpOpenError::PortInUse};
        }
    } else {
        const auto port = Ports::find_ephemeral(stack_.environment().random(), [&](u16 candidate) {
            key.local.port = candidate;
            return !ports_.reserved(candidate) && take_key(key, first);
        });
        if (!port) {
            return {.error = TcpOpenError::NoPortLeft};
        }
    }
    Ref<TcpConnection> connection = make_ref<TcpConnection>(*this, key, settings);
    connection->set_observer(&observer);
    add(*connection);
    connection->open(first);
    return {.connection = std::move(connection)};
}

void Tcp::input(Packet& packet, const IpHeader& header) {
    auto decoded = read_tcp_packet(packet, header, stack_.interface().needs_checksums());
    if (!decoded) {
        return;
    }
    TcpSegment& segment = *decoded;
    if (TcpConnection* found = find_connection(segment.key); found != nullptr) {
        const Ref<TcpConnection> connection(found);  // the segment may end it
        connection->input(segment);
        return;
    }
    if (TimeWait* recent = find_time_wait(segment.key); recent != nullptr) {
        if (input_time_wait(*recent, segment)) {
            return;
        }
    }
    if (TcpListener* listener = find_listener(segment.key); listener != nullptr) {
        listener->input(segment);
    } else if (!segment.reset) {
        send_reset(segment);
    }
}

bool Tcp::input_time_wait(TimeWait& recent, const TcpSegment& segment) {
    if (segment.reset) {
        if (segment.sequence == recent.next_expected) {
            forget(recent);
        }
        return true;
    }
    if (segment.syn && !segment.ack && segment.sequence > recent.next_expected) {
        forget(recent);  // a new connection that cannot be mistaken. [rfc/9293] 3.6.1
        return false;
    }
    if (segment.length() > 0 || segment.sequence != recent.next_expected) {
        if (segment.fin) {
            recent.since = now();
            recent.age_hook.unlink();
            time_waits_by_age_.push_back(recent);
        }
        transmit({.key = recent.key,
                  .sequence = recent.next,
                  .acknowledgement = recent.next_expected,
                  .ack = true});
    }
    return true;
}

void Tcp::enter_time_wait(TcpConnection& connection) {
    if (time_wait_count_ >= tcp_limits::most_time_waits) {
        forget(*time_waits_by_age_.front());
    }
    if (has_memory()) {
        auto* recent = new TimeWait{.key = connection.key(),
                                    .next = connection.next_to_send(),
                                    .next_expected = connection.next_expected(),
                                    .since = now()};
        recent->port_use.local = connection.key().local;
        recent->port_use.rules = connection.port_use.rules;
        ports_.add(recent->port_use);
        time_waits_[bucket_of(recent->key)].push_back(*recent);
        time_waits_by_age_.push_back(*recent);
        ++time_wait_count_;
    }
    remove(connection);
    stack_.deadline_changed();
}

void Tcp::forget(TimeWait& recent) {
    recent.table_hook.unlink();
    recent.age_hook.unlink();
    --time_wait_count_;
    delete &recent;
}

void Tcp::abort_half_open(TcpListener& listener) {
    for (Bucket& bucket : connections_) {
        for (TcpConnection& connection : bucket) {
            if (connection.listener() == &listener) {
                connection.leave_listener();
                connection.abort();
            }
        }
    }
}

void Tcp::arm_timer(TcpConnection& connection, u64 deadline) {
    connection.timer_hook.unlink();
    connection.set_timer_deadline(deadline);
    for (TcpConnection& other : timers_) {
        if (other.timer_deadline() > deadline) {
            timers_.insert_before(other, connection);
            stack_.deadline_changed();
            return;
        }
    }
    timers_.push_back(connection);
    stack_.deadline_changed();
}

void Tcp::run_timers(u64 now) {
    while (TcpConnection* first = timers_.front()) {
        if (first->timer_deadline() > now) {
            break;
        }
        const Ref<TcpConnection> connection(first);
        connection->timer_hook.unlink();
        connection->set_timer_deadline(tcp_limits::never);
        connection->run_timer(now);
    }
    while (TimeWait* oldest = time_waits_by_age_.front()) {
        if (now - oldest->since < tcp_limits::time_wait) {
            break;
        }
        forget(*oldest);
    }
}

u64 Tcp::next_deadline() const {
    const TcpConnection* first = timers_.front();
    const TimeWait* oldest = time_waits_by_age_.front();
    return std::min(first != nullptr ? first->timer_deadline() : tcp_limits::never,
                    oldest != nullptr ? oldest->since + tcp_limits::time_wait : tcp_limits::never);
}

}  // namespace ringfence::kernel::net

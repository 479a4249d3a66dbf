// SPDX-License-Identifier: MIT
#include "kernel/core/socket/tcp_socket.h"

#include <algorithm>

#include "kernel/core/socket/network.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

constexpr u32 tcp_protocol = 6;
/// net.ipv4.tcp_rmem and tcp_wmem, their middle values. Both grow by themselves in Linux, so what a
/// connection really may hold is more: see net::TcpSettings.
constexpr u32 default_receive_buffer = 131072;
constexpr u32 default_send_buffer = 16384;
/// Frames that one buffer of a large write takes.
constexpr u64 frames_per_buffer = 16;

Errno errno_of(net::TcpFailure failure) {
    switch (failure) {
        case net::TcpFailure::Refused:
            return Errno::Econnrefused;
        case net::TcpFailure::ResetAfterEnd:
            return Errno::Epipe;
        case net::TcpFailure::TimedOut:
            return Errno::Etimedout;
        default:
            return Errno::Econnreset;
    }
}

net::Tcp& tcp() {
    return network().stack().tcp();
}

}  // namespace

TcpSocket::TcpSocket(AddressFamily family) : InetSocket(family, SocketType::Stream, tcp_protocol) {
    options.receive_buffer = default_receive_buffer;
    options.send_buffer = default_send_buffer;
}

TcpSocket::~TcpSocket() = default;

net::TcpSettings TcpSocket::settings() const {
    net::TcpSettings all;
    all.no_delay = tcp_options_.no_delay;
    all.cork = tcp_options_.cork;
    all.most_segment = tcp_options_.most_segment;
    // The other half of what a program asks for is for records.
    if (options.receive_buffer_fixed) {
        all.receive_space = options.receive_buffer / 2;
    }
    if (options.send_buffer_fixed) {
        all.send_space = options.send_buffer / 2;
    }
    return all;
}

void TcpSocket::apply_settings() {
    port_.rules = rules();
    if (listener_) {
        listener_->settings = settings();
        listener_->port_use.rules = rules();
    }
    if (connection_) {
        connection_->settings = settings();
        connection_->port_use.rules = rules();
        connection_->settings_changed();
        network().deliver();
    }
}

bool TcpSocket::connected() const {
    return connection_ && state() != State::SynSent && !connecting_;
}

Fallible<void> TcpSocket::bind(const SocketAddress& address) {
    RF_TRY_ASSIGN(wanted, to_bindable_endpoint(address, binding()));
    port_.local = wanted;
    port_.reserved = true;
    apply_settings();
    if (wanted.port == 0) {
        RF_TRY(bind_to_any_port());
    } else if (!tcp().ports().available(port_, true)) {
        return Error{Errno::Eaddrinuse};
    } else {
        tcp().ports().add(port_);
    }
    note_bound_to(wanted.address);
    return {};
}

Fallible<void> TcpSocket::bind_to_any_port() {
    port_.local.port = tcp().free_port(port_);
    if (port_.local.port == 0) {
        return Error{Errno::Eaddrinuse};
    }
    port_.reserved = true;
    tcp().ports().add(port_);
    return {};
}

Fallible<void> TcpSocket::listen(u32 backlog) {
    if (listener_) {
        listener_->set_backlog(backlog);
        return {};
    }
    if (connection_) {
        return Error{Errno::Einval};
    }
    RF_TRY(admit_allocation());
    if (!port_.active()) {
        port_.local = unbound_endpoint(family());
        port_.rules = rules();
        RF_TRY(bind_to_any_port());
    }
    auto made =
        std::unique_ptr<net::TcpListener>(new net::TcpListener(tcp(), port_.local, backlog, *this));
    made->port_use.rules = rules();
    port_.hook.unlink();  // the listener has it from now on
    if (!tcp().ports().available(made->port_use, true)) {
        tcp().ports().add(port_);
        return Error{Errno::Eaddrinuse};
    }
    listener_ = std::move(made);
    listener_->settings = settings();
    tcp().add(*listener_);
    return {};
}

Fallible<Ref<Socket>> TcpSocket::accept(bool may_block) {
    if (!listener_) {
        return Error{Errno::Einval};
    }
    RF_TRY(admit_allocation());
    RF_TRY(wait(Side::Receive, may_block, deadline(Side::Receive),
                [this] { return !listener_ || listener_->waiting() > 0; }));
    if (!listener_) {
        return Error{Errno::Einval};
    }
    Ref<TcpSocket> accepted = make_ref<TcpSocket>(family());
    accepted->options = options;
    accepted->tcp_options_ = tcp_options_;
    accepted->copy_ip_options(*this);
    accepted->connection_ = listener_->accept();
    accepted->connection_->set_observer(accepted.get());
    return Ref<Socket>(accepted);
}

Fallible<void> TcpSocket::connect(const SocketAddress& address, bool may_block) {
    if (address.size < sizeof(u16)) {
        return Error{Errno::Einval};
    }
    if (address.family() == AddressFamily::Unspecified) {
        disconnect();
        return {};
    }
    if (listener_ || (connection_ && !connecting_)) {
        return Error{Errno::Eisconn};
    }
    if (!connecting_) {
        RF_TRY(start_connecting(address));
        network().deliver();
        if (!may_block) {
            return Error{Errno::Einprogress};
        }
    } else if (state() == State::SynSent && !may_block) {
        return Error{Errno::Ealready};
    }
    return finish_connecting(may_block);
}

Fallible<void> TcpSocket::start_connecting(const SocketAddress& address) {
    RF_TRY_ASSIGN(remote, to_connectable_endpoint(address, binding()));
    RF_TRY_ASSIGN(source, source_for(remote.address));
    RF_TRY(admit_allocation());
    auto opened = tcp().connect(source, remote, settings(), *this);
    if (!opened.connection) {
        return Error{Errno::Eaddrnotavail};
    }
    connection_ = std::move(opened.connection);
    connection_->port_use.rules = rules();
    connecting_ = true;
    receives_no_more_ = false;
    return {};
}

Fallible<void> TcpSocket::finish_connecting(bool may_block) {
    const auto outcome = wait(Side::Send, may_block, deadline(Side::Send),
                              [this] { return state() != State::SynSent; });
    if (!outcome) {
        return Error{outcome.error() == Errno::Eagain ? Errno::Einprogress : outcome.error()};
    }
    connecting_ = false;
    collect_failure();
    if (has_error()) {
        connection_ = nullptr;  // it may be tried again
        return take_error();
    }
    return {};
}

void TcpSocket::disconnect() {
    if (connection_) {
        connection_->set_observer(nullptr);
        connection_->abort();
        connection_ = nullptr;
        network().deliver();
    }
    connecting_ = false;
    receives_no_more_ = false;
    wake_both();
}

void TcpSocket::collect_failure() {
    if (!connection_) {
        return;
    }
    if (const auto failure = connection_->take_failure(); failure != net::TcpFailure::None) {
        set_error(errno_of(failure));
    }
}

Fallible<void> TcpSocket::take_failure() {
    collect_failure();
    return take_error();
}

Fallible<void> TcpSocket::wait_until_sendable(const OutgoingMessage& message, u64 until) {
    const auto settled = [this] {
        return !connection_ || (state() != State::SynSent && state() != State::SynReceived &&
                                (!connection_->can_send() || connection_->send_room() > 0));
    };
    RF_TRY(wait(Side::Send, message.may_block, until, settled));
    RF_TRY(take_failure());
    if (!connection_ || !connection_->can_send()) {
        return Error{Errno::Epipe};
    }
    return {};
}

Fallible<u64> TcpSocket::send(OutgoingMessage& message) {
    if (message.flags.out_of_band()) {
        return Error{Errno::Eopnotsupp};
    }
    const u64 until = deadline(Side::Send);
    const u64 size = message.bytes.size();
    u64 done = 0;
    do {
        const auto sendable = wait_until_sendable(message, until);
        if (!sendable) {
            if (done > 0) {
                break;
            }
            return sendable.error() == Errno::Epipe ? broken_pipe(message)
                                                    : Error{sendable.error()};
        }
        if (size == 0) {
            break;
        }
        const std::span<u8> room = memory_available(frames_per_buffer)
                                       ? connection_->prepare(size - done)
                                       : std::span<u8>();
        if (room.empty()) {
            return done > 0 ? Fallible<u64>(done) : Error{Errno::Enobufs};
        }
        const auto copied = message.bytes.get(done, room);
        if (!copied) {
            connection_->commit(0, false);
            network().deliver();
            return done > 0 ? Fallible<u64>(done) : Error{copied.error()};
        }
        done += room.size();
        connection_->commit(room.size(), message.flags.more() || done < size);
        network().deliver();
    } while (done < size);
    return done;
}

Fallible<u64> TcpSocket::receive(IncomingMessage& message) {
    if (message.flags.out_of_band()) {
        return Error{Errno::Einval};
    }
    if (!connection_) {
        RF_TRY(take_error());
        return Error{Errno::Enotconn};
    }
    const u64 size = message.bytes.size();
    const u64 until = deadline(Side::Receive);
    const u64 enough = message.flags.wait_for_all()
                           ? size
                           : std::min<u64>(size, static_cast<u32>(options.receive_low_water));
    const Ref<net::TcpConnection> connection = connection_;
    u64 done = 0;
    while (done < size) {
        if (connection->readable() == 0 && done >= enough) {
            break;
        }
        const auto arrived = wait(Side::Receive, message.may_block, until, [&] {
            return connection->readable() > 0 || connection->peer_finished() || receives_no_more_ ||
                   connection->failure() != net::TcpFailure::None || has_error();
        });
        if (!arrived) {
            return done > 0 ? Fallible<u64>(done) : Error{arrived.error()};
        }
        if (connection->readable() == 0) {
            if (done == 0) {
                RF_TRY(take_failure());
            }
            break;
        }
        if (message.flags.peek()) {
            return peek(message, size);
        }
        const net::Slice slice = connection->bytes_at(0);
        const u64 piece = std::min<u64>(size - done, slice.size());
        if (!message.flags.truncation_wanted()) {  // which throws them away here
            const auto copied = message.bytes.put(done, slice.bytes().first(piece));
            if (!copied) {
                return done > 0 ? Fallible<u64>(done) : Error{copied.error()};
            }
        }
        connection->consume(piece);
        network().deliver();
        done += piece;
    }
    return done;
}

Fallible<u64> TcpSocket::peek(IncomingMessage& message, u64 size) {
    u64 done = 0;
    while (done < size) {
        const net::Slice slice = connection_->bytes_at(done);
        const u64 piece = std::min<u64>(size - done, slice.size());
        if (piece == 0) {
            break;
        }
        RF_TRY(message.bytes.put(done, slice.bytes().first(piece)));
        done += piece;
    }
    return done;
}

Fallible<void> TcpSocket::shut_down(ShutDown how) {
    if (listener_) {
        if (how != ShutDown::Writing) {
            listener_ = nullptr;
            tcp().ports().add(port_);
            network().deliver();
            wake_both();
        }
        return {};
    }
    if (!connection_ || state() == State::Closed || state() == State::TimeWait ||
        state() == State::SynSent) {
        return Error{Errno::Enotconn};
    }
    if (how != ShutDown::Writing) {
        receives_no_more_ = true;
    }
    if (how != ShutDown::Reading) {
        connection_->finish_sending();
        network().deliver();
    }
    wake_both();
    return {};
}

net::Endpoint TcpSocket::local() const {
    if (connection_) {
        return connection_->key().local;
    }
    return listener_ || port_.active() ? port_.local : unbound_endpoint(family());
}

Fallible<SocketAddress> TcpSocket::peer_name() const {
    if (!connected() || state() == State::Closed) {
        return Error{Errno::Enotconn};
    }
    return to_program(connection_->key().remote);
}

Fallible<void> TcpSocket::set_option(OptionName option, const OptionValue& value) {
    RF_TRY(option.level == OptionLevel::Tcp ? set_tcp_option(tcp_options_, option.name, value)
                                            : InetSocket::set_option(option, value));
    apply_settings();
    return {};
}

Fallible<OptionValue> TcpSocket::option(OptionName option) {
    if (option.level == OptionLevel::Tcp) {
        return tcp_option(tcp_options_, connection_.get(), option.name);
    }
    collect_failure();
    return InetSocket::option(option);
}

u64 TcpSocket::receivable() const {
    return connection_ ? connection_->readable() : 0;
}

u64 TcpSocket::unsent() const {
    return connection_ ? connection_->unacknowledged() : 0;
}

/// As tcp_poll has it.
u32 TcpSocket::ready() const {
    using namespace poll_bits;
    if (listener_) {
        return listener_->waiting() > 0 ? In::mask | ReadNormal::mask : 0;
    }
    const bool failed =
        has_error() || (connection_ && connection_->failure() != net::TcpFailure::None);
    u32 events = failed ? poll_bits::Error::mask : 0;
    if (!connection_ || state() == State::Closed) {
        events |= HangUp::mask | Out::mask | WriteNormal::mask;
        return connection_ ? events | In::mask | ReadNormal::mask | ReadHangUp::mask : events;
    }
    if (state() == State::SynSent || state() == State::SynReceived) {
        return events;
    }
    const bool reads_end = connection_->peer_finished() || receives_no_more_;
    if (reads_end && !connection_->can_send()) {
        events |= HangUp::mask;
    }
    if (reads_end) {
        events |= ReadHangUp::mask;
    }
    if (reads_end || connection_->readable() >= static_cast<u32>(options.receive_low_water)) {
        events |= In::mask | ReadNormal::mask;
    }
    if (!connection_->can_send() || connection_->send_room() * 2 >= connection_->unacknowledged()) {
        events |= Out::mask | WriteNormal::mask;
    }
    return events;
}

void TcpSocket::linger() {
    if (!connection_ || options.linger.on == 0 || options.linger.seconds <= 0) {
        return;
    }
    connection_->finish_sending();
    network().deliver();
    const u64 until = deadline_after(
        monotonic_now(), static_cast<u32>(options.linger.seconds) * nanoseconds_per_second);
    const auto sent = [this] {
        return state() != State::FinWait1 && state() != State::Closing && state() != State::LastAck;
    };
    // What is not sent by then is sent afterwards, as without SO_LINGER.
    static_cast<void>(wait(Side::Send, true, until, sent).ok());
}

void TcpSocket::close() {
    listener_ = nullptr;
    port_.hook.unlink();
    if (connection_) {
        connection_->set_observer(nullptr);
        if (options.linger.on != 0 && options.linger.seconds == 0) {
            connection_->abort();
        } else {
            connection_->disown();
        }
        connection_ = nullptr;
    }
    network().deliver();
}

}  // namespace ringfence::kernel

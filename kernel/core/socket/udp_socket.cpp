// SPDX-License-Identifier: MIT
#include "kernel/core/socket/udp_socket.h"

#include <algorithm>

#include "kernel/core/socket/network.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {
constexpr u32 udp_protocol = 17;

net::Udp& udp() {
    return network().stack().udp();
}
}  // namespace

UdpSocket::UdpSocket(AddressFamily family)
    : InetSocket(family, SocketType::Datagram, udp_protocol) {}

void UdpSocket::udp_readable() {
    read_queue_.wake_all();
    if (port_.refused()) {
        write_queue_.wake_all();
    }
}

net::Endpoint UdpSocket::local() const {
    return port_.bound() ? port_.port_use.local : unbound_endpoint(family());
}

Fallible<void> UdpSocket::bind_to(const net::Endpoint& wanted) {
    net::PortUse& use = port_.port_use;
    use.local = wanted;
    use.reserved = true;
    use.rules = rules();
    port_chosen_for_it_ = wanted.port == 0;
    if (wanted.port == 0) {
        use.local.port = udp().free_port(use);
    } else if (!udp().ports().available(use, false)) {
        return Error{Errno::Eaddrinuse};
    }
    if (use.local.port == 0) {
        return Error{Errno::Eagain};
    }
    bound_address_ = wanted.address;
    port_.receive_space = options.receive_buffer;
    udp().bind(port_);
    return {};
}

Fallible<void> UdpSocket::bind(const SocketAddress& address) {
    RF_TRY_ASSIGN(wanted, to_bindable_endpoint(address, binding()));
    RF_TRY(bind_to(wanted));
    note_bound_to(wanted.address);
    return {};
}

Fallible<void> UdpSocket::connect(const SocketAddress& address, bool) {
    if (address.size < sizeof(u16)) {
        return Error{Errno::Einval};
    }
    if (address.family() == AddressFamily::Unspecified) {
        disconnect();
        return {};
    }
    RF_TRY_ASSIGN(remote, to_connectable_endpoint(address, binding()));
    RF_TRY_ASSIGN(source, source_for(remote.address));
    if (!port_.bound()) {
        RF_TRY(bind_to(unbound_endpoint(family())));
    }
    port_.port_use.local.address = source.address;
    port_.peer = remote;
    return {};
}

/// What the program did not choose goes too: the port, and the address. [linux/abi]:
/// __udp_disconnect
void UdpSocket::disconnect() {
    port_.peer = {};
    port_.port_use.local.address = bound_address_;
    if (port_chosen_for_it_) {
        port_.hook.unlink();
        port_.port_use.hook.unlink();
    }
}

Fallible<net::Endpoint> UdpSocket::destination_of(const OutgoingMessage& message) const {
    const bool unsaid =
        message.to != nullptr && is_inet6() && message.to->family() == AddressFamily::Unspecified;
    if (message.to != nullptr && !unsaid) {
        RF_TRY_ASSIGN(to, to_destination(*message.to, binding()));
        return to.port == 0 ? Fallible<net::Endpoint>(Error{Errno::Einval}) : to;
    }
    if (!port_.connected()) {
        return Error{Errno::Edestaddrreq};
    }
    return port_.peer;
}

net::IpMarks UdpSocket::marks(bool v4) const {
    return v4 ? net::IpMarks{static_cast<u8>(ip_options_.time_to_live),
                             static_cast<u8>(ip_options_.type_of_service)}
              : net::IpMarks{static_cast<u8>(inet6_options_.unicast_hops),
                             static_cast<u8>(inet6_options_.traffic_class)};
}

void UdpSocket::collect_refusal() {
    if (port_.take_refusal()) {
        set_error(Errno::Econnrefused);
    }
}

Fallible<u64> UdpSocket::send(OutgoingMessage& message) {
    const u64 size = message.bytes.size();
    if (size > net::most_ip_bytes) {
        return Error{Errno::Emsgsize};
    }
    if (message.flags.out_of_band()) {
        return Error{Errno::Eopnotsupp};
    }
    RF_TRY_ASSIGN(to, destination_of(message));
    const bool v4 = to.address.is_v4();
    InetControl control{.marks = marks(v4)};
    RF_TRY(take_inet_control(message, v4, control));
    RF_TRY_ASSIGN(from, source_for(to.address));
    collect_refusal();
    RF_TRY(take_error());
    if (size > net::most_udp_payload(v4)) {
        return Error{Errno::Emsgsize};
    }
    if (sends_no_more_) {
        return broken_pipe(message);
    }
    RF_TRY(admit_allocation(2 * size / frame_size + 1));  // rounded up to a power of two
    if (!port_.bound()) {
        RF_TRY(bind_to(unbound_endpoint(family())));
        from.port = port_.port_use.local.port;
    }
    if (!control.source.is_any()) {
        from.address = control.source;
    }
    const Ref<net::Buffer> buffer = net::Buffer::allocate(size);
    if (!buffer) {
        return Error{Errno::Enobufs};
    }
    RF_TRY(message.bytes.get(0, buffer->room().first(size)));
    buffer->append(size);
    udp().send(from, to, net::Slice(buffer, 0, size), control.marks);
    network().deliver();
    return size;
}

Fallible<u64> UdpSocket::receive(IncomingMessage& message) {
    if (message.flags.out_of_band()) {
        return Error{Errno::Eopnotsupp};
    }
    if (message.flags.error_queue()) {
        return Error{Errno::Eagain};
    }
    RF_TRY(wait(Side::Receive, message.may_block, deadline(Side::Receive), [this] {
        return port_.first() != nullptr || receives_no_more_ || port_.refused() || has_error();
    }));
    collect_refusal();
    RF_TRY(take_error());
    const net::Datagram* datagram = port_.first();
    if (datagram == nullptr) {
        return u64{0};
    }
    const u64 size = datagram->payload.size();
    const u64 copied = std::min(size, message.bytes.size());
    RF_TRY(message.bytes.put(0, datagram->payload.bytes().first(copied)));
    message.from = to_program(datagram->from);
    add_inet_control(message, *datagram, is_inet6(), ip_options_, inet6_options_);
    if (copied < size) {
        message.found_flags |= message_bits::Truncated::mask;
    }
    if (!message.flags.peek()) {
        port_.drop_first();
    }
    return message.flags.truncation_wanted() ? size : copied;
}

Fallible<void> UdpSocket::shut_down(ShutDown how) {
    if (!port_.connected()) {
        return Error{Errno::Enotconn};
    }
    receives_no_more_ = receives_no_more_ || how != ShutDown::Writing;
    sends_no_more_ = sends_no_more_ || how != ShutDown::Reading;
    wake_both();
    return {};
}

Fallible<SocketAddress> UdpSocket::peer_name() const {
    if (!port_.connected()) {
        return Error{Errno::Enotconn};
    }
    return to_program(port_.peer);
}

Fallible<void> UdpSocket::set_option(OptionName option, const OptionValue& value) {
    RF_TRY(InetSocket::set_option(option, value));
    port_.receive_space = options.receive_buffer;
    port_.port_use.rules = rules();
    return {};
}

Fallible<OptionValue> UdpSocket::option(OptionName option) {
    collect_refusal();
    return InetSocket::option(option);
}

u64 UdpSocket::receivable() const {
    return port_.first() != nullptr ? port_.first()->payload.size() : 0;
}

u32 UdpSocket::ready() const {
    using namespace poll_bits;
    u32 events = Out::mask | WriteNormal::mask;  // what is sent is delivered at once
    if (has_error() || port_.refused()) {
        events |= poll_bits::Error::mask;
    }
    if (receives_no_more_) {
        events |= ReadHangUp::mask | (sends_no_more_ ? HangUp::mask : 0);
    }
    if (port_.first() != nullptr || receives_no_more_) {
        events |= In::mask | ReadNormal::mask;
    }
    return events;
}

void UdpSocket::close() {
    port_.hook.unlink();
    port_.port_use.hook.unlink();
    while (port_.first() != nullptr) {
        port_.drop_first();
    }
}

}  // namespace ringfence::kernel

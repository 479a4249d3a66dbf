// SPDX-License-Identifier: MIT
#include "kernel/core/socket/udp_socket.h"

#include <algorithm>

#include "kernel/core/socket/inet_address.h"
#include "kernel/core/socket/interface_control.h"
#include "kernel/core/socket/network.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {
constexpr u32 udp_protocol = 17;

net::Udp& udp() {
    return network().stack().udp();
}
}  // namespace

UdpSocket::UdpSocket() : Socket(AddressFamily::Inet, SocketType::Datagram, udp_protocol) {}

void UdpSocket::udp_readable() {
    read_queue_.wake_all();
    if (port_.refused()) {
        write_queue_.wake_all();
    }
}

Fallible<void> UdpSocket::bind_to(net::Endpoint wanted) {
    net::PortUse& use = port_.port_use;
    use.local = wanted;
    use.reserved = true;
    use.reuse_address = options.reuse_address;
    use.reuse_port = options.reuse_port;
    port_chosen_for_it_ = wanted.port == 0;
    if (wanted.port == 0) {
        use.local.port = udp().free_port(use);
    } else if (!udp().ports().available(use, false)) {
        return Error{Errno::Eaddrinuse};
    }
    if (use.local.port == 0) {
        return Error{Errno::Eagain};
    }
    port_.receive_space = options.receive_buffer;
    udp().bind(port_);
    return {};
}

Fallible<void> UdpSocket::bind(const SocketAddress& address) {
    RF_TRY_ASSIGN(wanted, to_bindable_endpoint(address));
    if (port_.bound()) {
        return Error{Errno::Einval};
    }
    return bind_to(wanted);
}

Fallible<void> UdpSocket::connect(const SocketAddress& address, bool) {
    if (address.size < sizeof(u16)) {
        return Error{Errno::Einval};
    }
    if (address.family() == AddressFamily::Unspecified) {
        disconnect();
        return {};
    }
    RF_TRY_ASSIGN(remote, to_destination(address));
    RF_TRY_ASSIGN(source, network().source_for(remote.address));
    if (!port_.bound()) {
        RF_TRY(bind_to({source, 0}));
    }
    if (port_.port_use.local.address.is_any()) {
        port_.port_use.local.address = source;
    }
    port_.peer = remote;
    return {};
}

/// A port that the program did not choose goes too. [linux/abi]: __udp_disconnect
void UdpSocket::disconnect() {
    port_.peer = {};
    if (port_chosen_for_it_) {
        port_.hook.unlink();
        port_.port_use.hook.unlink();
    }
}

Fallible<net::Endpoint> UdpSocket::destination_of(const OutgoingMessage& message) const {
    if (message.to != nullptr) {
        RF_TRY_ASSIGN(to, to_destination(*message.to));
        return to.port == 0 ? Fallible<net::Endpoint>(Error{Errno::Einval}) : to;
    }
    if (!port_.connected()) {
        return Error{Errno::Edestaddrreq};
    }
    return port_.peer;
}

void UdpSocket::collect_refusal() {
    if (port_.take_refusal()) {
        set_error(Errno::Econnrefused);
    }
}

Fallible<u64> UdpSocket::send(OutgoingMessage& message) {
    const u64 size = message.bytes.size();
    if (size > net::most_udp_payload) {
        return Error{Errno::Emsgsize};
    }
    if (message.flags.out_of_band()) {
        return Error{Errno::Eopnotsupp};
    }
    RF_TRY_ASSIGN(to, destination_of(message));
    RF_TRY_ASSIGN(source, network().source_for(to.address));
    collect_refusal();
    RF_TRY(take_error());
    if (sends_no_more_) {
        return broken_pipe(message);
    }
    RF_TRY(admit_allocation(2 * size / frame_size + 1));  // rounded up to a power of two
    if (!port_.bound()) {
        RF_TRY(bind_to({}));
    }
    const Ref<net::Buffer> buffer = net::Buffer::allocate(size);
    if (!buffer) {
        return Error{Errno::Enobufs};
    }
    RF_TRY(message.bytes.get(0, buffer->room().first(size)));
    buffer->append(size);
    net::Endpoint from = port_.port_use.local;
    if (from.address.is_any()) {
        from.address = source;
    }
    udp().send(from, to, net::Slice(buffer, 0, size));
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
    message.from = to_socket_address(datagram->from);
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

SocketAddress UdpSocket::name() const {
    return to_socket_address(port_.bound() ? port_.port_use.local : net::Endpoint{});
}

Fallible<SocketAddress> UdpSocket::peer_name() const {
    if (!port_.connected()) {
        return Error{Errno::Enotconn};
    }
    return to_socket_address(port_.peer);
}

Fallible<u64> UdpSocket::control(u32 request, u64 argument) {
    return is_interface_request(request) ? control_interface(request, argument)
                                         : Socket::control(request, argument);
}

Fallible<void> UdpSocket::set_option(OptionName option, const OptionValue& value) {
    if (option.level == OptionLevel::Ip) {
        return set_ip_option(ip_options_, option.name, value);
    }
    RF_TRY(Socket::set_option(option, value));
    port_.receive_space = options.receive_buffer;
    port_.port_use.reuse_address = options.reuse_address;
    port_.port_use.reuse_port = options.reuse_port;
    return {};
}

Fallible<OptionValue> UdpSocket::option(OptionName option) {
    if (option.level == OptionLevel::Ip) {
        return ip_option(ip_options_, option.name);
    }
    collect_refusal();
    return Socket::option(option);
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

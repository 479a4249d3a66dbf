// SPDX-License-Identifier: MIT
#include "kernel/core/netlink/netlink_socket.h"

#include "kernel/core/netlink/route.h"
#include "kernel/core/process/process.h"
#include "kernel/core/socket/interface_control.h"
#include "kernel/core/socket/network.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

using netlink::Header;

/// What a message's records count for, beside its bytes.
constexpr u64 message_overhead = 512;
/// What Linux keeps back of SO_SNDBUF for a datagram's own records.
constexpr u64 datagram_overhead = 32;
/// Ports that nobody chose lie here and below, once the process's number is taken. [linux/abi]:
/// netlink_autobind
constexpr u32 first_free_port = 0U - 4097;

using BoundSockets = IntrusiveList<NetlinkSocket, &NetlinkSocket::bound_hook>;
BoundSockets& bound_sockets() {
    static BoundSockets list;
    return list;
}

bool may_administer() {
    return current_process().credentials.may(Capability::NetAdmin);
}

Fallible<NetlinkAddress> parse(const SocketAddress& address) {
    if (address.size < sizeof(NetlinkAddress) || address.family() != AddressFamily::Netlink) {
        return Error{Errno::Einval};
    }
    return address.as<NetlinkAddress>();
}

/// An error as it answers a request. [linux/abi]: struct nlmsgerr
struct ErrorMessage {
    i32 error;
    Header request;
};
static_assert(sizeof(ErrorMessage) == 20);

InterfaceFacts current_facts() {
    return {.packets = network().packets(), .bytes = network().bytes()};
}

}  // namespace

NetlinkSocket::NetlinkSocket(SocketType type, NetlinkProtocol protocol)
    : Socket(AddressFamily::Netlink, type, static_cast<u32>(protocol)) {}

NetlinkSocket::~NetlinkSocket() {
    close();
}

NetlinkSocket* NetlinkSocket::with_port(u32 port) {
    for (NetlinkSocket& socket : bound_sockets()) {
        if (socket.port_ == port) {
            return &socket;
        }
    }
    return nullptr;
}

/// `wanted` 0: any.
Fallible<void> NetlinkSocket::take_port(u32 wanted) {
    u32 port = wanted != 0 ? wanted : current_process().id();
    if (with_port(port) != nullptr) {
        if (wanted != 0) {
            return Error{Errno::Eaddrinuse};
        }
        for (port = first_free_port; with_port(port) != nullptr; --port) {
        }
    }
    port_ = port;
    bound_sockets().push_back(*this);
    return {};
}

Fallible<void> NetlinkSocket::bind(const SocketAddress& address) {
    RF_TRY_ASSIGN(wanted, parse(address));
    if (port_ == 0) {
        RF_TRY(take_port(wanted.port));
    } else if (wanted.port != port_) {
        return Error{Errno::Einval};
    }
    constexpr u64 low_word = ~u32{0};
    groups_ = (groups_ & ~low_word) | wanted.groups;
    return {};
}

Fallible<void> NetlinkSocket::connect(const SocketAddress& address, bool) {
    if (address.size < sizeof(u16)) {
        return Error{Errno::Einval};
    }
    if (address.family() == AddressFamily::Unspecified) {
        peer_ = peer_groups_ = 0;
        return {};
    }
    RF_TRY_ASSIGN(wanted, parse(address));
    if ((wanted.port != 0 || wanted.groups != 0) && !may_administer()) {
        return Error{Errno::Eperm};
    }
    if (port_ == 0) {
        RF_TRY(take_port(0));
    }
    peer_ = wanted.port;
    peer_groups_ = wanted.groups & (0U - wanted.groups);  // the first of them
    return {};
}

SocketAddress NetlinkSocket::name() const {
    return SocketAddress::from(NetlinkAddress{.port = port_, .groups = static_cast<u32>(groups_)});
}

Fallible<SocketAddress> NetlinkSocket::peer_name() const {
    return SocketAddress::from(NetlinkAddress{.port = peer_, .groups = peer_groups_});
}

Fallible<NetlinkAddress> NetlinkSocket::destination_of(const OutgoingMessage& message) const {
    if (message.to == nullptr) {
        return NetlinkAddress{.port = peer_, .groups = peer_groups_};
    }
    RF_TRY_ASSIGN(to, parse(*message.to));
    if ((to.port != 0 || to.groups != 0) && !may_administer()) {
        return Error{Errno::Eperm};
    }
    return to;
}

Fallible<u64> NetlinkSocket::send(OutgoingMessage& message) {
    const u64 size = message.bytes.size();
    if (message.flags.out_of_band()) {
        return Error{Errno::Eopnotsupp};
    }
    if (size == 0) {
        return Error{Errno::Enodata};
    }
    RF_TRY_ASSIGN(to, destination_of(message));
    if (port_ == 0) {
        RF_TRY(take_port(0));
    }
    if (size > std::min<u64>(options.send_buffer - datagram_overhead, net::Buffer::largest)) {
        return Error{Errno::Emsgsize};
    }
    RF_TRY(admit_allocation(2 * size / frame_size + 1));  // rounded up to a power of two
    const Ref<net::Buffer> buffer = net::Buffer::allocate(size);
    if (!buffer) {
        return Error{Errno::Enobufs};
    }
    RF_TRY(message.bytes.get(0, buffer->room().first(size)));
    buffer->append(size);
    if (to.port == 0) {
        handle(buffer->used_bytes());
        return size;
    }
    NetlinkSocket* receiver = with_port(to.port);
    if (receiver == nullptr || (receiver->peer_ != 0 && receiver->peer_ != port_)) {
        return Error{Errno::Econnrefused};
    }
    receiver->deliver(buffer, port_, message.credentials.value_or(current_peer_credentials()));
    return size;
}

void NetlinkSocket::handle(std::span<const u8> bytes) {
    netlink::for_each_message(bytes, [this](const Header& header, std::span<const u8> payload) {
        handle_message(header, payload);
    });
}

void NetlinkSocket::handle_message(const Header& header, std::span<const u8> payload) {
    const bool wants_ack = netlink::WantsAck::test(header.flags);
    if (!netlink::Request::test(header.flags) || header.type < netlink::first_own_type) {
        if (wants_ack) {
            acknowledge(header, payload, 0);
        }
        return;
    }
    const Ref<net::Buffer> buffer =
        memory_available() ? net::Buffer::allocate(netlink::most_route_answer) : nullptr;
    if (!buffer) {
        note_loss();
        return;
    }
    netlink::Writer answer(buffer->room());
    const netlink::RouteRequest request{
        header, payload, port_, current_process().credentials.user.effective, may_administer()};
    const auto outcome = netlink::answer_route(request, current_facts(), answer);
    RF_ASSERT(!answer.overflowed());
    if (outcome && answer.size() > 0) {
        buffer->append(answer.size());
        deliver(buffer, 0, {});
    }
    if (outcome && request.wants_list() && !payload.empty()) {
        finish_list(header);  // instead of the acknowledgement
    } else if (!outcome || wants_ack) {
        acknowledge(header, payload, outcome ? 0 : -static_cast<i32>(outcome.error()));
    }
}

void NetlinkSocket::acknowledge(const Header& header, std::span<const u8> payload, i32 error) {
    const bool capped = error == 0 || netlink_options_.capped_errors;
    const std::span<const u8> quoted = capped ? std::span<const u8>() : payload;
    const usize size = sizeof(Header) + sizeof(ErrorMessage) + netlink::aligned(quoted.size());
    const Ref<net::Buffer> buffer =
        memory_available(2 * size / frame_size + 1) ? net::Buffer::allocate(size) : nullptr;
    if (!buffer) {
        note_loss();
        return;
    }
    netlink::Writer writer(buffer->room());
    writer.begin(Header{.length = 0,
                        .type = netlink::error_type,
                        .flags = capped ? netlink::Capped::mask : u16{0},
                        .sequence = header.sequence,
                        .port = port_},
                 ErrorMessage{error, header});
    writer.add_payload(quoted);
    writer.end();
    RF_ASSERT(!writer.overflowed());
    buffer->append(writer.size());
    deliver(buffer, 0, {});
}

void NetlinkSocket::finish_list(const Header& header) {
    const Ref<net::Buffer> buffer =
        memory_available() ? net::Buffer::allocate(sizeof(Header) + sizeof(i32)) : nullptr;
    if (!buffer) {
        note_loss();
        return;
    }
    netlink::Writer writer(buffer->room());
    writer.begin(Header{.length = 0,
                        .type = netlink::done_type,
                        .flags = netlink::Multipart::mask,
                        .sequence = header.sequence,
                        .port = port_},
                 i32{0});
    writer.end();
    buffer->append(writer.size());
    deliver(buffer, 0, {});
}

void NetlinkSocket::deliver(const Ref<net::Buffer>& bytes, u32 from, const PeerCredentials& who) {
    auto* datagram = waiting_bytes_ <= options.receive_buffer && memory_available()
                         ? new (std::nothrow) Datagram
                         : nullptr;
    if (datagram == nullptr) {
        note_loss();
        return;
    }
    datagram->charge = bytes->capacity() + message_overhead;
    datagram->bytes = bytes;
    datagram->from = from;
    datagram->credentials = who;
    waiting_bytes_ += datagram->charge;
    waiting_.push_back(*datagram);
    read_queue_.wake_all();
}

void NetlinkSocket::note_loss() {
    if (!netlink_options_.no_overrun_errors && !overrun_) {
        overrun_ = true;
        set_error(Errno::Enobufs);
        wake_both();
    }
}

void NetlinkSocket::drop_first() {
    Datagram* datagram = waiting_.pop_front();
    waiting_bytes_ -= datagram->charge;
    delete datagram;
    if (waiting_.empty()) {
        overrun_ = false;
    }
}

Fallible<u64> NetlinkSocket::receive(IncomingMessage& message) {
    if (message.flags.out_of_band()) {
        return Error{Errno::Eopnotsupp};
    }
    RF_TRY(wait(Side::Receive, message.may_block, deadline(Side::Receive),
                [this] { return first() != nullptr || has_error(); }));
    RF_TRY(take_error());
    const Datagram& datagram = *first();
    const u64 size = datagram.bytes->used();
    const u64 copied = std::min(size, message.bytes.size());
    RF_TRY(message.bytes.put(0, datagram.bytes->used_bytes().first(copied)));
    message.from = SocketAddress::from(NetlinkAddress{.port = datagram.from});
    if (netlink_options_.packet_information) {
        constexpr u32 information = 3;  // NETLINK_PKTINFO: which group the message was for
        message.controls.add({OptionLevel::Netlink, information, u32{0}});
    }
    if (options.pass_credentials) {
        message.credentials = datagram.credentials;
    }
    if (copied < size) {
        message.found_flags |= message_bits::Truncated::mask;
    }
    if (!message.flags.peek()) {
        drop_first();
    }
    return message.flags.truncation_wanted() ? size : copied;
}

Fallible<void> NetlinkSocket::shut_down(ShutDown) {
    return Error{Errno::Eopnotsupp};
}

Fallible<u64> NetlinkSocket::control(u32 request, u64 argument) {
    return is_interface_request(request) ? Socket::control(request, argument)
                                         : Fallible<u64>(Error{Errno::Enotty});
}

u32 NetlinkSocket::ready() const {
    using namespace poll_bits;
    u32 events = Out::mask | WriteNormal::mask;  // what is sent is handled at once
    if (has_error()) {
        events |= poll_bits::Error::mask;
    }
    if (first() != nullptr) {
        events |= In::mask | ReadNormal::mask;
    }
    return events;
}

void NetlinkSocket::close() {
    bound_hook.unlink();
    while (first() != nullptr) {
        drop_first();
    }
}

}  // namespace ringfence::kernel

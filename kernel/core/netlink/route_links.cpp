// SPDX-License-Identifier: MIT
#include "kernel/core/netlink/route_parts.h"

namespace ringfence::kernel::netlink {

namespace {

/// `struct ifinfomsg`.
struct LinkMessage {
    u8 family;
    u8 padding;
    u16 hardware;
    u32 index;
    u32 flags;
    u32 changed;
};
static_assert(sizeof(LinkMessage) == 16);

/// [linux/abi]: include/uapi/linux/if_link.h
namespace attributes {
constexpr u16 address = 1;
constexpr u16 broadcast = 2;
constexpr u16 name = 3;
constexpr u16 maximum_packet = 4;
constexpr u16 queueing = 6;
constexpr u16 statistics_32 = 7;
constexpr u16 queue_length = 13;
constexpr u16 state = 16;
constexpr u16 mode = 17;
constexpr u16 statistics = 23;
constexpr u16 group = 27;
constexpr u16 promiscuity = 30;
constexpr u16 send_queues = 31;
constexpr u16 receive_queues = 32;
constexpr u16 carrier = 33;
constexpr u16 carrier_changes = 35;
constexpr u16 largest_offloaded_count = 40;
constexpr u16 largest_offloaded_size = 41;
constexpr u16 least_maximum_packet = 50;
constexpr u16 most_maximum_packet = 51;
constexpr u16 other_name = 53;
}  // namespace attributes

/// `struct rtnl_link_stats` and, with 64 bits each, `struct rtnl_link_stats64`: what came in, what
/// went out, and errors of 20 and of 21 kinds, of which there are none.
template <typename Number, usize errors>
struct Statistics {
    Number packets_in;
    Number packets_out;
    Number bytes_in;
    Number bytes_out;
    Number other[errors];

    explicit Statistics(const InterfaceFacts& facts)
        : packets_in(static_cast<Number>(facts.packets)),
          packets_out(packets_in),
          bytes_in(static_cast<Number>(facts.bytes)),
          bytes_out(bytes_in),
          other{} {}
};

void write_link(Header head, const InterfaceFacts& facts, Writer& to) {
    constexpr u8 no_hardware_address[6]{};
    to.begin(head, LinkMessage{.family = any_family,
                               .padding = 0,
                               .hardware = InterfaceFacts::hardware,
                               .index = InterfaceFacts::index,
                               .flags = InterfaceFacts::flags | InterfaceFacts::lower_up,
                               .changed = 0});
    to.add_text(attributes::name, InterfaceFacts::name);
    to.add(attributes::queue_length, InterfaceFacts::queue_length);
    to.add(attributes::state, u8{0});  // nobody can say: IF_OPER_UNKNOWN
    to.add(attributes::mode, u8{0});
    to.add(attributes::maximum_packet, InterfaceFacts::maximum_packet);
    to.add(attributes::least_maximum_packet, u32{0});
    to.add(attributes::most_maximum_packet, u32{0});
    to.add(attributes::group, u32{0});
    to.add(attributes::promiscuity, u32{0});
    to.add(attributes::send_queues, u32{1});
    to.add(attributes::largest_offloaded_count, u32{65535});
    to.add(attributes::largest_offloaded_size, u32{65536});
    to.add(attributes::receive_queues, u32{1});
    to.add(attributes::carrier, u8{1});
    to.add_text(attributes::queueing, "noqueue");
    to.add(attributes::carrier_changes, u32{0});
    to.add_bytes(attributes::address, no_hardware_address);
    to.add_bytes(attributes::broadcast, no_hardware_address);
    to.add(attributes::statistics, Statistics<u64, 21>(facts));
    to.add(attributes::statistics_32, Statistics<u32, 20>(facts));
    to.end();
}

/// Without the zeroes at its end, if it has any.
std::string_view text_of(std::span<const u8> attribute) {
    const std::string_view all(reinterpret_cast<const char*>(attribute.data()), attribute.size());
    return {all.data(), std::min(all.find('\0'), all.size())};
}

}  // namespace

Fallible<void> answer_link(const RouteRequest& request, Header head, const InterfaceFacts& facts,
                           Writer& to) {
    const auto wanted = leading<LinkMessage>(request.payload);
    if (request.payload.size() < sizeof(wanted)) {
        return Error{Errno::Einval};
    }
    const auto given = request.payload.subspan(aligned(sizeof(wanted)));
    auto name = find_attribute(given, attributes::name);
    if (name.empty()) {
        name = find_attribute(given, attributes::other_name);
    }
    if (wanted.index == 0 && name.empty()) {
        return Error{Errno::Einval};
    }
    const bool found = wanted.index != 0 ? wanted.index == InterfaceFacts::index
                                         : text_of(name) == InterfaceFacts::name;
    if (!found) {
        return Error{Errno::Enodev};
    }
    write_link(head, facts, to);
    return {};
}

void list_links(Header head, const InterfaceFacts& facts, Writer& to) {
    write_link(head, facts, to);
}

}  // namespace ringfence::kernel::netlink

// SPDX-License-Identifier: MIT
#include "kernel/core/socket/inet_control.h"

#include "kernel/core/socket/network.h"
#include "kernel/net/byte_order.h"

namespace ringfence::kernel {

namespace {

/// [linux/abi]: include/uapi/linux/in.h
enum class IpType : u32 { TypeOfService = 1, TimeToLive = 2, PacketInformation = 8 };
/// [linux/abi]: include/uapi/linux/in6.h
enum class Ip6Type : u32 { PacketInformation = 50, HopLimit = 52, TrafficClass = 67 };

/// `struct in_pktinfo`.
struct PacketInformation {
    i32 interface;
    u8 own_address[4];
    u8 destination[4];
};
static_assert(sizeof(PacketInformation) == 12);

/// `struct in6_pktinfo`.
struct PacketInformation6 {
    u8 address[16];
    u32 interface;
};
static_assert(sizeof(PacketInformation6) == 20);

void add_ip_control(IncomingMessage& message, const net::Datagram& datagram, const IpOptions& ip) {
    if (ip.packet_information) {
        PacketInformation information{};
        information.interface = Network::interface_index;
        net::store_be32(information.own_address, datagram.to.v4());
        net::store_be32(information.destination, datagram.to.v4());
        message.controls.add({OptionLevel::Ip, IpType::PacketInformation, information});
    }
    if (ip.receive_time_to_live) {
        message.controls.add({OptionLevel::Ip, IpType::TimeToLive, i32{datagram.marks.hop_limit}});
    }
    if (ip.receive_type_of_service) {
        message.controls.add(
            {OptionLevel::Ip, IpType::TypeOfService, datagram.marks.traffic_class});
    }
}

Fallible<void> check_interface(u32 interface) {
    return interface == 0 || interface == Network::interface_index ? Fallible<void>{}
                                                                   : Error{Errno::Enodev};
}

/// A number that one byte holds, or -1 for what the system would choose.
Fallible<u8> byte_or(const ControlData& message, i32 least, u8 by_default) {
    constexpr i32 most = 255;
    RF_TRY_ASSIGN(number, message.exactly<i32>());
    if (number == -1 && least <= 0) {
        return by_default;
    }
    if (number < least || number > most) {
        return Error{Errno::Einval};
    }
    return static_cast<u8>(number);
}

Fallible<void> take_ip(const ControlData& message, InetControl& control) {
    switch (static_cast<IpType>(message.type)) {
        case IpType::PacketInformation: {
            RF_TRY_ASSIGN(information, message.exactly<PacketInformation>());
            RF_TRY(check_interface(static_cast<u32>(information.interface)));
            control.source = net::from_v4(net::load_be32(information.own_address));
            return {};
        }
        case IpType::TimeToLive: {
            RF_TRY_ASSIGN(value, byte_or(message, 1, control.marks.hop_limit));
            control.marks.hop_limit = value;
            return {};
        }
        case IpType::TypeOfService: {
            if (message.size == sizeof(u8)) {
                control.marks.traffic_class = message.bytes[0];
                return {};
            }
            RF_TRY_ASSIGN(value, byte_or(message, 0, control.marks.traffic_class));
            control.marks.traffic_class = value;
            return {};
        }
        default:
            return Error{Errno::Einval};
    }
}

Fallible<void> take_ip6(const ControlData& message, bool to_v4, InetControl& control) {
    const Ip6Type type{message.type};
    if (type == Ip6Type::PacketInformation) {
        RF_TRY_ASSIGN(information, message.exactly<PacketInformation6>());
        RF_TRY(check_interface(information.interface));
        control.source = net::load_address(information.address);
        const bool other_version = !control.source.is_any() && control.source.is_v4() != to_v4;
        return other_version ? Fallible<void>(Error{Errno::Einval}) : Fallible<void>{};
    }
    if (to_v4) {
        return {};  // what is IPv6's alone means nothing for IPv4
    }
    switch (type) {
        case Ip6Type::HopLimit: {
            RF_TRY_ASSIGN(value, byte_or(message, -1, control.marks.hop_limit));
            control.marks.hop_limit = value;
            return {};
        }
        case Ip6Type::TrafficClass: {
            RF_TRY_ASSIGN(value, byte_or(message, -1, 0));
            control.marks.traffic_class = value;
            return {};
        }
        default:
            return Error{Errno::Einval};
    }
}

}  // namespace

void add_inet_control(IncomingMessage& message, const net::Datagram& datagram, bool inet6,
                      const IpOptions& ip, const Inet6Options& inet6_options) {
    const bool v4 = datagram.to.is_v4();
    if (inet6 && inet6_options.receive_packet_information) {
        PacketInformation6 information{.address = {}, .interface = Network::interface_index};
        net::store_address(information.address, datagram.to);
        message.controls.add({OptionLevel::Ip6, Ip6Type::PacketInformation, information});
    }
    if (v4) {
        add_ip_control(message, datagram, ip);
        return;
    }
    if (inet6_options.receive_hop_limit) {
        message.controls.add({OptionLevel::Ip6, Ip6Type::HopLimit, i32{datagram.marks.hop_limit}});
    }
    if (inet6_options.receive_traffic_class) {
        message.controls.add(
            {OptionLevel::Ip6, Ip6Type::TrafficClass, i32{datagram.marks.traffic_class}});
    }
}

Fallible<void> take_inet_control(const OutgoingMessage& message, bool to_v4, InetControl& control) {
    for (const ControlData& each : message.controls.all()) {
        if (each.level == OptionLevel::Ip && to_v4) {
            RF_TRY(take_ip(each, control));
        } else if (each.level == OptionLevel::Ip6) {
            RF_TRY(take_ip6(each, to_v4, control));
        }
    }
    if (!control.source.is_any() && !network().may_bind(control.source)) {
        return Error{Errno::Einval};
    }
    return {};
}

}  // namespace ringfence::kernel

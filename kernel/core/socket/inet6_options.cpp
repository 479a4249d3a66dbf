// SPDX-License-Identifier: MIT
#include "kernel/core/socket/inet6_options.h"

namespace ringfence::kernel {

namespace {

/// [linux/abi]: include/uapi/linux/in6.h
enum class Name : u32 {
    UnicastHops = 16,
    MulticastHops = 18,
    MulticastLoop = 19,
    MtuDiscovery = 23,
    ReceiveErrors = 25,
    V6Only = 26,
    SendFlowInformation = 33,
    ReceivePacketInformation = 49,
    ReceiveHopLimit = 51,
    DontFragment = 62,
    ReceiveTrafficClass = 66,
    TrafficClass = 67,
    AutomaticFlowLabel = 70,
};

bool Inet6Options::* truth_value(Name name) {
    switch (name) {
        case Name::V6Only:
            return &Inet6Options::v6_only;
        case Name::MulticastLoop:
            return &Inet6Options::multicast_loop;
        case Name::ReceiveErrors:
            return &Inet6Options::receive_errors;
        case Name::SendFlowInformation:
            return &Inet6Options::send_flow_information;
        case Name::ReceivePacketInformation:
            return &Inet6Options::receive_packet_information;
        case Name::ReceiveHopLimit:
            return &Inet6Options::receive_hop_limit;
        case Name::ReceiveTrafficClass:
            return &Inet6Options::receive_traffic_class;
        case Name::DontFragment:
            return &Inet6Options::dont_fragment;
        case Name::AutomaticFlowLabel:
            return &Inet6Options::automatic_flow_label;
        default:
            return nullptr;
    }
}

/// Where Linux does not look at the size: what is too short counts as 0.
bool takes_short_values(Name name) {
    return name == Name::DontFragment || name == Name::AutomaticFlowLabel;
}

/// A number, its range, and what -1 stands for if it may be given.
struct BoundedNumber {
    i32 Inet6Options::* place = nullptr;
    i32 least = 0;
    i32 most = 0;
    i32 by_default = 0;
};
BoundedNumber bounded_number(Name name) {
    constexpr i32 most_of_a_byte = 255;
    constexpr i32 most_discovery = 5;  // IPV6_PMTUDISC_OMIT
    constexpr Inet6Options fresh{};
    switch (name) {
        case Name::UnicastHops:
            return {&Inet6Options::unicast_hops, -1, most_of_a_byte, fresh.unicast_hops};
        case Name::MulticastHops:
            return {&Inet6Options::multicast_hops, -1, most_of_a_byte, fresh.multicast_hops};
        case Name::TrafficClass:
            return {&Inet6Options::traffic_class, -1, most_of_a_byte, fresh.traffic_class};
        case Name::MtuDiscovery:
            return {&Inet6Options::mtu_discovery, 0, most_discovery};
        default:
            return {};
    }
}

}  // namespace

Fallible<void> set_inet6_option(Inet6Options& options, const InetBinding& binding, u32 name,
                                const OptionValue& value) {
    const Name which{name};
    if (bool Inet6Options::* flag = truth_value(which); flag != nullptr) {
        const auto given = value.number();
        if (!given && !takes_short_values(which)) {
            return Error{given.error()};
        }
        const i32 number = given.value_or(0);
        const bool unknown_truth = which == Name::MulticastLoop && number != 0 && number != 1;
        if (unknown_truth || (which == Name::V6Only && binding.local.port != 0)) {
            return Error{Errno::Einval};
        }
        options.*flag = number != 0;
        return {};
    }
    const BoundedNumber bounded = bounded_number(which);
    if (bounded.place == nullptr ||
        (which == Name::MulticastHops && binding.type == SocketType::Stream)) {
        return Error{Errno::Enoprotoopt};
    }
    RF_TRY_ASSIGN(number, value.number());
    if (number < bounded.least || number > bounded.most) {
        return Error{Errno::Einval};
    }
    options.*bounded.place = number == -1 ? bounded.by_default : number;
    return {};
}

Fallible<OptionValue> inet6_option(const Inet6Options& options, u32 name) {
    const Name which{name};
    if (bool Inet6Options::* flag = truth_value(which); flag != nullptr) {
        return OptionValue(i32{options.*flag});
    }
    if (const BoundedNumber bounded = bounded_number(which); bounded.place != nullptr) {
        return OptionValue(options.*bounded.place);
    }
    return Error{Errno::Enoprotoopt};
}

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
// The level SOL_NETLINK of setsockopt. [linux/abi]: netlink(7)
#include "kernel/core/netlink/netlink_socket.h"
#include "kernel/core/netlink/route.h"

namespace ringfence::kernel {

namespace {

/// [linux/abi]: include/uapi/linux/netlink.h
enum class Name : u32 {
    AddMembership = 1,
    DropMembership = 2,
    PacketInformation = 3,
    BroadcastErrors = 4,
    NoOverrunErrors = 5,
    ListMemberships = 9,
    CappedErrors = 10,
    ExtendedErrors = 11,
    Strict = 12,
};

}  // namespace

bool NetlinkSocket::Options::* NetlinkSocket::truth_value(u32 name) {
    switch (Name{name}) {
        case Name::PacketInformation:
            return &Options::packet_information;
        case Name::BroadcastErrors:
            return &Options::broadcast_errors;
        case Name::NoOverrunErrors:
            return &Options::no_overrun_errors;
        case Name::CappedErrors:
            return &Options::capped_errors;
        case Name::ExtendedErrors:
            return &Options::extended_errors;
        case Name::Strict:
            return &Options::strict;
        default:
            return nullptr;
    }
}

/// Groups are counted from 1; none of them ever has anything to tell, as nothing changes.
Fallible<void> NetlinkSocket::change_membership(const OptionValue& value, bool join) {
    const u32 group = static_cast<u32>(value.number().value_or(0));
    if (group == 0 || group > netlink::route_groups) {
        return Error{Errno::Einval};
    }
    const u64 mask = u64{1} << (group - 1);
    groups_ = join ? groups_ | mask : groups_ & ~mask;
    return {};
}

Fallible<void> NetlinkSocket::set_option(OptionName option, const OptionValue& value) {
    if (option.level != OptionLevel::Netlink) {
        return Socket::set_option(option, value);
    }
    if (bool Options::* flag = truth_value(option.name); flag != nullptr) {
        netlink_options_.*flag = value.number().value_or(0) != 0;
        return {};
    }
    switch (Name{option.name}) {
        case Name::AddMembership:
        case Name::DropMembership:
            return change_membership(value, Name{option.name} == Name::AddMembership);
        default:
            return Error{Errno::Enoprotoopt};
    }
}

Fallible<OptionValue> NetlinkSocket::option(OptionName option) {
    if (option.level != OptionLevel::Netlink) {
        return Socket::option(option);
    }
    if (bool Options::* flag = truth_value(option.name); flag != nullptr) {
        return OptionValue(i32{netlink_options_.*flag}).whole();
    }
    if (Name{option.name} == Name::ListMemberships) {
        return OptionValue(groups_);
    }
    return Error{Errno::Enoprotoopt};
}

}  // namespace ringfence::kernel

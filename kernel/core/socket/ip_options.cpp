// SPDX-License-Identifier: MIT
#include "kernel/core/socket/ip_options.h"

namespace ringfence::kernel {

namespace {

/// [linux/abi]: include/uapi/linux/in.h
enum class Name : u32 {
    TypeOfService = 1,
    TimeToLive = 2,
    PacketInformation = 8,
    MtuDiscovery = 10,
    ReceiveErrors = 11,
    ReceiveTimeToLive = 12,
    ReceiveTypeOfService = 13,
};

bool IpOptions::* truth_value(Name name) {
    switch (name) {
        case Name::PacketInformation:
            return &IpOptions::packet_information;
        case Name::ReceiveErrors:
            return &IpOptions::receive_errors;
        case Name::ReceiveTimeToLive:
            return &IpOptions::receive_time_to_live;
        case Name::ReceiveTypeOfService:
            return &IpOptions::receive_type_of_service;
        default:
            return nullptr;
    }
}

}  // namespace

Fallible<void> set_ip_option(IpOptions& options, u32 name, const OptionValue& value) {
    // One byte will do here. [linux/abi]: do_ip_setsockopt
    RF_TRY_ASSIGN(byte, value.as<u8>());
    const i32 number = value.number().value_or(byte);
    const Name which{name};
    if (bool IpOptions::* flag = truth_value(which); flag != nullptr) {
        options.*flag = number != 0;
        return {};
    }
    switch (which) {
        case Name::TypeOfService:
            options.type_of_service = number;
            return {};
        case Name::TimeToLive: {
            constexpr i32 by_default = 64;
            constexpr i32 most = 255;
            if (number != -1 && (number < 1 || number > most)) {
                return Error{Errno::Einval};
            }
            options.time_to_live = number == -1 ? by_default : number;
            return {};
        }
        case Name::MtuDiscovery:
            options.mtu_discovery = number;
            return {};
        default:
            return Error{Errno::Enoprotoopt};
    }
}

Fallible<OptionValue> ip_option(const IpOptions& options, u32 name) {
    const Name which{name};
    if (bool IpOptions::* flag = truth_value(which); flag != nullptr) {
        return OptionValue(i32{options.*flag});
    }
    switch (which) {
        case Name::TypeOfService:
            return OptionValue(options.type_of_service);
        case Name::TimeToLive:
            return OptionValue(options.time_to_live);
        case Name::MtuDiscovery:
            return OptionValue(options.mtu_discovery);
        default:
            return Error{Errno::Enoprotoopt};
    }
}

}  // namespace ringfence::kernel

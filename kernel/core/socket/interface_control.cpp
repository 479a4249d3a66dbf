// SPDX-License-Identifier: MIT
#include "kernel/core/socket/interface_control.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "kernel/core/containers/string.h"
#include "kernel/core/process/process.h"
#include "kernel/core/socket/inet_address.h"
#include "kernel/core/socket/interface_facts.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel {

namespace {

/// [linux/abi]: include/uapi/linux/sockios.h
enum class Request : u32 {
    GetName = 35088,
    GetConfiguration = 35090,
    GetFlags = 35091,
    GetAddress = 35093,
    GetDestinationAddress = 35095,
    GetBroadcastAddress = 35097,
    GetNetMask = 35099,
    GetMetric = 35101,
    GetMaximumPacket = 35105,
    GetHardwareAddress = 35111,
    GetIndex = 35123,
    GetQueueLength = 35138,
    GetMap = 35184,
};
constexpr u32 first_request = 35072;  // of the range that sockets have: SIOCADDRT's page
constexpr u32 last_request = 35327;

constexpr net::IpAddress net_mask = net::ipv4(255, 0, 0, 0);

/// `struct ifreq`.
struct InterfaceRequest {
    static constexpr usize name_size = 16;
    char name[name_size];
    union {
        InetAddress address;
        u16 flags;
        i32 number;
        u8 padding[24];
    };

    [[nodiscard]] std::string_view name_view() const {
        const std::string_view all(name, name_size);
        return take(all, std::min(all.find('\0'), name_size));
    }
    void set_name(std::string_view text) {
        std::memset(name, 0, name_size);
        std::memcpy(name, text.data(), text.size());
    }
};
static_assert(sizeof(InterfaceRequest) == 40);

/// `struct ifconf`.
struct InterfaceList {
    i32 size;
    i32 padding;
    u64 requests;
};

InetAddress address_only(const net::IpAddress& address) {
    return to_inet_address({address, 0});
}

Fallible<u64> list_interfaces(VirtualAddress argument) {
    RF_TRY_ASSIGN(list, read_user<InterfaceList>(argument));
    constexpr i32 needed = sizeof(InterfaceRequest);
    if (list.requests == 0) {
        list.size = needed;
    } else if (list.size < needed) {
        list.size = 0;
    } else {
        InterfaceRequest entry{};
        entry.set_name(InterfaceFacts::name);
        entry.address = address_only(net::loopback_v4);
        RF_TRY(write_user(VirtualAddress{list.requests}, entry));
        list.size = needed;
    }
    RF_TRY(write_user(argument, list));
    return u64{0};
}

bool asks_for_address(Request request) {
    return request == Request::GetAddress || request == Request::GetDestinationAddress ||
           request == Request::GetBroadcastAddress || request == Request::GetNetMask;
}

/// SIOCSIFFLAGS and its like, which lie between the questions.
bool asks_for_change(u32 request) {
    constexpr u32 changes[] = {35092, 35094, 35096, 35098, 35100, 35102,
                               35106, 35107, 35108, 35127, 35139, 35185};
    return std::ranges::find(changes, request) != std::end(changes);
}

/// Fills in what `request` asks for; Enotty if it is not known.
Fallible<void> answer(Request request, InterfaceRequest& interface) {
    switch (request) {
        case Request::GetFlags:
            interface.flags = InterfaceFacts::flags;
            return {};
        case Request::GetAddress:
        case Request::GetDestinationAddress:
            interface.address = address_only(net::loopback_v4);
            return {};
        case Request::GetBroadcastAddress:
            interface.address = address_only(net::any_v4);
            return {};
        case Request::GetNetMask:
            interface.address = address_only(net_mask);
            return {};
        case Request::GetMetric:
            interface.number = 0;
            return {};
        case Request::GetMaximumPacket:
            interface.number = InterfaceFacts::maximum_packet;
            return {};
        case Request::GetHardwareAddress:
            std::memset(interface.padding, 0, sizeof(interface.padding));
            std::memcpy(interface.padding, &InterfaceFacts::hardware,
                        sizeof(InterfaceFacts::hardware));
            return {};
        case Request::GetIndex:
            interface.number = InterfaceFacts::index;
            return {};
        case Request::GetMap:  // of memory and interrupts: it has none
            std::memset(interface.padding, 0, sizeof(interface.padding));
            return {};
        case Request::GetQueueLength:
            interface.number = InterfaceFacts::queue_length;
            return {};
        default:
            return Error{Errno::Enotty};
    }
}

}  // namespace

bool is_interface_request(u32 request) {
    return first_request <= request && request <= last_request;
}

Fallible<u64> control_interface(u32 request, u64 argument, bool with_addresses) {
    const VirtualAddress at{argument};
    const Request wanted{request};
    if (wanted == Request::GetConfiguration) {
        return list_interfaces(at);
    }
    if (asks_for_change(request)) {
        return Error{current_process().credentials.may(Capability::NetAdmin) ? Errno::Eopnotsupp
                                                                             : Errno::Eperm};
    }
    if (asks_for_address(wanted) && !with_addresses) {
        return Error{Errno::Enotty};
    }
    RF_TRY_ASSIGN(interface, read_user<InterfaceRequest>(at));
    if (wanted == Request::GetName) {
        if (interface.number != InterfaceFacts::index) {
            return Error{Errno::Enodev};
        }
        interface.set_name(InterfaceFacts::name);
    } else {
        if (interface.name_view() != InterfaceFacts::name) {
            return Error{Errno::Enodev};
        }
        RF_TRY(answer(wanted, interface));
    }
    RF_TRY(write_user(at, interface));
    return u64{0};
}

}  // namespace ringfence::kernel

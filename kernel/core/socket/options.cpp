// SPDX-License-Identifier: MIT
#include "kernel/core/socket/options.h"

#include <algorithm>

#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

namespace {

/// [linux/abi]: include/uapi/asm-generic/socket.h
enum class Name : u32 {
    Debug = 1,
    ReuseAddress = 2,
    DontRoute = 5,
    Broadcast = 6,
    SendBuffer = 7,
    ReceiveBuffer = 8,
    KeepAlive = 9,
    OutOfBandInline = 10,
    Priority = 12,
    Linger = 13,
    ReusePort = 15,
    PassCredentials = 16,
    ReceiveLowWater = 18,
    SendLowWater = 19,
    ReceiveTimeout = 20,
    SendTimeout = 21,
    SendBufferForced = 32,
    ReceiveBufferForced = 33,
};

bool SocketOptions::* truth_value(Name name) {
    switch (name) {
        case Name::Debug:
            return &SocketOptions::debug;
        case Name::ReuseAddress:
            return &SocketOptions::reuse_address;
        case Name::DontRoute:
            return &SocketOptions::dont_route;
        case Name::Broadcast:
            return &SocketOptions::broadcast;
        case Name::KeepAlive:
            return &SocketOptions::keep_alive;
        case Name::OutOfBandInline:
            return &SocketOptions::out_of_band_inline;
        case Name::ReusePort:
            return &SocketOptions::reuse_port;
        case Name::PassCredentials:
            return &SocketOptions::pass_credentials;
        default:
            return nullptr;
    }
}

/// What a program asks for is doubled: the other half is for the kernel's own records of it.
u32 buffer_size(i32 wanted, u32 least) {
    const u32 bounded = std::min(static_cast<u32>(wanted), most_socket_buffer);
    return std::max(bounded * 2, least);
}

/// No time at all means no limit. [linux/abi]: socket(7), SO_RCVTIMEO
Fallible<u64> timeout_of(const OptionValue& value) {
    RF_TRY_ASSIGN(time, value.as<TimeValue>());
    if (time.microseconds < 0 || time.microseconds >= static_cast<i64>(microseconds_per_second)) {
        return Error{Errno::Edom};
    }
    if (time.seconds < 0) {
        return u64{0};
    }
    const u64 duration = to_nanoseconds(time);
    return duration == 0 ? never : duration;
}

OptionValue timeout_value(u64 timeout) {
    return OptionValue(timeout == never ? TimeValue{} : to_timeval(timeout));
}

}  // namespace

Fallible<void> set_stored_option(SocketOptions& options, u32 name, const OptionValue& value) {
    RF_TRY_ASSIGN(number, value.number());
    const Name which{name};
    if (bool SocketOptions::* flag = truth_value(which); flag != nullptr) {
        options.*flag = number != 0;
        return {};
    }
    switch (which) {
        case Name::SendBufferForced:
        case Name::ReceiveBufferForced:
            if (!current_process().credentials.may(Capability::NetAdmin)) {
                return Error{Errno::Eperm};
            }
            [[fallthrough]];
        case Name::SendBuffer:
        case Name::ReceiveBuffer:
            if (which == Name::SendBuffer || which == Name::SendBufferForced) {
                options.send_buffer = buffer_size(number, least_send_buffer);
                options.send_buffer_fixed = true;
            } else {
                options.receive_buffer = buffer_size(number, least_receive_buffer);
                options.receive_buffer_fixed = true;
            }
            return {};
        case Name::Priority:
            options.priority = number;
            return {};
        case Name::ReceiveLowWater:
            options.receive_low_water = number < 0 ? INT32_MAX : std::max(number, 1);
            return {};
        case Name::Linger: {
            RF_TRY_ASSIGN(linger, value.as<Linger>());
            options.linger = {linger.on != 0 ? 1 : 0, linger.seconds};
            return {};
        }
        case Name::ReceiveTimeout: {
            RF_TRY_ASSIGN(timeout, timeout_of(value));
            options.receive_timeout = timeout;
            return {};
        }
        case Name::SendTimeout: {
            RF_TRY_ASSIGN(timeout, timeout_of(value));
            options.send_timeout = timeout;
            return {};
        }
        default:
            return Error{Errno::Enoprotoopt};
    }
}

Fallible<OptionValue> stored_option(const SocketOptions& options, u32 name) {
    const Name which{name};
    if (bool SocketOptions::* flag = truth_value(which); flag != nullptr) {
        return OptionValue(i32{options.*flag});
    }
    switch (which) {
        case Name::SendBuffer:
            return OptionValue(options.send_buffer);
        case Name::ReceiveBuffer:
            return OptionValue(options.receive_buffer);
        case Name::Priority:
            return OptionValue(options.priority);
        case Name::Linger:
            return OptionValue(options.linger);
        case Name::ReceiveLowWater:
            return OptionValue(options.receive_low_water);
        case Name::SendLowWater:
            return OptionValue(i32{1});
        case Name::ReceiveTimeout:
            return timeout_value(options.receive_timeout);
        case Name::SendTimeout:
            return timeout_value(options.send_timeout);
        default:
            return Error{Errno::Enoprotoopt};
    }
}

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
// The level IPPROTO_IP of setsockopt. [linux/abi]: ip(7)
#pragma once

#include "kernel/core/socket/options.h"

namespace ringfence::kernel {

struct IpOptions {
    i32 type_of_service = 0;
    i32 time_to_live = 64;
    i32 mtu_discovery = 1;
    bool receive_errors = false;
    bool packet_information = false;
    bool receive_time_to_live = false;
    bool receive_type_of_service = false;
};
Fallible<void> set_ip_option(IpOptions& options, u32 name, const OptionValue& value);
Fallible<OptionValue> ip_option(const IpOptions& options, u32 name);

}  // namespace ringfence::kernel

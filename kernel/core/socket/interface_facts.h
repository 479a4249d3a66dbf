// SPDX-License-Identifier: MIT
// What there is to tell about the network interface: there is one, lo. Facts that do not change are
// written down; who asks brings the others.
#pragma once

#include <string_view>

#include "base/bits.h"
#include "base/types.h"
#include "kernel/net/address.h"

namespace ringfence::kernel {

struct InterfaceFacts {
    static constexpr std::string_view name = "lo";
    static constexpr u32 index = 1;
    static constexpr u32 maximum_packet = 65536;
    static constexpr u32 queue_length = 1000;
    static constexpr u16 hardware = 772;  ///< ARPHRD_LOOPBACK
    /// IFF_UP, IFF_LOOPBACK, IFF_RUNNING: what ioctl tells; netlink has IFF_LOWER_UP, too.
    static constexpr u32 flags = Flag<0, u32>::mask | Flag<3, u32>::mask | Flag<6, u32>::mask;
    static constexpr u32 lower_up = Flag<16, u32>::mask;

    struct Address {
        net::IpAddress address;
        u8 prefix_length;
    };
    static constexpr Address addresses[] = {{net::loopback_v4, 8}, {net::loopback_v6, 128}};

    u64 packets = 0;  ///< what goes out comes in
    u64 bytes = 0;
};

}  // namespace ringfence::kernel

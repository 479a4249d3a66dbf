// SPDX-License-Identifier: MIT
// The level IPPROTO_TCP of setsockopt. [linux/abi]: tcp(7)
#pragma once

#include "kernel/core/socket/options.h"
#include "kernel/net/tcp_connection.h"

namespace ringfence::kernel {

struct TcpOptions {
    bool no_delay = false;
    bool cork = false;
    bool quick_acknowledgement = true;
    u16 most_segment = 0;
    // Kept for those who ask; a peer on the same machine does not vanish unnoticed.
    i32 keep_idle = 7200;    ///< seconds
    i32 keep_interval = 75;  ///< seconds
    i32 keep_count = 9;
    i32 syn_count = 6;
    i32 linger_2 = 60;     ///< seconds
    i32 defer_accept = 0;  ///< seconds
    i32 user_timeout = 0;  ///< milliseconds
    i32 window_clamp = 0;
    i32 fast_open = 0;
};

Fallible<void> set_tcp_option(TcpOptions& options, u32 name, const OptionValue& value);
/// `connection` may be null.
Fallible<OptionValue> tcp_option(const TcpOptions& options, const net::TcpConnection* connection,
                                 u32 name);

}  // namespace ringfence::kernel

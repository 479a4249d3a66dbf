// SPDX-License-Identifier: MIT
// ICMP of both versions, as much as UDP needs: that nobody is at a port. [rfc/792], [rfc/4443]
#pragma once

#include "kernel/net/ip.h"

namespace ringfence::kernel::net {

class Stack;

/// Answers `rejected`, whose header is `header`. [rfc/1122] 4.1.3.1, [rfc/4443] 3.1
void send_port_unreachable(Stack& stack, const Packet& rejected, const IpHeader& header);
/// A message from the network.
void icmp_input(Stack& stack, const Packet& packet, const IpHeader& header);

}  // namespace ringfence::kernel::net

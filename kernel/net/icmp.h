// SPDX-License-Identifier: MIT
// ICMP, as much as UDP needs: that nobody is at a port. [rfc/792]
#pragma once

#include "kernel/net/ipv4.h"
#include "kernel/net/packet.h"

namespace ringfence::kernel::net {

class Stack;

/// Answers `rejected`, whose header is `header`. [rfc/1122] 4.1.3.1
void send_port_unreachable(Stack& stack, const Packet& rejected, const Ipv4Header& header);
/// A message from the network.
void icmp_input(Stack& stack, const Packet& packet);

}  // namespace ringfence::kernel::net

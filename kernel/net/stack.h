// SPDX-License-Identifier: MIT
// The TCP/IP stack of one machine with one interface.
#pragma once

#include "kernel/net/interface.h"
#include "kernel/net/ip.h"
#include "kernel/net/tcp.h"
#include "kernel/net/udp.h"

namespace ringfence::kernel::net {

class Stack {
public:
    Stack(Environment& environment, Interface& interface)
        : environment_(environment), interface_(interface) {}

    /// A packet that the interface received. Takes ownership.
    void input(Packet* packet);
    /// Whatever has become due. Call it at the deadline that Environment::wake_at was given.
    void run_timers();

    [[nodiscard]] Tcp& tcp() { return tcp_; }
    [[nodiscard]] Udp& udp() { return udp_; }
    [[nodiscard]] Environment& environment() const { return environment_; }
    [[nodiscard]] Interface& interface() const { return interface_; }

    // ---- For the protocols.
    /// Adds the IP header and sends the packet, whose transport header is in order.
    void transmit(Packet* packet, const IpHeader& header);
    /// Some protocol's next deadline is another one now.
    void deadline_changed();

private:
    Environment& environment_;
    Interface& interface_;
    Tcp tcp_{*this};
    Udp udp_{*this};
    u16 next_identification_ = 0;
    u64 deadline_ = ~u64{0};  ///< what the environment was told last
};

}  // namespace ringfence::kernel::net

// SPDX-License-Identifier: MIT
#include "kernel/net/stack.h"

#include "kernel/net/icmp.h"

namespace ringfence::kernel::net {

void Stack::input(Packet* packet) {
    if (const auto header = read_ip_header(*packet);
        header && interface_.is_local(header->destination)) {
        switch (header->protocol) {
            case Protocol::Tcp:
                tcp_.input(*packet, *header);
                break;
            case Protocol::Udp:
                udp_.input(*packet, *header);
                break;
            case Protocol::Icmp:
            case Protocol::Icmp6:
                icmp_input(*this, *packet, *header);
                break;
        }
    }
    delete packet;
}

void Stack::transmit(Packet* packet, const IpHeader& header) {
    write_ip_header(*packet, header, next_identification_++);
    interface_.transmit(packet);
}

void Stack::run_timers() {
    deadline_ = ~u64{0};
    tcp_.run_timers(environment_.now());
    deadline_changed();
}

void Stack::deadline_changed() {
    // An earlier one than needed is no harm, and spares setting it anew with each segment.
    if (const u64 next = tcp_.next_deadline(); next < deadline_) {
        deadline_ = next;
        environment_.wake_at(next);
    }
}

}  // namespace ringfence::kernel::net

// SPDX-License-Identifier: MIT
#include "kernel/core/socket/network.h"

#include "kernel/core/fs/devices.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {
/// Packets that one call delivers at most; a timer goes on with the others, so that no exchange
/// between two programs' sockets can keep the kernel from its caller.
constexpr u32 most_deliveries = 1000;
}  // namespace

Network& network() {
    static Network the_network;
    return the_network;
}

void Network::deliver() {
    if (delivering_) {
        return;
    }
    delivering_ = true;
    for (u32 count = 0; net::Packet* packet = on_the_way_.pop_front(); ++count) {
        stack_.input(packet);
        if (count == most_deliveries) {
            wake_at(now());
            break;
        }
    }
    delivering_ = false;
    now_ = 0;
}

Fallible<net::IpAddress> Network::source_for(const net::IpAddress& destination) const {
    if (!reaches(destination)) {
        return Error{Errno::Enetunreach};
    }
    return destination.is_v4() ? net::loopback_v4 : net::loopback_v6;
}

u64 Network::now() {
    // Reading the clock waits for all instructions before it, and each segment asks several times.
    if (now_ == 0) {
        now_ = monotonic_now();
    }
    return now_;
}

u32 Network::random() {
    u32 value;
    fill_random({reinterpret_cast<u8*>(&value), sizeof(value)});
    return value;
}

void Network::wake_at(u64 deadline) {
    timers().arm(timer_, deadline);
}

bool Network::has_memory() {
    return memory_available();
}

void Network::transmit(net::Packet* packet) {
    ++packets_;
    bytes_ += packet->size();
    on_the_way_.push_back(*packet);
}

void Network::timer_expired(void* network) {
    auto* self = static_cast<Network*>(network);
    self->stack_.run_timers();
    self->deliver();
}

}  // namespace ringfence::kernel

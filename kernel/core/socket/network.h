// SPDX-License-Identifier: MIT
// The kernel's network: a TCP/IP stack over a loopback interface, `lo`, and nothing else. What it
// is not told by a socket call or a timer does not happen, so a run's packets depend on the run
// alone.
#pragma once

#include "kernel/core/errors.h"
#include "kernel/core/scheduler/timer.h"
#include "kernel/core/socket/interface_facts.h"
#include "kernel/net/stack.h"

namespace ringfence::kernel {

class Network final : private net::Environment, private net::Interface {
public:
    static constexpr u32 interface_index = InterfaceFacts::index;
    /// As Linux's lo: the largest IP packet fits, so none is ever fragmented.
    static constexpr u32 maximum_packet = InterfaceFacts::maximum_packet;

    Network() = default;
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    [[nodiscard]] net::Stack& stack() { return stack_; }
    /// Delivers what was sent until nothing is on the way. Follows each call into the stack, before
    /// the caller may sleep: until then all happens at one time.
    void deliver();

    /// The address from which `destination` is reached, unless a socket is bound to another.
    /// Enetunreach if it is not.
    [[nodiscard]] Fallible<net::IpAddress> source_for(const net::IpAddress& destination) const;
    /// True if a socket may be bound to `address`.
    [[nodiscard]] bool may_bind(const net::IpAddress& address) const {
        return address.is_any() || is_local(address);
    }
    [[nodiscard]] u64 packets() const { return packets_; }
    [[nodiscard]] u64 bytes() const { return bytes_; }

private:
    // Environment
    [[nodiscard]] u64 now() override;
    [[nodiscard]] u32 random() override;
    void wake_at(u64 deadline) override;
    [[nodiscard]] bool has_memory() override;
    // Interface
    void transmit(net::Packet* packet) override;
    [[nodiscard]] bool is_local(const net::IpAddress& address) const override {
        return address.is_loopback();
    }
    [[nodiscard]] bool reaches(const net::IpAddress& address) const override {
        return address.is_loopback();
    }
    [[nodiscard]] usize maximum_size() const override { return maximum_packet; }
    /// A packet never leaves this memory; Linux's lo leaves them out too (NETIF_F_LOOPBACK).
    [[nodiscard]] bool needs_checksums() const override { return false; }

    static void timer_expired(void* network);

    net::PacketQueue on_the_way_;
    bool delivering_ = false;
    u64 now_ = 0;  ///< 0: to be read anew
    u64 packets_ = 0;
    u64 bytes_ = 0;
    Timer timer_{timer_expired, this};
    net::Stack stack_{*this, *this};
};

Network& network();

}  // namespace ringfence::kernel

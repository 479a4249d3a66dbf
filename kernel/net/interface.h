// SPDX-License-Identifier: MIT
// What the stack stands on: a place where packets leave, a clock, randomness and memory.
#pragma once

#include "kernel/net/address.h"
#include "kernel/net/packet.h"

namespace ringfence::kernel::net {

class Interface {
public:
    virtual ~Interface() = default;

    /// Sends a packet, or loses it. Takes ownership. Must not call the stack back.
    virtual void transmit(Packet* packet) = 0;
    /// True for all addresses whose packets are this machine's.
    [[nodiscard]] virtual bool is_local(const IpAddress& address) const = 0;
    /// True if packets for `address` can be sent here.
    [[nodiscard]] virtual bool reaches(const IpAddress& address) const = 0;
    /// The most bytes of a packet.
    [[nodiscard]] virtual usize maximum_size() const = 0;
    /// False where nothing can damage a packet: then transport checksums are neither made nor
    /// checked.
    [[nodiscard]] virtual bool needs_checksums() const = 0;
};

class Environment {
public:
    virtual ~Environment() = default;

    /// Nanoseconds; never goes back.
    [[nodiscard]] virtual u64 now() = 0;
    [[nodiscard]] virtual u32 random() = 0;
    /// Calls Stack::run_timers at `deadline` or soon after. Replaces the deadline before.
    virtual void wake_at(u64 deadline) = 0;
    /// True while there is memory for what peers, not programs, ask for.
    [[nodiscard]] virtual bool has_memory() = 0;
};

}  // namespace ringfence::kernel::net

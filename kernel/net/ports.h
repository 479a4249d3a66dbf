// SPDX-License-Identifier: MIT
// Who uses which local port of a protocol, and who else may. [linux/abi]: socket(7), SO_REUSEADDR
#pragma once

#include <optional>

#include "kernel/core/containers/intrusive_list.h"
#include "kernel/net/address.h"

namespace ringfence::kernel::net {

/// What the owner of a port has chosen about sharing it.
struct PortRules {
    bool reuse_address : 1 = false;  ///< SO_REUSEADDR
    bool reuse_port : 1 = false;     ///< SO_REUSEPORT
    bool inet6 : 1 = false;          ///< the owner is of AF_INET6
    bool v6_only : 1 = false;        ///< IPV6_V6ONLY: bound to any address, it takes no IPv4
};

/// How well a port fits an address that a packet is for.
enum class Fit : u8 { No, AnyOfBothVersions, AnyAddress, Exactly };

/// One socket's, connection's or recent connection's use of a local endpoint. Ends when destroyed.
struct PortUse {
    PortUse() = default;
    PortUse(const PortUse&) = delete;
    PortUse& operator=(const PortUse&) = delete;
    ~PortUse() { hook.unlink(); }

    [[nodiscard]] bool active() const { return hook.linked(); }
    /// True if the addresses get in each other's way where the ports are the same. [linux/abi]:
    /// ipv6_rcv_saddr_equal
    [[nodiscard]] bool overlaps(const PortUse& other) const;
    /// Whether a packet for `destination` is this one's, the ports being the same.
    [[nodiscard]] Fit fit(const IpAddress& destination) const;

    Endpoint local;  ///< what follows fits in behind its port
    PortRules rules;
    bool listening = false;
    bool reserved = false;  ///< by bind, as against a connection's
    ListHook<PortUse> hook{this};
};

class Ports {
public:
    /// True if a socket like `wanted` may be bound to `wanted.local`, beside all others.
    /// `listeners_conflict`: two that listen exclude each other whatever their options (TCP).
    [[nodiscard]] bool available(const PortUse& wanted, bool listeners_conflict) const;
    /// True if some socket is bound to `port` at all, whatever its address.
    [[nodiscard]] bool reserved(u16 port) const;
    void add(PortUse& use);

    /// Numbers for those who do not care, from `start` on; nothing if `usable(port)` holds for
    /// none.
    template <typename Usable>
    [[nodiscard]] static std::optional<u16> find_ephemeral(u32 start, Usable usable) {
        for (u32 tried = 0; tried < ephemeral_count; ++tried) {
            const auto port = static_cast<u16>(first_ephemeral + (start + tried) % ephemeral_count);
            if (usable(port)) {
                return port;
            }
        }
        return std::nullopt;
    }

private:
    /// net.ipv4.ip_local_port_range
    static constexpr u32 first_ephemeral = 32768;
    static constexpr u32 ephemeral_count = 60999 - first_ephemeral + 1;
    static constexpr usize bucket_count = 256;
    using Bucket = IntrusiveList<PortUse, &PortUse::hook>;

    [[nodiscard]] const Bucket& bucket(u16 port) const { return buckets_[port % bucket_count]; }
    Bucket buckets_[bucket_count];
};

}  // namespace ringfence::kernel::net

// SPDX-License-Identifier: MIT
// IPv4 addresses, and who talks to whom.
#pragma once

#include "base/bits.h"
#include "base/types.h"

namespace ringfence::kernel::net {

/// In the host's byte order: 127.0.0.1 is 7F000001H. [rfc/791] 3.2
struct Ipv4Address {
    u32 value = 0;

    bool operator==(const Ipv4Address&) const = default;
    /// "This host", or any of its addresses. [rfc/1122] 3.2.1.3 (a)
    [[nodiscard]] constexpr bool is_any() const { return value == 0; }
    /// 127.0.0.0/8. [rfc/1122] 3.2.1.3 (g)
    [[nodiscard]] constexpr bool is_loopback() const { return first_byte() == 127; }
    /// Class D and beyond: multicast, reserved, broadcast.
    [[nodiscard]] constexpr bool is_unicast() const { return first_byte() < 224 && !is_any(); }
    /// True if sockets bound to these two get in each other's way.
    [[nodiscard]] constexpr bool overlaps(Ipv4Address other) const {
        return is_any() || other.is_any() || *this == other;
    }

private:
    [[nodiscard]] constexpr u32 first_byte() const { return value >> 24; }
};
[[nodiscard]] constexpr Ipv4Address ipv4(u8 a, u8 b, u8 c, u8 d) {
    return {u32{a} << 24 | u32{b} << 16 | u32{c} << 8 | d};
}
inline constexpr Ipv4Address any_address{};
inline constexpr Ipv4Address loopback_address = ipv4(127, 0, 0, 1);

struct Endpoint {
    Ipv4Address address;
    u16 port = 0;
    bool operator==(const Endpoint&) const = default;
};

/// What tells one connection from another, seen from this side.
struct ConnectionKey {
    Endpoint local;
    Endpoint remote;
    bool operator==(const ConnectionKey&) const = default;
    [[nodiscard]] constexpr u32 hash() const {
        constexpr u32 golden = 2654435769;  // 2^32 divided by the golden ratio
        const u32 ports = u32{local.port} << 16 | remote.port;
        return (ports ^ local.address.value ^ remote.address.value * 31) * golden;
    }
};

}  // namespace ringfence::kernel::net

// SPDX-License-Identifier: MIT
// IP addresses of both versions in one form, and who talks to whom.
#pragma once

#include "base/bits.h"
#include "base/types.h"

namespace ringfence::kernel::net {

/// An IPv6 address, or an IPv4 address in its IPv4-mapped form, ::ffff:127.0.0.1: whoever only
/// compares addresses need not know of versions. [rfc/4291] 2.5.5.2
struct IpAddress {
    u64 high = 0;  ///< the first eight bytes as a number, the most significant byte first
    u64 low = 0;   ///< the last eight

    bool operator==(const IpAddress&) const = default;
    [[nodiscard]] constexpr bool is_v4() const { return high == 0 && low >> 32 == mapped_prefix; }
    /// The IPv4 address: 127.0.0.1 is 7F000001H. [rfc/791] 3.2
    [[nodiscard]] constexpr u32 v4() const { return static_cast<u32>(low); }
    /// "This host", or any of its addresses. [rfc/1122] 3.2.1.3 (a), [rfc/4291] 2.5.2
    [[nodiscard]] constexpr bool is_any() const {
        return high == 0 && (low == 0 || low == mapped_prefix << 32);
    }
    /// 127.0.0.0/8 or ::1. [rfc/1122] 3.2.1.3 (g), [rfc/4291] 2.5.3
    [[nodiscard]] constexpr bool is_loopback() const {
        return is_v4() ? first_v4_byte() == 127 : high == 0 && low == 1;
    }
    /// Of IPv6, ff00::/8; of IPv4, class D and beyond: multicast, reserved, broadcast.
    [[nodiscard]] constexpr bool is_multicast() const {
        constexpr u64 all_ones = 255;
        return is_v4() ? first_v4_byte() >= 224 : high >> 56 == all_ones;
    }
    /// fe80::/10, which says nothing without an interface. [rfc/4291] 2.5.6
    [[nodiscard]] constexpr bool is_link_local() const { return high >> 54 == 0xfe80 >> 6; }
    [[nodiscard]] constexpr bool is_unicast() const { return !is_multicast() && !is_any(); }

private:
    static constexpr u64 mapped_prefix = 65535;
    [[nodiscard]] constexpr u32 first_v4_byte() const { return v4() >> 24; }
};
[[nodiscard]] constexpr IpAddress from_v4(u32 value) {
    return {0, u64{65535} << 32 | value};
}
[[nodiscard]] constexpr IpAddress ipv4(u8 a, u8 b, u8 c, u8 d) {
    return from_v4(u32{a} << 24 | u32{b} << 16 | u32{c} << 8 | d);
}
inline constexpr IpAddress any_v4 = from_v4(0);
inline constexpr IpAddress any_v6{};
inline constexpr IpAddress loopback_v4 = ipv4(127, 0, 0, 1);
inline constexpr IpAddress loopback_v6{0, 1};

struct Endpoint {
    IpAddress address;
    u16 port = 0;
    bool operator==(const Endpoint&) const = default;
};

/// What tells one connection from another, seen from this side.
struct ConnectionKey {
    Endpoint local;
    Endpoint remote;
    bool operator==(const ConnectionKey&) const = default;
    [[nodiscard]] constexpr bool is_v4() const { return local.address.is_v4(); }
    [[nodiscard]] constexpr u32 hash() const {
        constexpr u32 golden = 2654435769;  // 2^32 divided by the golden ratio
        const u32 ports = u32{local.port} << 16 | remote.port;
        return (ports ^ folded(local.address) ^ folded(remote.address) * 31) * golden;
    }

private:
    [[nodiscard]] static constexpr u32 folded(const IpAddress& address) {
        const u64 both = address.high ^ address.low;
        return static_cast<u32>(both >> 32) ^ static_cast<u32>(both);
    }
};

}  // namespace ringfence::kernel::net

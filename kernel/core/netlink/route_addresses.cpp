// SPDX-License-Identifier: MIT
#include "kernel/core/netlink/ip_attribute.h"
#include "kernel/core/netlink/route_parts.h"

namespace ringfence::kernel::netlink {

namespace {

/// `struct ifaddrmsg`.
struct AddressMessage {
    u8 family;
    u8 prefix_length;
    u8 flags;
    u8 scope;
    u32 index;
};
static_assert(sizeof(AddressMessage) == 8);

/// [linux/abi]: include/uapi/linux/if_addr.h
namespace attributes {
constexpr u16 address = 1;
constexpr u16 local = 2;
constexpr u16 label = 3;
constexpr u16 times = 6;
constexpr u16 flags = 8;
}  // namespace attributes

using Permanent = Flag<7, u32>;  // IFA_F_PERMANENT
constexpr u8 host_scope = 254;   // RT_SCOPE_HOST

/// `struct ifa_cacheinfo`: how many seconds the address is good for, and when it was made, in
/// hundredths of a second since the start.
struct Times {
    u32 preferred = ~0U;
    u32 valid = ~0U;
    u32 made = 0;
    u32 changed = 0;
};

void write_address(const InterfaceFacts::Address& own, const Header& head, Writer& to) {
    const bool v4 = own.address.is_v4();
    to.begin(head, AddressMessage{.family = v4 ? inet_family : inet6_family,
                                  .prefix_length = own.prefix_length,
                                  .flags = Permanent::mask,
                                  .scope = host_scope,
                                  .index = InterfaceFacts::index});
    add_ip(to, attributes::address, own.address);
    if (v4) {
        add_ip(to, attributes::local, own.address);
        to.add_text(attributes::label, InterfaceFacts::name);
    }
    to.add(attributes::flags, Permanent::mask);
    to.add(attributes::times, Times{});
    to.end();
}

}  // namespace

Fallible<void> answer_address(const RouteRequest& request, Header head, Writer& to) {
    if (family_of(request) != inet6_family) {
        return Error{Errno::Eopnotsupp};
    }
    if (request.payload.size() < sizeof(AddressMessage)) {
        return Error{Errno::Einval};
    }
    const auto given = request.payload.subspan(sizeof(AddressMessage));
    const auto wanted = ip_in(find_attribute(given, attributes::address), inet6_family);
    if (!wanted) {
        return Error{Errno::Einval};
    }
    for (const InterfaceFacts::Address& own : InterfaceFacts::addresses) {
        if (own.address == *wanted) {
            write_address(own, head, to);
            return {};
        }
    }
    return Error{Errno::Eaddrnotavail};
}

void list_addresses(u8 family, Header head, Writer& to) {
    for (const InterfaceFacts::Address& own : InterfaceFacts::addresses) {
        if (is_of(own.address, family)) {
            write_address(own, head, to);
        }
    }
}

}  // namespace ringfence::kernel::netlink

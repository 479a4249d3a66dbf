// SPDX-License-Identifier: MIT
#include "kernel/net/ports.h"

namespace ringfence::kernel::net {

bool PortUse::overlaps(const PortUse& other) const {
    const IpAddress& own = local.address;
    const IpAddress& others = other.local.address;
    if (own.is_v4() == others.is_v4()) {
        return own == others || own.is_any() || others.is_any();
    }
    const PortUse& v6 = own.is_v4() ? other : *this;
    return v6.local.address.is_any() && !v6.rules.v6_only;
}

Fit PortUse::fit(const IpAddress& destination) const {
    const IpAddress& own = local.address;
    if (own == destination) {
        return Fit::Exactly;
    }
    if (!own.is_any()) {
        return Fit::No;
    }
    if (own.is_v4() == destination.is_v4()) {
        return Fit::AnyAddress;
    }
    return own.is_v4() || rules.v6_only ? Fit::No : Fit::AnyOfBothVersions;
}

bool Ports::available(const PortUse& wanted, bool listeners_conflict) const {
    for (const PortUse& other : bucket(wanted.local.port)) {
        if (&other == &wanted || other.local.port != wanted.local.port || !other.overlaps(wanted)) {
            continue;
        }
        if (wanted.rules.reuse_port && other.rules.reuse_port) {
            continue;
        }
        if (!wanted.rules.reuse_address || !other.rules.reuse_address ||
            (listeners_conflict && other.listening)) {
            return false;
        }
    }
    return true;
}

bool Ports::reserved(u16 port) const {
    for (const PortUse& other : bucket(port)) {
        if (other.local.port == port && other.reserved) {
            return true;
        }
    }
    return false;
}

void Ports::add(PortUse& use) {
    buckets_[use.local.port % bucket_count].push_back(use);
}

}  // namespace ringfence::kernel::net

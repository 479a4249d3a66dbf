// SPDX-License-Identifier: MIT
#include "kernel/net/ports.h"

namespace ringfence::kernel::net {

bool Ports::available(const PortUse& wanted, bool listeners_conflict) const {
    for (const PortUse& other : bucket(wanted.local.port)) {
        if (&other == &wanted || other.local.port != wanted.local.port ||
            !other.local.address.overlaps(wanted.local.address)) {
            continue;
        }
        if (wanted.reuse_port && other.reuse_port) {
            continue;
        }
        if (!wanted.reuse_address || !other.reuse_address ||
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

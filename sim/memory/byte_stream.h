// SPDX-License-Identifier: MIT
// The host's ends of a guest's serial line.
#pragma once

#include "base/types.h"

namespace ringfence::sim::memory {

/// Where a guest's bytes go. Must not block for guest-visible reasons.
class ByteSink {
public:
    virtual ~ByteSink() = default;
    virtual void put(u8 byte) = 0;
};

/// Where a guest's input comes from. What is available may depend only on what the guest has sent,
/// or a run is not reproducible.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    [[nodiscard]] virtual bool available() = 0;
    /// The next byte; called only if one is available.
    virtual u8 take() = 0;
};

/// Either may be null: bytes are lost, none arrive.
struct SerialEndpoint {
    ByteSink* sink = nullptr;
    ByteSource* source = nullptr;
};

inline constexpr unsigned serial_port_count = 4;

}  // namespace ringfence::sim::memory

// SPDX-License-Identifier: MIT
// The instructions that read and send, in every form that the readers need.
#pragma once

#include <cstdint>

#include "guest/attacks/transient_read.h"

namespace attacks {

/// slow: SlowPointer::start(). guard: read in front of the victim, so that where it may not be read
/// the victim is reached transiently only; one of the two faults. The rest is Attempt's.
using TransientSend = void(const void* slow, const std::uint8_t* guard, const std::uint8_t* victim,
                           const std::uint8_t* channel, const std::uint8_t* zero_channel,
                           std::uint64_t bit);

/// Sends if index < the value that `slow` leads to.
using CheckedSend = void(const void* slow, std::uint64_t index, const std::uint8_t* victim,
                         const std::uint8_t* channel, const std::uint8_t* zero_channel,
                         std::uint64_t bit);

[[nodiscard]] TransientSend* transient_send(Portion portion, Sending sending);
[[nodiscard]] CheckedSend* checked_send(Portion portion, Sending sending);

}  // namespace attacks

extern "C" {
/// A return: where a TransientSend whose fault was raised goes on.
extern const char transient_send_end[];
}

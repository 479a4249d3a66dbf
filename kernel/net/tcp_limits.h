// SPDX-License-Identifier: MIT
// Numbers that TCP's standards leave to the implementation; as Linux has them unless stated
// otherwise.
#pragma once

#include "kernel/net/round_trip_time.h"

namespace ringfence::kernel::net::tcp_limits {

/// For no deadline.
inline constexpr u64 never = ~u64{0};

/// [rfc/1122] 4.2.3.2: less than half a second.
inline constexpr u64 delayed_acknowledgement = 40 * nanoseconds_per_millisecond;
/// Segments at the start of a connection that are acknowledged at once.
inline constexpr u32 quick_acknowledgements = 16;
/// [rfc/9293] 3.4.2 asks for twice the segment lifetime, which nobody knows.
inline constexpr u64 time_wait = 60'000 * nanoseconds_per_millisecond;
/// How long a connection without an owner waits for the peer's FIN.
inline constexpr u64 orphan_wait = time_wait;
/// Recent connections that are remembered; the oldest is forgotten for one more.
inline constexpr u32 most_time_waits = 4096;
/// Age from which connect may take a recent connection's place. Linux: tcp_tw_reuse
inline constexpr u64 time_wait_reuse = 1'000 * nanoseconds_per_millisecond;
/// Retransmissions before a connection is given up: of a SYN, of its answer, of anything later.
inline constexpr u32 syn_retries = 6;
inline constexpr u32 syn_ack_retries = 5;
inline constexpr u32 retries = 15;
/// Without the MSS option. [rfc/9293] 3.7.1
inline constexpr u16 default_segment_size = 536;
/// Segments below this size are the sender's own fault, and not believed. Linux: TCP_MIN_SND_MSS
inline constexpr u16 least_segment_size = 48;
/// Windows of up to 8 MiB. [rfc/7323] 2.2: at most 14.
inline constexpr u8 window_scale = 7;
inline constexpr u8 most_window_scale = 14;
/// Of answers to segments without data that lie outside the window.
inline constexpr u64 least_time_between_answers = 500 * nanoseconds_per_millisecond;
/// [rfc/5681] 3.2
inline constexpr u32 duplicates_of_loss = 3;

}  // namespace ringfence::kernel::net::tcp_limits

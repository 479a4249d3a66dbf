// SPDX-License-Identifier: MIT
#include "kernel/core/socket/tcp_options.h"

#include <string_view>

#include "kernel/net/tcp_limits.h"

namespace ringfence::kernel {

namespace {

/// [linux/abi]: include/uapi/linux/tcp.h
enum class Name : u32 {
    NoDelay = 1,
    MaximumSegment = 2,
    Cork = 3,
    KeepIdle = 4,
    KeepInterval = 5,
    KeepCount = 6,
    SynCount = 7,
    Linger2 = 8,
    DeferAccept = 9,
    WindowClamp = 10,
    Information = 11,
    QuickAcknowledgement = 12,
    Congestion = 13,
    UserTimeout = 18,
    FastOpen = 23,
};

bool TcpOptions::* truth_value(Name name) {
    switch (name) {
        case Name::NoDelay:
            return &TcpOptions::no_delay;
        case Name::Cork:
            return &TcpOptions::cork;
        case Name::QuickAcknowledgement:
            return &TcpOptions::quick_acknowledgement;
        default:
            return nullptr;
    }
}

/// A number and the range that Linux allows it.
struct BoundedNumber {
    i32 TcpOptions::* place = nullptr;
    i32 least = 0;
    i32 most = 0;
};
BoundedNumber bounded_number(Name name) {
    constexpr i32 most_seconds = 32767;
    constexpr i32 most_count = 127;
    switch (name) {
        case Name::KeepIdle:
            return {&TcpOptions::keep_idle, 1, most_seconds};
        case Name::KeepInterval:
            return {&TcpOptions::keep_interval, 1, most_seconds};
        case Name::KeepCount:
            return {&TcpOptions::keep_count, 1, most_count};
        case Name::SynCount:
            return {&TcpOptions::syn_count, 1, most_count};
        case Name::Linger2:
            return {&TcpOptions::linger_2, INT32_MIN, INT32_MAX};
        case Name::DeferAccept:
            return {&TcpOptions::defer_accept, INT32_MIN, INT32_MAX};
        case Name::WindowClamp:
            return {&TcpOptions::window_clamp, 0, INT32_MAX};
        case Name::UserTimeout:
            return {&TcpOptions::user_timeout, 0, INT32_MAX};
        case Name::FastOpen:
            return {&TcpOptions::fast_open, 0, INT32_MAX};
        default:
            return {};
    }
}

/// The part of `struct tcp_info` that has been there since Linux 2.4. [linux/abi]:
/// include/uapi/linux/tcp.h
struct TcpInformation {
    u8 state;
    u8 congestion_state;
    u8 retransmits;
    u8 probes;
    u8 backoff;
    u8 options;
    u8 scales;
    u8 limits;
    u32 timeout;  ///< microseconds, as all times here
    u32 delayed_acknowledgement;
    u32 send_segment;
    u32 receive_segment;
    u32 unacknowledged;  ///< segments
    u32 selectively_acknowledged;
    u32 lost;
    u32 retransmitted;
    u32 forward_acknowledged;
    u32 last_sent;
    u32 last_acknowledgement_sent;
    u32 last_received;
    u32 last_acknowledgement_received;
    u32 path_mtu;
    u32 receive_threshold;
    u32 round_trip;
    u32 round_trip_variation;
    u32 send_threshold;
    u32 congestion_window;  ///< segments
    u32 advertised_segment;
    u32 reordering;
    u32 receive_round_trip;
    u32 receive_space;
    u32 all_retransmitted;
};
static_assert(sizeof(TcpInformation) == 104);

TcpInformation information_about(const net::TcpConnection* connection) {
    TcpInformation all{};
    all.state = static_cast<u8>(net::TcpState::Closed);
    if (connection == nullptr) {
        return all;
    }
    const auto microseconds = [](u64 nanoseconds) {
        return static_cast<u32>(nanoseconds / nanoseconds_per_microsecond);
    };
    const u32 segment = connection->segment_size();
    all.state = static_cast<u8>(connection->state());
    all.timeout = microseconds(connection->round_trip_time().timeout());
    all.send_segment = all.receive_segment = all.advertised_segment = segment;
    all.unacknowledged = static_cast<u32>((connection->unacknowledged() + segment - 1) / segment);
    all.round_trip = microseconds(connection->round_trip_time().smoothed());
    all.round_trip_variation = microseconds(connection->round_trip_time().variation());
    all.send_threshold = connection->congestion_window().threshold() / segment;
    all.congestion_window = connection->congestion_window().bytes() / segment;
    all.receive_space = connection->settings.receive_space;
    all.all_retransmitted = connection->retransmissions();
    return all;
}

/// The one algorithm there is, as Linux names it.
struct CongestionName {
    char text[16] = "reno";
};

}  // namespace

Fallible<void> set_tcp_option(TcpOptions& options, u32 name, const OptionValue& value) {
    const Name which{name};
    if (which == Name::Congestion) {
        const auto given = value.bytes();
        const std::string_view text(reinterpret_cast<const char*>(given.data()), given.size());
        return text.starts_with(CongestionName().text) ? Fallible<void>{} : Error{Errno::Enoent};
    }
    RF_TRY_ASSIGN(number, value.number());
    if (bool TcpOptions::* flag = truth_value(which); flag != nullptr) {
        options.*flag = number != 0;
        return {};
    }
    if (const BoundedNumber bounded = bounded_number(which); bounded.place != nullptr) {
        if (number < bounded.least || number > bounded.most) {
            return Error{Errno::Einval};
        }
        options.*bounded.place = number;
        return {};
    }
    if (which == Name::MaximumSegment) {
        constexpr i32 least = 88;
        constexpr i32 most = 32767;
        if (number != 0 && (number < least || number > most)) {
            return Error{Errno::Einval};
        }
        options.most_segment = static_cast<u16>(number);
        return {};
    }
    return Error{Errno::Enoprotoopt};
}

Fallible<OptionValue> tcp_option(const TcpOptions& options, const net::TcpConnection* connection,
                                 u32 name) {
    const Name which{name};
    if (bool TcpOptions::* flag = truth_value(which); flag != nullptr) {
        return OptionValue(i32{options.*flag});
    }
    if (const BoundedNumber bounded = bounded_number(which); bounded.place != nullptr) {
        return OptionValue(options.*bounded.place);
    }
    switch (which) {
        case Name::MaximumSegment:
            return OptionValue(i32{connection != nullptr ? connection->segment_size()
                                                         : net::tcp_limits::default_segment_size});
        case Name::Information:
            return OptionValue(information_about(connection));
        case Name::Congestion:
            return OptionValue(CongestionName());
        default:
            return Error{Errno::Enoprotoopt};
    }
}

}  // namespace ringfence::kernel

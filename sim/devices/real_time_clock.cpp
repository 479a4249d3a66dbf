// SPDX-License-Identifier: MIT
#include "sim/devices/real_time_clock.h"

#include <chrono>

#include "base/bits.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

namespace {

constexpr u16 index_port = 0x70;
constexpr u16 data_port = 0x71;
constexpr u8 index_bits = 0x7f;  ///< the top bit of port 70h masks NMIs

enum Register : u8 {
    seconds = 0x00,
    minutes = 0x02,
    hours = 0x04,
    weekday = 0x06,
    day = 0x07,
    month = 0x08,
    year = 0x09,
    status_a = 0x0a,
    status_b = 0x0b,
    status_c = 0x0c,
    status_d = 0x0d,
    century = 0x32,
};

constexpr u8 divider_on = 0x26;  ///< 32.768 kHz time base, 1024 Hz rate; no update in progress
struct StatusB {
    static constexpr Flag<1, u8> hours_24{};
    static constexpr Flag<2, u8> binary{};
};
constexpr u8 battery_good = 0x80;

}  // namespace

RealTimeClock::RealTimeClock(const memory::Clock& clock, u64 core_hz, u64 start_seconds)
    : clock_(clock), core_hz_(core_hz), start_seconds_(start_seconds) {
    memory_[status_b] = StatusB::hours_24.mask;
}

void RealTimeClock::attach(PortSpace& ports) {
    ports.add(index_port, 2, *this);
}

void RealTimeClock::visit_state(state::Visitor& visitor) {
    visitor.field("index", index_, index_bits);
    visitor.field("memory", memory_);
    // Not state: clock_ (wiring); core_hz_, start_seconds_ (configuration)
}

u8 RealTimeClock::encode(unsigned value) const {
    if (StatusB::binary.test(memory_[status_b])) {
        return static_cast<u8>(value);
    }
    return static_cast<u8>((value / 10) << 4 | value % 10);
}

u8 RealTimeClock::read_register() const {
    using namespace std::chrono;
    const sys_seconds now{std::chrono::seconds{start_seconds_ + clock_.now / core_hz_}};
    const sys_days midnight = floor<days>(now);
    const year_month_day date{midnight};
    const hh_mm_ss time{now - midnight};
    switch (index_) {
        case Register::seconds:
            return encode(static_cast<unsigned>(time.seconds().count()));
        case Register::minutes:
            return encode(static_cast<unsigned>(time.minutes().count()));
        case Register::hours:
            return encode(static_cast<unsigned>(time.hours().count()));
        case Register::weekday:
            return encode(std::chrono::weekday{midnight}.c_encoding() + 1);
        case Register::day:
            return encode(static_cast<unsigned>(date.day()));
        case Register::month:
            return encode(static_cast<unsigned>(date.month()));
        case Register::year:
            return encode(static_cast<unsigned>(static_cast<int>(date.year()) % 100));
        case Register::century:
            return encode(static_cast<unsigned>(static_cast<int>(date.year()) / 100));
        case Register::status_a:
            return divider_on;
        case Register::status_c:
            return 0;
        case Register::status_d:
            return battery_good;
        default:
            return memory_[index_];
    }
}

u8 RealTimeClock::port_read(u16 port) {
    constexpr u8 write_only = 0xff;
    return port == data_port ? read_register() : write_only;
}

/// The date cannot be set: what the guest writes there is not read back.
void RealTimeClock::port_write(u16 port, u8 value) {
    if (port == index_port) {
        index_ = value & index_bits;
    } else {
        memory_[index_] = value;
    }
}

}  // namespace ringfence::sim::devices

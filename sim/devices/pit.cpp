// SPDX-License-Identifier: MIT
#include "sim/devices/pit.h"

#include <algorithm>

#include "base/bits.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

namespace {

constexpr u16 first_counter_port = 0x40;
constexpr u16 command_port = 0x43;
constexpr u16 speaker_port = 0x61;

struct Command {
    static constexpr Bitfield<1, 3, u8> mode{};
    static constexpr Bitfield<4, 2, u8> access{};
    static constexpr Bitfield<6, 2, u8> channel{};
    static constexpr u8 read_back = 3;
};
struct ReadBack {
    static constexpr Bitfield<1, 3, u8> channels{};
    static constexpr Flag<4, u8> no_status{};
    static constexpr Flag<5, u8> no_count{};
};
struct Status {
    static constexpr Bitfield<1, 3, u8> mode{};
    static constexpr Bitfield<4, 2, u8> access{};
    static constexpr Flag<6, u8> null_count{};
    static constexpr Flag<7, u8> output{};
};
struct Speaker {
    static constexpr Flag<0, u8> gate{};
    static constexpr Flag<1, u8> data{};
    static constexpr Flag<4, u8> refresh{};
    static constexpr Flag<5, u8> output{};
};
constexpr std::array<const char*, 3> channel_names{"channel_0", "channel_1", "channel_2"};

/// DRAM refresh toggles a bit of port 61h about every 15 microseconds.
constexpr u64 refresh_ticks = 18;

}  // namespace

void PitChannel::set_mode(unsigned mode, u64 tick) {
    mode_ = mode > 5 ? mode - 4 : mode;  // 6 and 7 are 2 and 3
    loaded_ = false;
    started_ = false;
    start_ = tick;
    paused_ = 0;
    write_high_next_ = read_high_next_ = false;
    count_latched_ = status_latched_ = false;
}

void PitChannel::restart(u64 tick) {
    started_ = true;
    start_ = tick;
    paused_ = 0;
}

void PitChannel::load(u32 count, u64 tick) {
    reload_ = count == 0 ? 65536 : count;
    const bool first = !loaded_;
    loaded_ = true;
    // Modes 1 and 5 wait for the gate's edge; 2 and 3 finish their period before the new count.
    if (counts_while_gate_low() || (is_periodic() && !first && started_)) {
        return;
    }
    restart(tick);
}

void PitChannel::set_gate(bool high, u64 tick) {
    if (high == gate_) {
        return;
    }
    const u64 counted = elapsed(tick);
    gate_ = high;
    if (counts_while_gate_low()) {
        if (high && loaded_) {
            restart(tick);
        }
    } else if (!high) {
        paused_ = counted;
    } else if (is_periodic()) {
        restart(tick);
    } else {
        start_ = tick - paused_;
    }
}

/// Ticks counted since the count was loaded.
u64 PitChannel::elapsed(u64 tick) const {
    if (!started_) {
        return 0;
    }
    return gate_ || counts_while_gate_low() ? tick - start_ : paused_;
}

bool PitChannel::output(u64 tick) const {
    const u64 ticks = elapsed(tick);
    switch (mode_) {
        case 0:
        case 1:
            // Mode 0 is low from the mode word until the count ends; mode 1 only while it counts.
            return mode_ == 0 ? started_ && ticks >= reload_ : !started_ || ticks >= reload_;
        case 2:
            return !gate_ || !started_ || ticks % reload_ != reload_ - 1;
        case 3:
            return !gate_ || !started_ || ticks % reload_ < (reload_ + 1) / 2;
        default:
            return !started_ || ticks != reload_;  // one low tick at the end
    }
}

u16 PitChannel::count(u64 tick) const {
    const u64 ticks = elapsed(tick);
    if (is_periodic()) {
        // Mode 3 counts down by two, twice in a period.
        const u64 into = mode_ == 3 ? ticks * 2 % reload_ : ticks % reload_;
        return static_cast<u16>(reload_ - into);
    }
    return static_cast<u16>(reload_ - ticks);
}

u64 PitChannel::next_rise(u64 tick) const {
    if (!started_ || (!gate_ && !counts_while_gate_low())) {
        return never;
    }
    const u64 ticks = elapsed(tick);
    switch (mode_) {
        case 0:
        case 1:
            return ticks < reload_ ? start_ + reload_ : never;
        case 2:
        case 3:
            return start_ + (ticks / reload_ + 1) * reload_;
        default:
            return ticks < reload_ + 1 ? start_ + reload_ + 1 : never;
    }
}

void PitChannel::set_access(unsigned access) {
    access_ = access;
    write_high_next_ = read_high_next_ = false;
}

void PitChannel::latch_count(u64 tick) {
    if (!count_latched_) {
        latched_count_ = count(tick);
        count_latched_ = true;
    }
}

void PitChannel::latch_status(u64 tick) {
    if (!status_latched_) {
        latched_status_ = static_cast<u8>(Status::mode.make(static_cast<u8>(mode_)) |
                                          Status::access.make(static_cast<u8>(access_)) |
                                          Status::null_count.make(loaded_ ? 0 : 1) |
                                          Status::output.make(output(tick) ? 1 : 0));
        status_latched_ = true;
    }
}

u8 PitChannel::read_byte(u64 tick) {
    if (status_latched_) {
        status_latched_ = false;
        return latched_status_;
    }
    const u16 value = count_latched_ ? latched_count_ : count(tick);
    const bool high = access_ == 2 || (access_ == 3 && read_high_next_);
    if (access_ == 3) {
        read_high_next_ = !read_high_next_;
    }
    if (access_ != 3 || high) {
        count_latched_ = false;
    }
    return static_cast<u8>(high ? value >> 8 : value);
}

void PitChannel::write_byte(u8 value, u64 tick) {
    if (access_ == 3 && !write_high_next_) {
        written_low_ = value;
        write_high_next_ = true;
        return;
    }
    write_high_next_ = false;
    const u32 count = access_ == 1   ? value
                      : access_ == 2 ? u32{value} << 8
                                     : written_low_ | u32{value} << 8;
    load(count, tick);
}

void PitChannel::visit_state(state::Visitor& visitor, u64 tick) {
    constexpr unsigned last_mode = 5;
    constexpr unsigned both_bytes = 3;
    constexpr u32 longest = 65536;
    visitor.field("mode", mode_, last_mode);
    visitor.field("access", access_, both_bytes);
    visitor.field("reload", reload_, longest);
    visitor.field("loaded", loaded_);
    visitor.field("started", started_);
    visitor.field("start", start_, tick);
    visitor.field("paused", paused_, tick);
    visitor.field("gate", gate_);
    visitor.field("write_high_next", write_high_next_);
    visitor.field("written_low", written_low_);
    visitor.field("read_high_next", read_high_next_);
    visitor.field("count_latched", count_latched_);
    visitor.field("latched_count", latched_count_);
    visitor.field("status_latched", status_latched_);
    visitor.field("latched_status", latched_status_);
    visitor.require(reload_ > 0, "a period of no ticks");
}

Pit::Pit(EventQueue& events, InterruptLine line, u64 core_hz)
    : events_(events), line_(line), frequency_(input_hz, core_hz) {
    events_.enroll(*this, "pit", 1);
    // Until it is programmed, channel 0's output is high, as firmware's square wave mostly is.
    constexpr unsigned square_wave = 3;
    channels_[0].set_mode(square_wave, 0);
    line_.set(true);
    channels_[2].set_gate(false, 0);
}

void Pit::attach(PortSpace& ports) {
    ports.add(first_counter_port, 4, *this);
    ports.add(speaker_port, 1, *this);
}

void Pit::visit_state(state::Visitor& visitor) {
    for (unsigned i = 0; i < channels_.size(); ++i) {
        visitor.group(channel_names[i], [&] { channels_[i].visit_state(visitor, now()); });
    }
    visitor.field("speaker", speaker_);
    // Not state: events_, line_ (wiring); frequency_ (configuration)
}

u8 Pit::port_read(u16 port) {
    if (port == speaker_port) {
        return read_speaker_port();
    }
    if (port == command_port) {
        return 0xff;  // write-only
    }
    return channels_[port - first_counter_port].read_byte(now());
}

u8 Pit::read_speaker_port() const {
    u8 value = speaker_ & (Speaker::gate.mask | Speaker::data.mask);
    value = Speaker::output.set(value, channels_[2].output(now()) ? 1 : 0);
    return Speaker::refresh.set(value, static_cast<u8>(now() / refresh_ticks % 2));
}

void Pit::port_write(u16 port, u8 value) {
    if (port == speaker_port) {
        speaker_ = value;
        channels_[2].set_gate(Speaker::gate.test(value), now());
    } else if (port == command_port) {
        write_command(value);
    } else {
        channels_[port - first_counter_port].write_byte(value, now());
    }
    schedule();
}

void Pit::write_command(u8 value) {
    const u8 which = Command::channel.get(value);
    if (which == Command::read_back) {
        for (unsigned i = 0; i < channels_.size(); ++i) {
            if ((ReadBack::channels.get(value) & bit<u8>(i)) == 0) {
                continue;
            }
            if (!ReadBack::no_count.test(value)) {
                channels_[i].latch_count(now());
            }
            if (!ReadBack::no_status.test(value)) {
                channels_[i].latch_status(now());
            }
        }
        return;
    }
    PitChannel& channel = channels_[which];
    const u8 access = Command::access.get(value);
    if (access == 0) {
        channel.latch_count(now());
        return;
    }
    channel.set_mode(Command::mode.get(value), now());
    channel.set_access(access);
}

/// Drives line 0 to channel 0's output, and plans its next rise.
void Pit::schedule() {
    line_.set(channels_[0].output(now()));
    const u64 rise = channels_[0].next_rise(now());
    if (rise == PitChannel::never) {
        events_.cancel(*this, 0);
    } else {
        events_.schedule(*this, 0, frequency_.cycle_of(rise));
    }
}

void Pit::event_due(unsigned /*kind*/, u64 /*cycle*/) {
    // The low part of a pulse may be shorter than the time since the last look: make the edge.
    line_.set(false);
    schedule();
}

}  // namespace ringfence::sim::devices

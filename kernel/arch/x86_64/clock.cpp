// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/clock.h"

#include "kernel/arch/x86_64/instructions.h"
#include "kernel_arch/cpu.h"

namespace ringfence::kernel::arch {

namespace {

constexpr u64 hertz_per_megahertz = 1'000'000;
constexpr u64 nanoseconds_per_second = 1'000'000'000;
constexpr u32 leaf_tsc = 0x15;
constexpr u32 leaf_frequency = 0x16;

ClockPage the_clock;
u64 clock_rate = 0;  // of the TSC, in Hz

// ---- The interval timer's channel 2, gated by port 61H. [intel/8254]
constexpr u16 pit_channel_2 = 0x42;
constexpr u16 pit_command = 0x43;
constexpr u16 gate_port = 0x61;
constexpr u8 gate_bit = 0x01;
constexpr u8 speaker_bit = 0x02;
constexpr u8 output_bit = 0x20;
constexpr u8 channel_2_one_shot = 0xb0;  // low and high byte, mode 0: output rises at the end
constexpr u64 pit_rate = 1'193'182;

void start_one_shot(u16 count) {
    const u8 gate_off = read_port(gate_port) & static_cast<u8>(~(gate_bit | speaker_bit));
    write_port(gate_port, gate_off);
    write_port(pit_command, channel_2_one_shot);
    write_port(pit_channel_2, static_cast<u8>(count));
    write_port(pit_channel_2, static_cast<u8>(count >> 8));
    write_port(gate_port, gate_off | gate_bit);
}

void wait_for_one_shot() {
    while ((read_port(gate_port) & output_bit) == 0) {
    }
}

// ---- The real-time clock. [mc/146818]
constexpr u16 cmos_index = 0x70;
constexpr u16 cmos_data = 0x71;
enum class Cmos : u8 {
    Seconds = 0,
    Minutes = 2,
    Hours = 4,
    Day = 7,
    Month = 8,
    Year = 9,
    StatusA = 10,
    StatusB = 11,
};

u8 read_cmos(Cmos which) {
    write_port(cmos_index, static_cast<u8>(which));
    return read_port(cmos_data);
}

struct Date {
    unsigned second, minute, hour, day, month, year;
    bool operator==(const Date&) const = default;
};

Date read_date() {
    constexpr u8 binary = 0x04;
    const bool bcd = (read_cmos(Cmos::StatusB) & binary) == 0;
    const auto field = [bcd](Cmos which) -> unsigned {
        const u8 raw = read_cmos(which);
        return bcd ? (raw >> 4) * 10U + (raw & 0xf) : raw;
    };
    return {field(Cmos::Seconds), field(Cmos::Minutes), field(Cmos::Hours),
            field(Cmos::Day),     field(Cmos::Month),   2000 + field(Cmos::Year)};
}

/// A date that did not change while it was read.
Date read_stable_date() {
    constexpr u8 updating = 0x80;
    while ((read_cmos(Cmos::StatusA) & updating) != 0) {
    }
    Date date = read_date();
    for (Date again = read_date(); date != again; again = read_date()) {
        date = again;
    }
    return date;
}

/// Days from 1970-01-01, in the Gregorian calendar with years that start in March.
u64 days_since_epoch(const Date& date) {
    const u64 year = date.month <= 2 ? date.year - 1 : date.year;
    const u64 month = (date.month + 9) % 12;
    const u64 day_of_year = (153 * month + 2) / 5 + date.day - 1;
    constexpr u64 days_before_epoch = 719'468;
    return year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - days_before_epoch;
}

u64 seconds_since_epoch(const Date& date) {
    return days_since_epoch(date) * 86'400 + date.hour * 3'600 + date.minute * 60 + date.second;
}

}  // namespace

ClockRates clock_rates_from_cpuid() {
    const ThisCpu cpu;
    if (!x86::has_leaf(cpu, leaf_tsc)) {
        return {};
    }
    const auto ratio = cpu.cpuid(leaf_tsc, 0);
    if (ratio.eax == 0 || ratio.ebx == 0) {
        return {};
    }
    u64 crystal = ratio.ecx;
    if (crystal == 0 && x86::has_leaf(cpu, leaf_frequency)) {
        // Not enumerated: the processor's base frequency is that of its TSC.
        const u64 base = cpu.cpuid(leaf_frequency, 0).eax & low_mask<u32>(16);
        crystal = base * hertz_per_megahertz * ratio.eax / ratio.ebx;
    }
    return {crystal * ratio.ebx / ratio.eax, crystal};
}

Measurement measure_counters(u64 (*read_other)()) {
    start_one_shot(static_cast<u16>(pit_rate / measurements_per_second));
    const u64 other_before = read_other();
    const u64 before = read_tsc();
    wait_for_one_shot();
    const u64 after = read_tsc();
    return {after - before, read_other() - other_before};
}

void start_clock(u64 rate) {
    the_clock = {.start_tsc = read_tsc(),
                 .nanoseconds_per_cycle = (nanoseconds_per_second << 32) / rate,
                 .boot_realtime = seconds_since_epoch(read_stable_date()) * nanoseconds_per_second};
    clock_rate = rate;
}

u64 tsc_rate() {
    return clock_rate;
}

u64 monotonic_ns() {
    return the_clock.monotonic(read_tsc());
}

u64 boot_time_ns() {
    return the_clock.boot_realtime;
}

const ClockPage& clock_page() {
    return the_clock;
}

}  // namespace ringfence::kernel::arch

// SPDX-License-Identifier: MIT
// A local APIC whose outputs are noted.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "sim/devices/local_apic.h"

namespace ringfence::sim::devices {

class ApicFixture : public ::testing::Test, public ApicOutputs {
protected:
    static constexpr u64 cycles_per_tick = 100;
    static constexpr u64 timer_hz = 25'000'000;
    static constexpr u64 core_hz = timer_hz * cycles_per_tick;
    static constexpr u32 apic_base = 0x1b;
    static constexpr u32 tsc_deadline = 0x6e0;
    static constexpr u64 page = 0xfee0'0000;

    void interrupts_changed() override { ++changes_; }
    void raise_nmi() override { ++nmis_; }
    void reset_processor() override { ++resets_; }
    void place_registers(std::optional<PhysicalAddress> address) override { place_ = address; }
    void broadcast_end_of_interrupt(u8 vector) override { ended_.push_back(vector); }

    void write(u64 offset, u32 value) { apic_.mmio_write(offset, 4, value); }
    u32 read(u64 offset) { return static_cast<u32>(apic_.mmio_read(offset, 4)); }
    void send_self(u32 vector) { write(0x300, 0x40000 | vector); }
    void advance_to(u64 cycle) {
        while (clock_.next_event <= cycle) {
            clock_.now = clock_.next_event;
            events_.run_due();
        }
        clock_.now = cycle;
    }
    /// Takes everything that waits, and ends it.
    std::vector<u8> take_all() {
        std::vector<u8> taken;
        while (apic_.has_interrupt()) {
            taken.push_back(apic_.acknowledge());
            apic_.mmio_write(0xb0, 4, 0);
        }
        return taken;
    }

    memory::Clock clock_;
    EventQueue events_{clock_};
    LocalApic apic_{events_, *this,
                    ApicFeatures{.x2apic = true,
                                 .tsc_deadline = true,
                                 .suppresses_eoi_broadcast = true,
                                 .physical_address_bits = 46,
                                 .timer_hz = timer_hz},
                    core_hz};
    unsigned changes_ = 0;
    unsigned nmis_ = 0;
    unsigned resets_ = 0;
    std::optional<PhysicalAddress> place_{PhysicalAddress{page}};
    std::vector<u8> ended_;
};

}  // namespace ringfence::sim::devices

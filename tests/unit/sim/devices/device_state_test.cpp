// SPDX-License-Identifier: MIT
// Devices with long random lives: one platform goes on, another is made from what the first one
// saved, and both must answer alike from then on.
#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "sim/devices/platform.h"
#include "sim/state/reader.h"
#include "sim/state/writer.h"

namespace ringfence::sim::devices {
namespace {

constexpr u64 core_hz = 1'000'000'000;
constexpr u64 apic = 0xfee0'0000;

struct Sink final : memory::ByteSink {
    void put(u8 byte) override { text.push_back(static_cast<char>(byte)); }
    std::string text;
};

struct World {
    World() {
        for (unsigned i = 0; i < options.serial.size(); ++i) {
            options.serial[i].sink = &sinks[i];
        }
        platform = std::make_unique<Platform>(options, memory, recorder);
    }
    void advance_to(u64 cycle) {
        while (platform->clock().next_event <= cycle) {
            platform->clock().now = platform->clock().next_event;
            platform->run_events();
        }
        platform->clock().now = cycle;
        platform->run_events();
    }

    memory::PhysicalMemory memory = memory::PhysicalMemory::create(1 * mib).value();
    observe::Recorder recorder;
    std::array<Sink, memory::serial_port_count> sinks;
    PlatformOptions options{
        .core_hz = core_hz,
        .local_apic = ApicFeatures{.x2apic = true, .tsc_deadline = true, .timer_hz = 25'000'000},
        .start_seconds = 1'577'836'800,
        .test_device = true};
    std::unique_ptr<Platform> platform;
};

/// What the world sees of the devices.
struct Seen {
    u32 value = 0;
    bool interrupt = false;
    bool nmi = false;
    bool end = false;
    u64 next_event = 0;
    bool operator==(const Seen&) const = default;
};

Seen seen_of(World& world, u32 value) {
    const memory::InterruptPins& pins = world.platform->pins();
    return {value, pins.interrupt, pins.non_maskable_interrupt, pins.end,
            world.platform->clock().next_event};
}

class DeviceState : public ::testing::TestWithParam<unsigned> {
protected:
    u32 below(u32 end) { return std::uniform_int_distribution<u32>{0, end - 1}(random_); }
    u16 random_port() {
        constexpr u16 ports[] = {0x20,  0x21,  0xa0,  0xa1,  0x4d0, 0x4d1,  0x40,   0x42,
                                 0x43,  0x61,  0x70,  0x71,  0x80,  0x92,   0x3f8,  0x3f9,
                                 0x3fa, 0x3fb, 0x3fc, 0x3fd, 0x3fe, 0x3ff,  0x510,  0x511,
                                 0x2f9, 0x2fc, 0x2f8, 0xe0,  0xe1,  0x2004, 0x2005, 0x2014};
        return ports[below(std::size(ports))];
    }
    PhysicalAddress random_register() {
        constexpr u32 windows[] = {0xfec0'0000, 0xfec0'0010, 0xfec0'0040, 0xff00'0010};
        if (below(3) == 0) {
            return PhysicalAddress{windows[below(std::size(windows))]};
        }
        constexpr u32 registers[] = {0x20,  0x80,  0xb0,  0xd0,  0xe0,  0xf0,  0x280, 0x300, 0x310,
                                     0x320, 0x350, 0x360, 0x370, 0x380, 0x390, 0x3e0, 0x210, 0x120};
        return PhysicalAddress{apic + registers[below(std::size(registers))]};
    }
    template <typename Action>
    void both(Action action) {
        const u32 first = action(*original_);
        const u32 second = action(*copy_);
        ASSERT_EQ(seen_of(*original_, first), seen_of(*copy_, second));
    }
    void step();
    void write_msr();
    void save_and_load();

    std::mt19937 random_{GetParam()};
    std::unique_ptr<World> original_ = std::make_unique<World>();
    std::unique_ptr<World> copy_ = std::make_unique<World>();
    u64 now_ = 0;
};

void DeviceState::step() {
    const u16 port = random_port();
    const PhysicalAddress where = random_register();
    const u32 bytes = below(8) == 0 ? 2 : 1;
    const u32 value = below(2) == 0 ? static_cast<u32>(random_()) : below(256);
    switch (below(9)) {
        case 0:
        case 1:
            both([&](World& world) { return world.platform->read(port, bytes); });
            return;
        case 2:
        case 3:
            both([&](World& world) {
                world.platform->write(port, bytes, value);
                return 0U;
            });
            return;
        case 4:
            both([&](World& world) { return world.memory.read<u32>(where); });
            return;
        case 5:
            both([&](World& world) {
                world.memory.write(where, value);
                return 0U;
            });
            return;
        case 6:
            write_msr();
            return;
        case 7:
            both([&](World& world) {
                return world.platform->pins().interrupt
                           ? u32{world.platform->acknowledge_interrupt()}
                           : 0U;
            });
            return;
        default:
            now_ += u64{1} << below(24);
            both([&](World& world) {
                world.advance_to(now_);
                return 0U;
            });
            return;
    }
}

/// Mostly what keeps the APIC where it is.
void DeviceState::write_msr() {
    constexpr u32 base_msr = 0x1b;
    constexpr u32 deadline_msr = 0x6e0;
    constexpr u32 first_x2apic_msr = 0x800;
    constexpr u64 bases[] = {0xfee0'0900, 0xfee0'0d00, 0xfee0'0100, 0xfee1'0900};
    const u32 choice = below(16);
    const u32 msr = choice == 0  ? base_msr
                    : choice < 8 ? deadline_msr
                                 : first_x2apic_msr + below(0x40);
    const u64 value = choice == 0  ? bases[below(8) == 0 ? below(std::size(bases)) : 0]
                      : choice < 8 ? now_ + below(1U << 20)
                                   : below(256);
    both([&](World& world) { return world.platform->write_register(msr, value) ? 1U : 0U; });
}

void DeviceState::save_and_load() {
    state::BufferWriter writer;
    original_->platform->visit_state(writer);
    ASSERT_EQ(writer.problem(), "");
    const std::vector<u8> saved = writer.take();
    ASSERT_EQ(saved, state::fields_of(*copy_->platform));
    auto next = std::make_unique<World>();
    state::Reader reader{saved};
    next->platform->visit_state(reader);
    reader.finish();
    ASSERT_EQ(reader.error(), "");
    ASSERT_EQ(saved, state::fields_of(*next->platform));
    copy_ = std::move(next);
}

TEST_P(DeviceState, ComesBackWhole) {
    for (int round = 0; round < 20'000 && !HasFatalFailure(); ++round) {
        step();
        if (below(100) == 0) {
            save_and_load();
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, DeviceState, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace ringfence::sim::devices

// SPDX-License-Identifier: MIT
// Any accesses to a PC's devices, with time passing between: no event is due for ever, whatever
// state they come to can be saved, and a second set of devices made from it answers alike.
#include <array>
#include <deque>
#include <memory>
#include <vector>

#include "abi/ports.h"
#include "arch/x86/apic.h"
#include "arch/x86/io_apic.h"
#include "arch/x86/msr.h"
#include "sim/devices/platform.h"
#include "sim/state/reader.h"
#include "sim/state/writer.h"
#include "tests/fuzz/input.h"

namespace ringfence::fuzz {
namespace {

using sim::devices::Platform;

constexpr u64 core_hz = 1'000'000'000;
constexpr u64 most_time = 1 << 26;  ///< cycles that pass at once
constexpr unsigned most_events = 10'000;
constexpr unsigned most_steps = 200;

struct Source final : sim::memory::ByteSource {
    [[nodiscard]] bool available() override { return !bytes.empty(); }
    u8 take() override {
        const u8 byte = bytes.front();
        bytes.pop_front();
        return byte;
    }
    std::deque<u8> bytes;
};

struct World {
    World() : platform(options(), memory, recorder) {}

    sim::devices::PlatformOptions options() {
        sim::devices::PlatformOptions made{
            .core_hz = core_hz,
            .ram_bytes = sim::memory::PhysicalMemory::smallest_ram,
            .local_apic = sim::devices::ApicFeatures{.x2apic = true,
                                                     .tsc_deadline = true,
                                                     .suppresses_eoi_broadcast = true,
                                                     .timer_hz = 25'000'000},
            .test_device = true};
        for (auto& port : made.serial) {
            port.source = &source;
        }
        made.channel.source = &source;
        return made;
    }

    sim::memory::PhysicalMemory memory = [] {
        auto created =
            sim::memory::PhysicalMemory::create(sim::memory::PhysicalMemory::smallest_ram);
        RF_ASSERT(created.ok());
        return std::move(created).value();
    }();
    sim::observe::Recorder recorder;
    Source source;
    Platform platform;
};

/// Events that are due again within some cycles, for ever, take a run that is bounded by cycles
/// long; none may be due in the past.
void pass_time(World& world, u64 cycles) {
    auto& clock = world.platform.clock();
    const u64 until = clock.now + cycles;
    for (unsigned events = 0; clock.next_event <= until && events < most_events; ++events) {
        clock.now = clock.next_event > clock.now ? clock.next_event : clock.now;
        world.platform.run_events();
        require(clock.next_event > clock.now, "an event that is due again at once");
    }
    clock.now = clock.next_event <= until ? clock.now : until;
}

u16 take_port(Input& input) {
    constexpr u16 first_ports[] = {0x20,
                                   0xa0,
                                   0x40,
                                   0x60,
                                   0x70,
                                   0x80,
                                   0x92,
                                   0xcf8,
                                   0x4d0,
                                   abi::debug_exit_port,
                                   abi::mark_port,
                                   abi::channel_port,
                                   abi::kernel_log_port,
                                   abi::program_output_port,
                                   abi::program_error_port,
                                   abi::control_port,
                                   abi::power_control_port,
                                   abi::firmware_config_port,
                                   0xe0,
                                   0x2000};
    const u8 how = input.take<u8>();
    constexpr u8 any = 0xf8;
    if (how >= any) {
        return input.take<u16>();
    }
    return static_cast<u16>(first_ports[how % std::size(first_ports)] + input.take<u8>() % 32);
}

PhysicalAddress take_register(Input& input) {
    constexpr u64 pages[] = {0xfee0'0000, arch::x86::io_apic_address.value(),
                             sim::devices::TestDevice::memory_address.value()};
    return PhysicalAddress{input.choose_from(pages) + input.take<u16>() % 0xff8};
}

u32 take_msr(Input& input) {
    constexpr u32 x2apic_registers = 0x40;
    const u8 how = input.take<u8>();
    if (how % 16 == 0) {
        return static_cast<u32>(arch::x86::Msr::IA32_APIC_BASE);
    }
    return how % 16 == 1 ? static_cast<u32>(arch::x86::Msr::IA32_TSC_DEADLINE)
                         : arch::x86::first_x2apic_msr + input.take<u8>() % x2apic_registers;
}

/// What an access may show of the devices.
u64 act(World& world, Input& input) {
    constexpr unsigned widths[] = {1, 2, 4};
    Platform& platform = world.platform;
    switch (input.choose(12)) {
        case 0:
        case 1: {
            const u16 port = take_port(input);
            return platform.read(port, input.choose_from(widths));
        }
        case 2:
        case 3:
        case 4: {
            const u16 port = take_port(input);
            const unsigned width = input.choose_from(widths);
            platform.write(port, width, input.take<u32>() & static_cast<u32>(low_mask(width * 8)));
            return 0;
        }
        case 5:
            return world.memory.read<u32>(take_register(input));
        case 6: {
            const PhysicalAddress where = take_register(input);
            world.memory.write(where, input.take<u32>());
            return 0;
        }
        case 7:
            return platform.read_register(take_msr(input)).value_or(~u64{0});
        case 8: {
            const u32 msr = take_msr(input);
            const u64 base = msr == static_cast<u32>(arch::x86::Msr::IA32_APIC_BASE)
                                 ? 0xfee0'0900 ^ (input.take<u8>() % 4 << 9)
                                 : input.take<u64>();
            return platform.write_register(msr, base) ? 1 : 0;
        }
        case 9:
            return platform.pins().interrupt ? platform.acknowledge_interrupt() : ~u64{0};
        case 10:
            world.source.bytes.push_back(input.take<u8>());
            platform.poll_serial();
            return 0;
        default:
            pass_time(world, u64{input.take<u8>()} << input.choose(24) & (most_time - 1));
            platform.set_task_priority_class(input.take<u8>() % 16);
            return 0;
    }
}

struct Seen {
    u64 value;
    u64 next_event;
    bool interrupt;
    bool nmi;
    bool end;
    bool operator==(const Seen&) const = default;
};

Seen step(World& world, Input& input) {
    const u64 value = act(world, input);
    const auto& pins = world.platform.pins();
    return {value, world.platform.clock().next_event, pins.interrupt, pins.non_maskable_interrupt,
            pins.end};
}

void put_back(World& world, std::span<const u8> fields) {
    sim::state::Reader reader{fields};
    world.platform.visit_state(reader);
    reader.finish();
    require(reader.ok(), reader.error());
}

std::vector<u8> fields_of(Platform& platform) {
    sim::state::BufferWriter writer;
    platform.visit_state(writer);
    require(writer.problem().empty(), writer.problem());
    return writer.take();
}

void live(std::span<const u8> bytes) {
    static World original;
    static World copy;
    static const std::vector<u8> reset = fields_of(original.platform);
    put_back(original, reset);
    original.source.bytes.clear();
    Input input{bytes};
    const unsigned saved_after = input.take<u8>();
    for (unsigned done = 0; done < most_steps && !input.empty(); ++done) {
        if (done != saved_after) {
            step(original, input);
            continue;
        }
        put_back(copy, fields_of(original.platform));
        copy.source.bytes = original.source.bytes;
        for (; done < most_steps && !input.empty(); ++done) {
            Input again = input;
            require(step(original, input) == step(copy, again), "a copy that answers otherwise");
        }
        require(fields_of(original.platform) == fields_of(copy.platform), "a copy that differs");
    }
    fields_of(original.platform);
}

}  // namespace
}  // namespace ringfence::fuzz

extern "C" int LLVMFuzzerTestOneInput(const ringfence::u8* data, ringfence::usize size) {
    ringfence::fuzz::live({data, size});
    return 0;
}

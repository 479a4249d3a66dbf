// SPDX-License-Identifier: MIT
// The PC around the processor: all devices, wired together.
//
//   UARTs, PIT --> 16 lines --> two 8259s --> LINT0 of the local APIC --> INTR
//   APIC timer, IPIs -------------------------^                      \-> NMI
#pragma once

#include <array>

#include "sim/devices/event_queue.h"
#include "sim/devices/local_apic.h"
#include "sim/devices/pic.h"
#include "sim/devices/pit.h"
#include "sim/devices/real_time_clock.h"
#include "sim/devices/system_control.h"
#include "sim/devices/uart.h"

namespace ringfence::sim::devices {

struct PlatformOptions {
    u64 core_hz = 0;
    u64 apic_timer_hz = 0;
    u64 start_seconds = 0;  ///< Unix time at cycle 0
    std::array<memory::SerialEndpoint, memory::serial_port_count> serial{};  ///< COM1 to COM4
};

class Platform final : public memory::PortBus,
                       public memory::InterruptAcknowledge,
                       private InterruptLineListener,
                       private InterruptOutputs {
public:
    /// `memory` outlives the platform.
    Platform(const PlatformOptions& options, memory::PhysicalMemory& memory);
    Platform(const Platform&) = delete;
    Platform& operator=(const Platform&) = delete;

    [[nodiscard]] memory::Clock& clock() { return clock_; }
    [[nodiscard]] memory::InterruptPins& pins() { return pins_; }
    [[nodiscard]] const SystemControl& system_control() const { return system_control_; }
    [[nodiscard]] LocalApic& local_apic() { return local_apic_; }

    /// Lets devices act on what is due at clock().now.
    void run_events();

    u32 read(u16 port, unsigned bytes) override;
    void write(u16 port, unsigned bytes, u32 value) override;
    u8 acknowledge_interrupt() override;

private:
    void line_changed(unsigned irq, bool high) override;
    void interrupts_changed() override;
    void raise_nmi() override { pins_.non_maskable_interrupt = true; }
    [[nodiscard]] Uart make_uart(unsigned index, const memory::SerialEndpoint& endpoint);

    memory::Clock clock_;
    memory::InterruptPins pins_;
    EventQueue events_{clock_};
    PortSpace ports_;
    InterruptLines lines_{*this};
    Pic pic_;
    LocalApic local_apic_;
    Pit pit_;
    RealTimeClock real_time_clock_;
    SystemControl system_control_{pins_};
    std::array<Uart, memory::serial_port_count> uarts_;
};

}  // namespace ringfence::sim::devices

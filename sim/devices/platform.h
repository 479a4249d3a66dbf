// SPDX-License-Identifier: MIT
// The PC around the processor: all devices, wired together.
//
//   UARTs, PIT, RTC --> lines --> two 8259s --> LINT0 of the local APIC --> INTR
//                         \----> I/O APIC ------^                     \-> NMI
//                 APIC timer, commands ----------^
//
// Without a local APIC there is no I/O APIC either, and the 8259s reach INTR directly.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "sim/devices/event_queue.h"
#include "sim/devices/firmware_config.h"
#include "sim/devices/host_channel.h"
#include "sim/devices/io_apic.h"
#include "sim/devices/local_apic.h"
#include "sim/devices/pic.h"
#include "sim/devices/pit.h"
#include "sim/devices/real_time_clock.h"
#include "sim/devices/system_control.h"
#include "sim/devices/test_device.h"
#include "sim/devices/uart.h"
#include "sim/state/forward.h"

namespace ringfence::sim::devices {

struct PlatformOptions {
    u64 core_hz = 0;
    u64 ram_bytes = 0;
    std::optional<ApicFeatures> local_apic{};  ///< nothing: the processor has none
    u64 start_seconds = 0;                     ///< Unix time at cycle 0
    bool test_device = false;                  ///< whether there is a TestDevice
    std::array<memory::SerialEndpoint, memory::serial_port_count> serial{};  ///< COM1 to COM4
    memory::SerialEndpoint channel{};                                        ///< abi::channel_port
};

class Platform final : public memory::PortBus,
                       public memory::InterruptController,
                       private InterruptLineListener,
                       private ApicOutputs,
                       private IoApicOutputs {
public:
    /// `memory` and `recorder` outlive the platform.
    Platform(const PlatformOptions& options, memory::PhysicalMemory& memory,
             observe::Recorder& recorder);
    Platform(const Platform&) = delete;
    Platform& operator=(const Platform&) = delete;

    [[nodiscard]] memory::Clock& clock() { return clock_; }
    [[nodiscard]] memory::InterruptPins& pins() { return pins_; }
    [[nodiscard]] const SystemControl& system_control() const { return system_control_; }

    /// Lets devices act on what is due at clock().now.
    void run_events();
    /// A non-maskable interrupt from the board, as by a button: LINT1, for an instant.
    void pulse_nmi();
    /// An edge-triggered interrupt for the local APIC, as another processor's would be. False: it
    /// takes none.
    bool send_interrupt(u8 vector);
    /// Looks whether the serial ports' sources have got something.
    void poll_serial();
    /// Which serial ports would interrupt the processor for a byte.
    [[nodiscard]] std::array<bool, memory::serial_port_count> listening() const;
    /// Whether a device's interrupt would get through to a processor that takes no maskable ones.
    [[nodiscard]] bool nmi_may_come() const;

    u32 read(u16 port, unsigned bytes) override;
    void write(u16 port, unsigned bytes, u32 value) override;
    u8 acknowledge_interrupt() override;
    [[nodiscard]] u8 task_priority_class() const override;
    void set_task_priority_class(u8 priority_class) override;
    [[nodiscard]] std::optional<u64> read_register(u32 msr) override;
    [[nodiscard]] bool write_register(u32 msr, u64 value) override;
    void time_stamp_moved() override;

    void visit_state(state::Visitor& visitor);

private:
    void line_changed(unsigned irq, bool high) override;
    void interrupts_changed() override;
    void drive_interrupt_pin();
    void raise_nmi() override { pins_.non_maskable_interrupt = true; }
    void reset_processor() override { system_control_.request_reset(); }
    void place_registers(std::optional<PhysicalAddress> address) override;
    void broadcast_end_of_interrupt(u8 vector) override;
    bool send_message(const InterruptMessage& message) override;
    [[nodiscard]] bool apic_has_interrupt() const;
    [[nodiscard]] bool pic_has_interrupt() const;
    [[nodiscard]] Uart make_uart(unsigned index, const memory::SerialEndpoint& endpoint);

    memory::PhysicalMemory& memory_;
    memory::Clock clock_;
    memory::InterruptPins pins_;
    EventQueue events_{clock_};
    PortSpace ports_;
    InterruptLines lines_{*this};
    Pic pic_;
    std::optional<LocalApic> local_apic_;
    std::optional<IoApic> io_apic_;
    u8 task_priority_class_ = 0;  ///< CR8 of a processor without an APIC
    Pit pit_;
    RealTimeClock real_time_clock_;
    SystemControl system_control_{pins_};
    std::array<Uart, memory::serial_port_count> uarts_;
    HostChannel host_channel_;
    FirmwareConfig firmware_config_;
    std::unique_ptr<TestDevice> test_device_;
};

}  // namespace ringfence::sim::devices

// SPDX-License-Identifier: MIT
#include "sim/devices/platform.h"

#include "abi/ports.h"
#include "arch/x86/msr.h"

namespace ringfence::sim::devices {

namespace {

struct SerialWiring {
    u16 base;
    unsigned irq;
};
/// COM1 to COM4 as on every PC: pairs share a line.
constexpr std::array<SerialWiring, memory::serial_port_count> serial_wiring{
    {{abi::kernel_log_port, 4},
     {abi::program_output_port, 3},
     {abi::program_error_port, 4},
     {abi::control_port, 3}}};

constexpr unsigned timer_irq = 0;
constexpr unsigned timer_holder = 0;

}  // namespace

Platform::Platform(const PlatformOptions& options, memory::PhysicalMemory& memory)
    : local_apic_(events_, *this, options.apic_timer_hz, options.core_hz),
      pit_(events_, InterruptLine{lines_, timer_irq, timer_holder}, options.core_hz),
      real_time_clock_(clock_, options.core_hz, options.start_seconds),
      uarts_{make_uart(0, options.serial[0]), make_uart(1, options.serial[1]),
             make_uart(2, options.serial[2]), make_uart(3, options.serial[3])} {
    pic_.attach(ports_);
    pit_.attach(ports_);
    real_time_clock_.attach(ports_);
    system_control_.attach(ports_);
    for (Uart& uart : uarts_) {
        uart.attach(ports_);
    }
    memory.add_mmio(arch::x86::ApicBase::reset_address(), LocalApic::register_bytes, local_apic_);
}

Uart Platform::make_uart(unsigned index, const memory::SerialEndpoint& endpoint) {
    const SerialWiring& wiring = serial_wiring[index];
    return {wiring.base, InterruptLine{lines_, wiring.irq, index + 1}, endpoint};
}

void Platform::run_events() {
    events_.run_due();
    interrupts_changed();
}

u32 Platform::read(u16 port, unsigned bytes) {
    const u32 value = ports_.read(port, bytes);
    interrupts_changed();
    return value;
}

void Platform::write(u16 port, unsigned bytes, u32 value) {
    ports_.write(port, bytes, value);
    interrupts_changed();
}

void Platform::line_changed(unsigned irq, bool high) {
    pic_.set_line(irq, high);
}

void Platform::interrupts_changed() {
    pins_.interrupt =
        local_apic_.has_interrupt() || (pic_.output() && local_apic_.passes_external());
}

u8 Platform::acknowledge_interrupt() {
    const u8 vector = local_apic_.has_interrupt() || !local_apic_.passes_external()
                          ? local_apic_.acknowledge()
                          : pic_.acknowledge();
    interrupts_changed();
    return vector;
}

}  // namespace ringfence::sim::devices

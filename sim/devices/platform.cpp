// SPDX-License-Identifier: MIT
#include "sim/devices/platform.h"

#include "abi/ports.h"
#include "arch/x86/msr.h"
#include "sim/state/visitor.h"

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

constexpr std::array<const char*, memory::serial_port_count> uart_names{"uart_1", "uart_2",
                                                                        "uart_3", "uart_4"};
constexpr unsigned pic_input = 0;  ///< of the I/O APIC
constexpr unsigned timer_holder = 0;
constexpr unsigned test_holder = 31;

}  // namespace

Platform::Platform(const PlatformOptions& options, memory::PhysicalMemory& memory,
                   observe::Recorder& recorder)
    : memory_(memory),
      pit_(events_, InterruptLine{lines_, timer_irq, timer_holder}, options.core_hz),
      real_time_clock_(clock_, options.core_hz, options.start_seconds),
      uarts_{make_uart(0, options.serial[0]), make_uart(1, options.serial[1]),
             make_uart(2, options.serial[2]), make_uart(3, options.serial[3])},
      host_channel_(options.channel, recorder),
      firmware_config_(options.ram_bytes) {
    pic_.attach(ports_);
    pit_.attach(ports_);
    real_time_clock_.attach(ports_);
    system_control_.attach(ports_);
    for (Uart& uart : uarts_) {
        uart.attach(ports_);
    }
    host_channel_.attach(ports_);
    firmware_config_.attach(ports_);
    if (options.local_apic) {
        local_apic_.emplace(events_, static_cast<ApicOutputs&>(*this), *options.local_apic,
                            options.core_hz);
        memory.add_mmio(arch::x86::ApicBase::reset_address(), LocalApic::register_bytes,
                        *local_apic_);
        io_apic_.emplace(static_cast<IoApicOutputs&>(*this));
        memory.add_mmio(arch::x86::io_apic_address, IoApic::register_bytes, *io_apic_);
        for (unsigned irq = 0; irq < irq_count; ++irq) {
            line_changed(irq, lines_.high(irq));
        }
    }
    if (options.test_device) {
        test_device_ = std::make_unique<TestDevice>(lines_, test_holder);
        test_device_->attach(ports_);
        memory.add_mmio(TestDevice::memory_address, TestDevice::memory_bytes, *test_device_);
    }
}

Uart Platform::make_uart(unsigned index, const memory::SerialEndpoint& endpoint) {
    const SerialWiring& wiring = serial_wiring[index];
    return {wiring.base, InterruptLine{lines_, wiring.irq, index + 1}, endpoint};
}

/// The clock comes first, then the queue, then those who use them.
void Platform::visit_state(state::Visitor& visitor) {
    visitor.group("clock", [&] {
        visitor.field("now", clock_.now);
        visitor.field("time_stamp_offset", clock_.time_stamp_offset);
    });
    visitor.group("pins", [&] {
        visitor.field("non_maskable_interrupt", pins_.non_maskable_interrupt);
        visitor.field("machine_check", pins_.machine_check);
        visitor.field("end", pins_.end);
    });
    visitor.part("events", events_);
    visitor.part("lines", lines_);
    visitor.part("pic", pic_);
    visitor.field("task_priority_class", task_priority_class_);
    if (local_apic_) {
        visitor.part("local_apic", *local_apic_);
        visitor.part("io_apic", *io_apic_);
    }
    visitor.part("pit", pit_);
    visitor.part("real_time_clock", real_time_clock_);
    visitor.part("system_control", system_control_);
    for (unsigned i = 0; i < uarts_.size(); ++i) {
        visitor.part(uart_names[i], uarts_[i]);
    }
    visitor.part("firmware_config", firmware_config_);
    if (test_device_) {
        visitor.part("test_device", *test_device_);
    }
    // Not state: memory_, ports_, host_channel_ (wiring)
    if (visitor.loading() && visitor.ok()) {
        drive_interrupt_pin();
    }
}

void Platform::run_events() {
    events_.run_due();
    interrupts_changed();
}

void Platform::pulse_nmi() {
    if (!local_apic_) {
        raise_nmi();
        return;
    }
    local_apic_->set_pin(LocalApic::Pin::Lint1, true);
    local_apic_->set_pin(LocalApic::Pin::Lint1, false);
    interrupts_changed();
}

bool Platform::send_interrupt(u8 vector) {
    if (!local_apic_ || !local_apic_->accept({.destination = InterruptMessage::broadcast,
                                              .logical = false,
                                              .mode = arch::x86::ApicDeliveryMode::Fixed,
                                              .vector = vector,
                                              .level = false})) {
        return false;
    }
    interrupts_changed();
    return true;
}

void Platform::poll_serial() {
    for (Uart& uart : uarts_) {
        uart.poll();
    }
    interrupts_changed();
}

std::array<bool, memory::serial_port_count> Platform::listening() const {
    std::array<bool, memory::serial_port_count> listening{};
    for (usize i = 0; i < uarts_.size(); ++i) {
        listening[i] = uarts_[i].listening();
    }
    return listening;
}

u32 Platform::read(u16 port, unsigned bytes) {
    clock_.consulted = true;
    events_.run_due();
    const u32 value = ports_.read(port, bytes);
    interrupts_changed();
    return value;
}

void Platform::write(u16 port, unsigned bytes, u32 value) {
    clock_.consulted = true;
    events_.run_due();
    ports_.write(port, bytes, value);
    interrupts_changed();
}

void Platform::line_changed(unsigned irq, bool high) {
    if (irq == cascade_irq) {
        return;
    }
    if (irq < isa_irq_count) {
        pic_.set_line(irq, high);
    }
    if (io_apic_) {
        io_apic_->set_pin(io_apic_input(irq), high);
    }
}

// The processor's interrupt controller ------------------------------------------------------------

bool Platform::apic_has_interrupt() const {
    return local_apic_ && local_apic_->has_interrupt();
}

bool Platform::pic_has_interrupt() const {
    return pic_.output() &&
           (!local_apic_ || local_apic_->passes_external() || io_apic_->passes_external());
}

void Platform::interrupts_changed() {
    if (local_apic_) {
        local_apic_->set_pin(LocalApic::Pin::Lint0, pic_.output());
        io_apic_->set_pin(pic_input, pic_.output());
        io_apic_->send_refused();
    }
    drive_interrupt_pin();
}

void Platform::drive_interrupt_pin() {
    pins_.interrupt = apic_has_interrupt() || pic_has_interrupt();
}

u8 Platform::acknowledge_interrupt() {
    const u8 vector = apic_has_interrupt() || !pic_has_interrupt() ? local_apic_->acknowledge()
                                                                   : pic_.acknowledge();
    interrupts_changed();
    return vector;
}

u8 Platform::task_priority_class() const {
    return local_apic_ ? local_apic_->task_priority_class() : task_priority_class_;
}

void Platform::set_task_priority_class(u8 priority_class) {
    clock_.consulted = true;
    task_priority_class_ = priority_class;
    if (local_apic_) {
        local_apic_->set_task_priority_class(priority_class);
        interrupts_changed();
    }
}

std::optional<u64> Platform::read_register(u32 msr) {
    clock_.consulted = true;
    return local_apic_ ? local_apic_->read_msr(msr) : std::nullopt;
}

bool Platform::write_register(u32 msr, u64 value) {
    clock_.consulted = true;
    if (!local_apic_ || !local_apic_->write_msr(msr, value)) {
        return false;
    }
    interrupts_changed();
    return true;
}

void Platform::time_stamp_moved() {
    if (local_apic_) {
        local_apic_->time_stamp_moved();
        interrupts_changed();
    }
}

void Platform::place_registers(std::optional<PhysicalAddress> address) {
    memory_.move_mmio(*local_apic_, address);
}

void Platform::broadcast_end_of_interrupt(u8 vector) {
    io_apic_->end_of_interrupt(vector);
}

bool Platform::nmi_may_come() const {
    return local_apic_ && (local_apic_->has_nmi_input() || io_apic_->has_nmi_input());
}

bool Platform::send_message(const InterruptMessage& message) {
    return local_apic_->accept(message);
}

}  // namespace ringfence::sim::devices

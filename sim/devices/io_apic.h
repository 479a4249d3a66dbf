// SPDX-License-Identifier: MIT
// The I/O APIC: 24 inputs, each with an entry that says what its interrupt is and whose.
// [intel/ioapic]
#pragma once

#include <array>

#include "arch/x86/io_apic.h"
#include "sim/devices/interrupt_message.h"
#include "sim/memory/physical_memory.h"
#include "sim/state/forward.h"

namespace ringfence::sim::devices {

/// What an I/O APIC does to the world outside it.
class IoApicOutputs {
public:
    virtual ~IoApicOutputs() = default;
    /// True if a local APIC took the message.
    virtual bool send_message(const InterruptMessage& message) = 0;
    /// Registers were written, which may have raised or dropped the processor's interrupt pin.
    virtual void interrupts_changed() = 0;
};

class IoApic final : public memory::MmioDevice {
public:
    static constexpr u64 register_bytes = memory::page_size;
    static constexpr unsigned pin_count = 24;
    /// With an end-of-interrupt register, as in chipsets since the ICH.
    static constexpr u8 version = 0x20;

    explicit IoApic(IoApicOutputs& outputs);

    u64 mmio_read(u64 offset, unsigned bytes) override;
    void mmio_write(u64 offset, unsigned bytes, u64 value) override;

    // Look at what the local APIC has after each of these.

    void set_pin(unsigned pin, bool high);
    /// A level-triggered interrupt of this vector has been handled.
    void end_of_interrupt(u8 vector);
    /// Sends again what no local APIC took. Cheap when there is nothing.
    void send_refused();

    void visit_state(state::Visitor& visitor);

    /// Whether input 0, where the 8259s are, lets their interrupt through to the processor.
    [[nodiscard]] bool passes_external() const;
    /// Whether an input is unmasked that raises something else than a maskable interrupt.
    [[nodiscard]] bool has_nmi_input() const;

private:
    [[nodiscard]] u32 read_register(unsigned index) const;
    void write_register(unsigned index, u32 value);
    void write_redirection(unsigned pin, u64 value);
    [[nodiscard]] bool asserted(unsigned pin) const;
    void look_at_level(unsigned pin);
    bool send(unsigned pin);

    IoApicOutputs& outputs_;
    u8 select_ = 0;
    u32 id_ = 0;
    u32 pins_ = 0;     ///< as driven, a bit each
    u32 refused_ = 0;  ///< level-triggered inputs whose message nobody took
    std::array<u64, pin_count> redirections_;
};

}  // namespace ringfence::sim::devices

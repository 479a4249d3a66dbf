// SPDX-License-Identifier: MIT
// The local APIC of one processor: its registers in memory (xAPIC) or as MSRs (x2APIC), and what
// they do. [intel/vol3]: 11
//
// The 8259s come in through LINT0 and non-maskable interrupts through LINT1; both go around an APIC
// that is disabled globally. Messages arrive at once, so nothing is ever seen on its way.
#pragma once

#include <array>
#include <optional>

#include "arch/x86/apic.h"
#include "arch/x86/cpu_identity.h"
#include "arch/x86/msr.h"
#include "base/address.h"
#include "sim/devices/apic_timer.h"
#include "sim/devices/interrupt_message.h"
#include "sim/devices/vector_set.h"
#include "sim/memory/physical_memory.h"
#include "sim/state/forward.h"

namespace ringfence::sim::devices {

/// What an APIC does to the world outside it.
class ApicOutputs {
public:
    virtual ~ApicOutputs() = default;
    /// Something changed that may raise or drop the processor's interrupt pin.
    virtual void interrupts_changed() = 0;
    virtual void raise_nmi() = 0;
    /// INIT arrived, for the only processor there is.
    virtual void reset_processor() = 0;
    /// The register page is now at `address`, or nowhere.
    virtual void place_registers(std::optional<PhysicalAddress> address) = 0;
    /// A level-triggered interrupt of this vector has been handled. [intel/vol3]: 11.8.5
    virtual void broadcast_end_of_interrupt(u8 vector) = 0;
};

/// How the APICs of different processors differ; CPUID and the version register tell.
struct ApicFeatures {
    u8 version = 0x15;  ///< apic_version
    bool x2apic = false;
    bool tsc_deadline = false;
    bool suppresses_eoi_broadcast = false;
    unsigned physical_address_bits = 46;
    u64 timer_hz = 0;  ///< the input of the timer's divider
};

/// AMD's version register says 10H. [amd/vol2]: 16.3.4
constexpr u8 apic_version(arch::x86::Vendor vendor) {
    return vendor == arch::x86::Vendor::Amd ? 0x10 : 0x15;
}

class LocalApic final : public memory::MmioDevice, private ApicTimerListener {
public:
    static constexpr u64 register_bytes = memory::page_size;
    enum class Pin : u8 { Lint0, Lint1 };

    /// As a PC's firmware leaves it: enabled, the 8259s through LINT0, NMIs through LINT1
    /// ("virtual wire mode"). The register page is at its reset address; no output is called.
    LocalApic(EventQueue& events, ApicOutputs& outputs, const ApicFeatures& features, u64 core_hz);

    // For the processor
    // -----------------------------------------------------------------------------

    /// Whether a vector waits that outranks what is in service and the task priority.
    [[nodiscard]] bool has_interrupt() const { return deliverable() >= 0; }
    /// Moves that vector into service and gives it; the spurious vector if it has gone.
    u8 acknowledge();
    [[nodiscard]] u8 task_priority_class() const;
    void set_task_priority_class(u8 priority_class);
    /// IA32_APIC_BASE, IA32_TSC_DEADLINE and x2APIC's registers; nothing, or false: #GP(0).
    [[nodiscard]] std::optional<u64> read_msr(u32 msr);
    [[nodiscard]] bool write_msr(u32 msr, u64 value);
    void time_stamp_moved() { timer_.time_stamp_moved(); }

    // For the platform
    // ------------------------------------------------------------------------------

    u64 mmio_read(u64 offset, unsigned bytes) override;
    void mmio_write(u64 offset, unsigned bytes, u64 value) override;
    /// True if the message is for this APIC and it took it.
    bool accept(const InterruptMessage& message);
    /// Drives a local input. Look at has_interrupt afterwards.
    void set_pin(Pin pin, bool high);
    /// Whether the interrupt that the 8259s hold at LINT0 gets through to the processor.
    [[nodiscard]] bool passes_external() const;
    /// Whether the 8259s' interrupt would be something else than a maskable one. (Nothing but
    /// Platform::pulse_nmi drives LINT1.)
    [[nodiscard]] bool has_nmi_input() const;

    /// The clock and the event queue have been visited before.
    void visit_state(state::Visitor& visitor);

private:
    enum Lvt : unsigned { Timer, Thermal, Performance, Lint0, Lint1, ErrorLvt, LvtCount };
    using Register = arch::x86::ApicRegister;
    using DeliveryMode = arch::x86::ApicDeliveryMode;

    void reset();

    // Modes: local_apic_modes.cpp
    [[nodiscard]] bool globally_enabled() const;
    [[nodiscard]] bool x2apic_mode() const;
    [[nodiscard]] u64 base_bits() const;
    void place_registers();
    bool write_base(u64 value);
    [[nodiscard]] std::optional<u64> read_x2apic(Register which);
    bool write_x2apic(Register which, u64 value);
    [[nodiscard]] std::optional<u32> x2apic_writable_bits(Register which) const;

    // Registers: local_apic_registers.cpp
    [[nodiscard]] std::optional<u32> read_register(Register which) const;
    bool write_register(Register which, u32 value);
    [[nodiscard]] static std::optional<unsigned> lvt_index(Register which);
    [[nodiscard]] std::optional<u32> read_vectors(Register which) const;
    [[nodiscard]] u32 version() const;
    [[nodiscard]] u32 logical_destination() const;
    [[nodiscard]] u32 lvt_bits(unsigned index) const;
    [[nodiscard]] u32 spurious_bits() const;
    void write_lvt(unsigned index, u32 value);
    void write_spurious(u32 value);
    void write_error_status();

    // Interrupts: local_apic.cpp
    [[nodiscard]] bool software_enabled() const {
        return arch::x86::ApicSpuriousVector::enabled.test(spurious_);
    }
    [[nodiscard]] u8 processor_priority() const;
    [[nodiscard]] int deliverable() const;
    [[nodiscard]] bool is_addressed(const InterruptMessage& message) const;
    bool has_logical_name(u32 destination) const;
    bool deliver(DeliveryMode mode, u8 vector, bool level);
    bool request(u8 vector, bool level);
    void send_command(u32 low);
    void end_interrupt();
    void report_error(u32 flag);
    void deliver_local(unsigned index);
    void look_at_level_pins();
    [[nodiscard]] bool pin_asserted(unsigned index) const;
    void timer_expired() override;

    EventQueue& events_;
    ApicOutputs& outputs_;
    const ApicFeatures features_;
    ApicTimer timer_;

    u64 base_;    ///< IA32_APIC_BASE
    u32 id_ = 0;  ///< as the xAPIC register shows it; x2APIC's is always 0
    u32 task_priority_ = 0;
    u32 logical_destination_ = 0;  ///< xAPIC's
    u32 destination_format_ = ~u32{0};
    u32 spurious_ = 0;
    u32 command_low_ = 0;
    u32 command_high_ = 0;
    u32 error_status_ = 0;
    u32 pending_errors_ = 0;   ///< since the last write to the error status
    bool error_armed_ = true;  ///< that write also lets the next error interrupt
    std::array<u32, LvtCount> lvt_{};
    std::array<bool, 2> pins_{};  ///< LINT0 and LINT1, as driven
    VectorSet in_service_;
    VectorSet trigger_mode_;  ///< level-triggered ones
    VectorSet request_;
};

}  // namespace ringfence::sim::devices

// SPDX-License-Identifier: MIT
// The local APIC of one processor, in xAPIC mode. [intel/vol3]: 11
#pragma once

#include <array>

#include "arch/x86/apic.h"
#include "sim/devices/event_queue.h"
#include "sim/devices/frequency.h"
#include "sim/memory/physical_memory.h"

namespace ringfence::sim::devices {

/// Who drives the processor's pins, and must look again when something changed.
class InterruptOutputs {
public:
    virtual ~InterruptOutputs() = default;
    virtual void interrupts_changed() = 0;
    virtual void raise_nmi() = 0;
};

class LocalApic final : public memory::MmioDevice, private EventTarget {
public:
    static constexpr u64 register_bytes = memory::page_size;

    /// `timer_hz` is the input of the timer's divider.
    LocalApic(EventQueue& events, InterruptOutputs& outputs, u64 timer_hz, u64 core_hz);

    u64 mmio_read(u64 offset, unsigned bytes) override;
    void mmio_write(u64 offset, unsigned bytes, u64 value) override;

    /// Whether a vector waits that outranks what is in service and the task priority.
    [[nodiscard]] bool has_interrupt() const { return deliverable() >= 0; }
    /// Moves that vector into service and gives it; the spurious vector if it has gone.
    u8 acknowledge();
    /// Whether the interrupt that comes in through LINT0 from the 8259s gets through.
    [[nodiscard]] bool passes_external() const;

private:
    static constexpr unsigned vector_words = 8;
    using VectorSet = std::array<u32, vector_words>;
    enum Lvt : unsigned { Timer, Thermal, Performance, Lint0, Lint1, ErrorLvt, LvtCount };

    [[nodiscard]] u32 read_register(u32 offset);
    void write_register(u32 offset, u32 value);
    [[nodiscard]] static int lvt_index(u32 offset);
    void write_lvt(unsigned index, u32 value);
    void write_spurious(u32 value);
    void send_command(u32 low);
    [[nodiscard]] bool is_addressed(u32 low) const;
    void deliver(u32 mode, u8 vector);
    void end_interrupt();
    void report_error(u32 flag);

    [[nodiscard]] bool enabled() const {
        return arch::x86::ApicSpuriousVector::enabled.test(spurious_);
    }
    [[nodiscard]] u8 processor_priority() const;
    [[nodiscard]] int deliverable() const;

    [[nodiscard]] u32 timer_mode() const {
        return arch::x86::ApicLvt::timer_mode.get(lvt_[Lvt::Timer]);
    }
    [[nodiscard]] u64 timer_now() const { return frequency_.ticks_at(events_.now()); }
    [[nodiscard]] u64 timer_period() const { return u64{initial_count_} * divisor(); }
    [[nodiscard]] unsigned divisor() const {
        return arch::x86::apic_timer_divisor(divide_configuration_);
    }
    [[nodiscard]] u32 current_count() const;
    void start_timer();
    void schedule_timer();
    void event_due(unsigned kind, u64 cycle) override;

    EventQueue& events_;
    InterruptOutputs& outputs_;
    Frequency frequency_;

    u32 id_ = 0;
    u32 task_priority_ = 0;
    u32 logical_destination_ = 0;
    u32 destination_format_ = ~u32{0};
    u32 spurious_ = 0xff;
    u32 command_high_ = 0;
    u32 command_low_ = 0;
    u32 error_status_ = 0;
    u32 pending_errors_ = 0;
    std::array<u32, LvtCount> lvt_;
    VectorSet in_service_{};
    VectorSet request_{};

    u32 initial_count_ = 0;
    u32 divide_configuration_ = 0;
    u64 timer_start_ = 0;  ///< in timer input ticks
    bool timer_runs_ = false;
};

}  // namespace ringfence::sim::devices

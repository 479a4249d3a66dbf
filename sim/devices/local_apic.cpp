// SPDX-License-Identifier: MIT
#include "sim/devices/local_apic.h"

#include <bit>

namespace ringfence::sim::devices {

using arch::x86::ApicInterruptCommand;
using arch::x86::ApicLvt;
using arch::x86::ApicRegister;
using arch::x86::ApicSpuriousVector;

namespace {

constexpr u32 register_stride = 0x10;
constexpr u32 version = 0x14 | 5U << 16;  ///< an integrated APIC with LVT entries 0 to 5
constexpr u32 legal_vectors_from = 16;

/// [intel/vol3]: 11.6.1
enum DeliveryMode : u32 { fixed = 0, lowest_priority = 1, nmi = 4, external = 7 };

/// [intel/vol3]: 11.5.3, figure 11-9
struct ErrorFlag {
    static constexpr Flag<5, u32> send_illegal_vector{};
    static constexpr Flag<6, u32> receive_illegal_vector{};
};

using PriorityClass = Bitfield<4, 4, u32>;
using DestinationId = Bitfield<24, 8, u32>;
constexpr u32 broadcast = 0xff;
constexpr u32 spurious_bits = ApicSpuriousVector::vector.mask | ApicSpuriousVector::enabled.mask;
constexpr u32 divide_bits = 0b1011;

enum TimerMode : u32 { one_shot = 0, periodic = 1 };

constexpr u32 offset_of(ApicRegister which) {
    return static_cast<u32>(which);
}

template <typename Set>
void put(Set& set, u8 vector, bool value) {
    const u32 mask = bit<u32>(vector % 32);
    u32& word = set[vector / 32];
    word = value ? word | mask : word & ~mask;
}

/// The highest vector in the set, or -1.
template <typename Set>
int highest(const Set& set) {
    for (int word = static_cast<int>(set.size()) - 1; word >= 0; --word) {
        const u32 bits = set[static_cast<unsigned>(word)];
        if (bits != 0) {
            return word * 32 + 31 - std::countl_zero(bits);
        }
    }
    return -1;
}

}  // namespace

LocalApic::LocalApic(EventQueue& events, InterruptOutputs& outputs, u64 timer_hz, u64 core_hz)
    : events_(events), outputs_(outputs), frequency_(timer_hz, core_hz) {
    lvt_.fill(ApicLvt::masked.mask);
    // "Virtual wire", as a PC's firmware leaves it: the 8259s reach the processor through LINT0.
    lvt_[Lvt::Lint0] = ApicLvt::delivery_mode.make(external);
    lvt_[Lvt::Lint1] = ApicLvt::delivery_mode.make(nmi);
}

// Registers are 32 bits wide, one to every 16 bytes; other accesses are not defined.
u64 LocalApic::mmio_read(u64 offset, unsigned bytes) {
    const u64 inside = offset % register_stride;
    if (inside >= sizeof(u32)) {
        return 0;
    }
    const u64 value = read_register(static_cast<u32>(offset - inside));
    return (value >> (8 * inside)) & low_mask(8 * bytes);
}

void LocalApic::mmio_write(u64 offset, unsigned bytes, u64 value) {
    if (offset % register_stride == 0 && bytes >= sizeof(u32)) {
        write_register(static_cast<u32>(offset), static_cast<u32>(value));
        outputs_.interrupts_changed();
    }
}

int LocalApic::lvt_index(u32 offset) {
    const u32 first = offset_of(ApicRegister::LvtTimer);
    const u32 index = (offset - first) / register_stride;
    return offset >= first && index < LvtCount ? static_cast<int>(index) : -1;
}

u32 LocalApic::read_register(u32 offset) {
    if (const int index = lvt_index(offset); index >= 0) {
        return lvt_[static_cast<unsigned>(index)];
    }
    const auto vector_word = [&](ApicRegister first, const VectorSet& set, u32& out) {
        const u32 index = (offset - offset_of(first)) / register_stride;
        if (offset < offset_of(first) || index >= vector_words) {
            return false;
        }
        out = set[index];
        return true;
    };
    u32 word = 0;
    if (vector_word(ApicRegister::InService, in_service_, word) ||
        vector_word(ApicRegister::InterruptRequest, request_, word)) {
        return word;
    }
    switch (static_cast<ApicRegister>(offset)) {
        case ApicRegister::Id:
            return id_;
        case ApicRegister::Version:
            return version;
        case ApicRegister::TaskPriority:
            return task_priority_;
        case ApicRegister::ProcessorPriority:
            return processor_priority();
        case ApicRegister::LogicalDestination:
            return logical_destination_;
        case ApicRegister::DestinationFormat:
            return destination_format_;
        case ApicRegister::SpuriousVector:
            return spurious_;
        case ApicRegister::ErrorStatus:
            return error_status_;
        case ApicRegister::InterruptCommandLow:
            return command_low_;
        case ApicRegister::InterruptCommandHigh:
            return command_high_;
        case ApicRegister::TimerInitialCount:
            return initial_count_;
        case ApicRegister::TimerCurrentCount:
            return current_count();
        case ApicRegister::TimerDivide:
            return divide_configuration_;
        default:
            return 0;
    }
}

void LocalApic::write_register(u32 offset, u32 value) {
    if (const int index = lvt_index(offset); index >= 0) {
        write_lvt(static_cast<unsigned>(index), value);
        return;
    }
    switch (static_cast<ApicRegister>(offset)) {
        case ApicRegister::Id:
            id_ = value & DestinationId::mask;
            return;
        case ApicRegister::TaskPriority:
            task_priority_ = value & low_mask<u32>(8);
            return;
        case ApicRegister::EndOfInterrupt:
            end_interrupt();
            return;
        case ApicRegister::LogicalDestination:
            logical_destination_ = value & DestinationId::mask;
            return;
        case ApicRegister::DestinationFormat:
            destination_format_ = value | low_mask<u32>(28);
            return;
        case ApicRegister::SpuriousVector:
            write_spurious(value);
            return;
        case ApicRegister::ErrorStatus:
            // A write moves what has happened since the last one into view.
            error_status_ = pending_errors_;
            pending_errors_ = 0;
            return;
        case ApicRegister::InterruptCommandLow:
            send_command(value);
            return;
        case ApicRegister::InterruptCommandHigh:
            command_high_ = value & DestinationId::mask;
            return;
        case ApicRegister::TimerInitialCount:
            initial_count_ = value;
            start_timer();
            return;
        case ApicRegister::TimerDivide: {
            const u32 left = current_count();
            divide_configuration_ = value & divide_bits;
            if (timer_runs_) {
                timer_start_ = timer_now() - (u64{initial_count_} - left) * divisor();
                schedule_timer();
            }
            return;
        }
        default:
            return;  // read-only or reserved
    }
}

void LocalApic::write_lvt(unsigned index, u32 value) {
    constexpr u32 common = ApicLvt::vector.mask | ApicLvt::masked.mask;
    const u32 own = index == Lvt::Timer      ? ApicLvt::timer_mode.mask
                    : index == Lvt::ErrorLvt ? 0
                                             : ApicLvt::delivery_mode.mask;
    value &= common | own;
    if (!enabled()) {
        value |= ApicLvt::masked.mask;  // [intel/vol3]: 11.4.7.2
    }
    const u32 old_mode = timer_mode();
    lvt_[index] = value;
    if (index == Lvt::Timer && timer_runs_ && timer_mode() != old_mode) {
        schedule_timer();
    }
}

void LocalApic::write_spurious(u32 value) {
    const bool was_enabled = enabled();
    spurious_ = value & spurious_bits;
    if (was_enabled && !enabled()) {
        for (u32& entry : lvt_) {
            entry |= ApicLvt::masked.mask;
        }
    }
}

u8 LocalApic::processor_priority() const {
    const int serving = highest(in_service_);
    const u32 vector = serving < 0 ? 0 : static_cast<u32>(serving);
    // [intel/vol3]: 11.8.3.1
    const u32 priority = PriorityClass::get(task_priority_) >= PriorityClass::get(vector)
                             ? task_priority_
                             : vector & PriorityClass::mask;
    return static_cast<u8>(priority);
}

int LocalApic::deliverable() const {
    const int vector = highest(request_);
    if (!enabled() || vector < 0 ||
        PriorityClass::get(static_cast<u32>(vector)) <= PriorityClass::get(processor_priority())) {
        return -1;
    }
    return vector;
}

u8 LocalApic::acknowledge() {
    const int vector = deliverable();
    if (vector < 0) {
        return static_cast<u8>(ApicSpuriousVector::vector.get(spurious_));
    }
    put(request_, static_cast<u8>(vector), false);
    put(in_service_, static_cast<u8>(vector), true);
    return static_cast<u8>(vector);
}

bool LocalApic::passes_external() const {
    return !ApicLvt::masked.test(lvt_[Lvt::Lint0]) &&
           ApicLvt::delivery_mode.get(lvt_[Lvt::Lint0]) == external;
}

void LocalApic::end_interrupt() {
    if (const int vector = highest(in_service_); vector >= 0) {
        put(in_service_, static_cast<u8>(vector), false);
    }
}

void LocalApic::report_error(u32 flag) {
    pending_errors_ |= flag;
    const u32 entry = lvt_[Lvt::ErrorLvt];
    const u8 vector = static_cast<u8>(ApicLvt::vector.get(entry));
    if (!ApicLvt::masked.test(entry) && vector >= legal_vectors_from) {
        put(request_, vector, true);
    }
}

void LocalApic::deliver(u32 mode, u8 vector) {
    if (mode == nmi) {
        outputs_.raise_nmi();
        return;
    }
    if (mode != fixed && mode != lowest_priority) {
        return;  // INIT and start-up of the only processor, and what is reserved
    }
    if (vector < legal_vectors_from) {
        report_error(ErrorFlag::receive_illegal_vector.mask);
        return;
    }
    if (enabled()) {
        put(request_, vector, true);
    }
}

/// Whether an interrupt command is for this processor. [intel/vol3]: 11.6.2
bool LocalApic::is_addressed(u32 low) const {
    enum Shorthand : u32 { none = 0, self = 1, all = 2 };
    const u32 shorthand = ApicInterruptCommand::shorthand.get(low);
    if (shorthand != none) {
        return shorthand == self || shorthand == all;
    }
    const u32 destination = DestinationId::get(command_high_);
    constexpr Flag<11, u32> logical{};
    if (logical.test(low)) {
        return (destination & DestinationId::get(logical_destination_)) != 0;
    }
    return destination == broadcast || destination == DestinationId::get(id_);
}

void LocalApic::send_command(u32 low) {
    command_low_ = ApicInterruptCommand::pending.set(low, 0);
    const u8 vector = static_cast<u8>(ApicInterruptCommand::vector.get(low));
    const u32 mode = ApicInterruptCommand::delivery_mode.get(low);
    if ((mode == fixed || mode == lowest_priority) && vector < legal_vectors_from) {
        report_error(ErrorFlag::send_illegal_vector.mask);
        return;
    }
    if (is_addressed(low)) {
        deliver(mode, vector);
    }
}

// The timer. [intel/vol3]: 11.5.4
// ------------------------------------------------------------------

u32 LocalApic::current_count() const {
    if (!timer_runs_) {
        return 0;
    }
    const u64 counted = (timer_now() - timer_start_) / divisor();
    if (timer_mode() == periodic) {
        return static_cast<u32>(initial_count_ - counted % initial_count_);
    }
    return counted >= initial_count_ ? 0 : static_cast<u32>(initial_count_ - counted);
}

void LocalApic::start_timer() {
    timer_runs_ = initial_count_ != 0 && timer_mode() <= periodic;
    timer_start_ = timer_now();
    schedule_timer();
}

void LocalApic::schedule_timer() {
    if (!timer_runs_) {
        events_.cancel(*this, 0);
        return;
    }
    const u64 passed = (timer_now() - timer_start_) / timer_period();
    if (timer_mode() == one_shot && passed > 0) {
        events_.cancel(*this, 0);
        return;
    }
    events_.schedule(*this, 0, frequency_.cycle_of(timer_start_ + (passed + 1) * timer_period()));
}

void LocalApic::event_due(unsigned /*kind*/, u64 /*cycle*/) {
    const u32 entry = lvt_[Lvt::Timer];
    if (!ApicLvt::masked.test(entry)) {
        deliver(fixed, static_cast<u8>(ApicLvt::vector.get(entry)));
    }
    if (timer_mode() == one_shot) {
        timer_runs_ = false;
    }
    schedule_timer();
    outputs_.interrupts_changed();
}

}  // namespace ringfence::sim::devices

// SPDX-License-Identifier: MIT
// The registers, as both modes have them, and the page through which xAPIC mode shows them.
#include "sim/devices/local_apic.h"

namespace ringfence::sim::devices {

using arch::x86::ApicDestinationFormat;
using arch::x86::ApicError;
using arch::x86::ApicLvt;
using arch::x86::ApicSpuriousVector;
using arch::x86::ApicVersion;
using arch::x86::XapicDestination;

namespace {

constexpr u32 offset_of(arch::x86::ApicRegister which) {
    return static_cast<u32>(which);
}

}  // namespace

// The page ----------------------------------------------------------------------------------------

// Registers are 32 bits wide, one to every 16 bytes; other accesses are not defined.
// [intel/vol3]: 11.4.1

u64 LocalApic::mmio_read(u64 offset, unsigned bytes) {
    events_.run_due();
    const u64 inside = offset % arch::x86::apic_register_stride;
    const std::optional<u32> value = read_register(static_cast<Register>(offset - inside));
    if (!value) {
        report_error(ApicError::illegal_register.mask);
        outputs_.interrupts_changed();
    }
    const bool within = inside < sizeof(u32);
    return within ? (u64{value.value_or(0)} >> (8 * inside)) & low_mask(8 * bytes) : 0;
}

void LocalApic::mmio_write(u64 offset, unsigned bytes, u64 value) {
    events_.run_due();
    if (offset % arch::x86::apic_register_stride != 0 || bytes < sizeof(u32)) {
        return;
    }
    if (!write_register(static_cast<Register>(offset), static_cast<u32>(value))) {
        report_error(ApicError::illegal_register.mask);
    }
    outputs_.interrupts_changed();
}

/// The register's place in the local vector table, if it is in it.
std::optional<unsigned> LocalApic::lvt_index(Register which) {
    const u32 first = offset_of(Register::LvtTimer);
    const u32 index = (offset_of(which) - first) / arch::x86::apic_register_stride;
    return offset_of(which) >= first && index < LvtCount ? std::optional{index} : std::nullopt;
}

// Reads -------------------------------------------------------------------------------------------

u32 LocalApic::version() const {
    return ApicVersion::version.make(features_.version) | ApicVersion::last_lvt.make(LvtCount - 1) |
           ApicVersion::suppresses_eoi_broadcast.make(features_.suppresses_eoi_broadcast ? 1 : 0);
}

/// x2APIC's follows from the ID, which is 0: cluster 0, first in it. [intel/vol3]: 11.12.10.2
u32 LocalApic::logical_destination() const {
    return x2apic_mode() ? 1 : logical_destination_;
}

/// A word of the in-service, trigger-mode or request register.
std::optional<u32> LocalApic::read_vectors(Register which) const {
    const u32 first = offset_of(Register::InService);
    const u32 index = (offset_of(which) - first) / arch::x86::apic_register_stride;
    const VectorSet* const sets[] = {&in_service_, &trigger_mode_, &request_};
    if (offset_of(which) < first || index >= std::size(sets) * VectorSet::word_count) {
        return std::nullopt;
    }
    return sets[index / VectorSet::word_count]->word(index % VectorSet::word_count);
}

/// Nothing: there is no such register.
std::optional<u32> LocalApic::read_register(Register which) const {
    if (const auto index = lvt_index(which)) {
        return lvt_[*index];
    }
    if (const auto word = read_vectors(which)) {
        return word;
    }
    switch (which) {
        case Register::Id:
            return x2apic_mode() ? 0 : id_;
        case Register::Version:
            return version();
        case Register::TaskPriority:
            return task_priority_;
        case Register::ArbitrationPriority:
        case Register::RemoteRead:
        case Register::EndOfInterrupt:
            return 0;  // the first two have had no meaning since the bus of the Pentium
        case Register::ProcessorPriority:
            return processor_priority();
        case Register::LogicalDestination:
            return logical_destination();
        case Register::DestinationFormat:
            return destination_format_;
        case Register::SpuriousVector:
            return spurious_;
        case Register::ErrorStatus:
            return error_status_;
        case Register::InterruptCommandLow:
            return command_low_;
        case Register::InterruptCommandHigh:
            return command_high_;
        case Register::TimerInitialCount:
            return timer_.initial_count();
        case Register::TimerCurrentCount:
            return timer_.current_count();
        case Register::TimerDivide:
            return timer_.divide();
        default:
            return std::nullopt;
    }
}

// Writes ------------------------------------------------------------------------------------------

/// False: there is no such register. Reserved bits, and registers that are read-only, ignore it.
bool LocalApic::write_register(Register which, u32 value) {
    if (const auto index = lvt_index(which)) {
        write_lvt(*index, value);
        return true;
    }
    switch (which) {
        case Register::Id:
            id_ = value & XapicDestination::mask;
            return true;
        case Register::TaskPriority:
            task_priority_ = value & low_mask<u32>(8);
            return true;
        case Register::EndOfInterrupt:
            end_interrupt();
            return true;
        case Register::LogicalDestination:
            logical_destination_ = value & XapicDestination::mask;
            return true;
        case Register::DestinationFormat:
            destination_format_ = value | ~ApicDestinationFormat::model.mask;
            return true;
        case Register::SpuriousVector:
            write_spurious(value);
            return true;
        case Register::ErrorStatus:
            write_error_status();
            return true;
        case Register::InterruptCommandLow:
            send_command(value);
            return true;
        case Register::InterruptCommandHigh:
            command_high_ = value & XapicDestination::mask;
            return true;
        case Register::TimerInitialCount:
            timer_.set_initial_count(value);
            return true;
        case Register::TimerDivide:
            timer_.set_divide(value);
            return true;
        default:
            return read_register(which).has_value();
    }
}

/// The bits of an entry that software may set.
u32 LocalApic::lvt_bits(unsigned index) const {
    const u32 common = ApicLvt::vector.mask | ApicLvt::masked.mask;
    switch (index) {
        case Lvt::Timer:
            return common | (features_.tsc_deadline ? ApicLvt::timer_mode.mask
                                                    : ApicLvt::timer_mode.make(1));
        case Lvt::Lint0:
        case Lvt::Lint1:
            return common | ApicLvt::delivery_mode.mask | ApicLvt::active_low.mask |
                   ApicLvt::level_triggered.mask;
        case Lvt::ErrorLvt:
            return common;
        default:
            return common | ApicLvt::delivery_mode.mask;
    }
}

void LocalApic::write_lvt(unsigned index, u32 value) {
    u32 entry = (value & lvt_bits(index)) | (lvt_[index] & ApicLvt::remote_irr.mask);
    if (!software_enabled()) {
        entry |= ApicLvt::masked.mask;  // [intel/vol3]: 11.4.7.2
    }
    if (!ApicLvt::level_triggered.test(entry)) {
        entry = ApicLvt::remote_irr.set(entry, 0);
    }
    lvt_[index] = entry;
    if (index == Lvt::Timer) {
        timer_.set_mode(static_cast<ApicTimer::Mode>(ApicLvt::timer_mode.get(entry)));
    }
    look_at_level_pins();
}

u32 LocalApic::spurious_bits() const {
    return ApicSpuriousVector::vector.mask | ApicSpuriousVector::enabled.mask |
           (features_.suppresses_eoi_broadcast ? ApicSpuriousVector::suppress_eoi_broadcast.mask
                                               : 0);
}

void LocalApic::write_spurious(u32 value) {
    spurious_ = value & spurious_bits();
    if (!software_enabled()) {
        for (u32& entry : lvt_) {
            entry |= ApicLvt::masked.mask;
        }
    }
}

/// A write, of whatever, moves what has happened since the last one into view.
/// [intel/vol3]: 11.5.3
void LocalApic::write_error_status() {
    error_status_ = pending_errors_;
    pending_errors_ = 0;
    error_armed_ = true;
}

}  // namespace ringfence::sim::devices

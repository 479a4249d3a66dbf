// SPDX-License-Identifier: MIT
// Disabled, xAPIC, x2APIC: IA32_APIC_BASE, and the MSRs of x2APIC mode.
// [intel/vol3]: 11.4.3, 11.4.4, 11.12
#include "sim/devices/local_apic.h"

namespace ringfence::sim::devices {

using arch::x86::ApicBase;
using arch::x86::ApicInterruptCommand;
using arch::x86::ApicLvt;
using arch::x86::Msr;

namespace {

/// Every x2APIC register but the interrupt command has 32 bits, and the upper half is reserved.
using LowHalf = Bitfield<0, 32>;

arch::x86::ApicRegister register_of(u32 msr) {
    return static_cast<arch::x86::ApicRegister>((msr - arch::x86::first_x2apic_msr) *
                                                arch::x86::apic_register_stride);
}

bool is_x2apic_msr(u32 msr) {
    return msr - arch::x86::first_x2apic_msr < arch::x86::x2apic_msr_count;
}

}  // namespace

bool LocalApic::globally_enabled() const {
    return ApicBase::enabled.test(base_);
}

bool LocalApic::x2apic_mode() const {
    return ApicBase::x2apic.test(base_);
}

std::optional<u64> LocalApic::read_msr(u32 msr) {
    events_.run_due();
    if (is_x2apic_msr(msr)) {
        return x2apic_mode() ? read_x2apic(register_of(msr)) : std::nullopt;
    }
    switch (static_cast<Msr>(msr)) {
        case Msr::IA32_APIC_BASE:
            return base_;
        case Msr::IA32_TSC_DEADLINE:
            return features_.tsc_deadline ? std::optional{timer_.deadline()} : std::nullopt;
        default:
            return std::nullopt;
    }
}

bool LocalApic::write_msr(u32 msr, u64 value) {
    events_.run_due();
    if (is_x2apic_msr(msr)) {
        return x2apic_mode() && write_x2apic(register_of(msr), value);
    }
    switch (static_cast<Msr>(msr)) {
        case Msr::IA32_APIC_BASE:
            return write_base(value);
        case Msr::IA32_TSC_DEADLINE:
            if (features_.tsc_deadline) {
                timer_.set_deadline(value);
            }
            return features_.tsc_deadline;
        default:
            return false;
    }
}

/// Those of IA32_APIC_BASE that are not reserved.
u64 LocalApic::base_bits() const {
    const u64 frame_bits = low_mask(features_.physical_address_bits) & ApicBase::frame.mask;
    return frame_bits | ApicBase::bootstrap.mask | ApicBase::enabled.mask |
           (features_.x2apic ? ApicBase::x2apic.mask : 0);
}

void LocalApic::place_registers() {
    const bool has_page = globally_enabled() && !x2apic_mode();
    outputs_.place_registers(has_page ? std::optional{ApicBase::address(base_)} : std::nullopt);
}

/// x2APIC mode is entered from xAPIC mode and left by disabling the APIC; EXTD without EN is no
/// state. [intel/vol3]: 11.12.5
bool LocalApic::write_base(u64 value) {
    const bool enable = ApicBase::enabled.test(value);
    const bool extend = ApicBase::x2apic.test(value);
    if ((value & ~base_bits()) != 0 || (extend && !enable) || (extend && !globally_enabled()) ||
        (x2apic_mode() && enable && !extend)) {
        return false;
    }
    if (globally_enabled() && !enable) {
        reset();
    }
    if (extend != x2apic_mode()) {
        command_high_ = 0;  // the two modes' destinations have nothing in common
    }
    base_ = value;
    place_registers();
    return true;
}

/// [intel/vol3]: table 11-6. Nothing: reserved, or write-only.
std::optional<u64> LocalApic::read_x2apic(Register which) {
    switch (which) {
        case Register::ArbitrationPriority:
        case Register::EndOfInterrupt:
        case Register::RemoteRead:
        case Register::DestinationFormat:
        case Register::InterruptCommandHigh:
            return std::nullopt;
        case Register::InterruptCommandLow:
            return command_low_ | ApicInterruptCommand::x2apic_destination.make(command_high_);
        default:
            return read_register(which);
    }
}

/// The bits that a write may set, for those registers that can be written. [intel/vol3]: table 11-6
std::optional<u32> LocalApic::x2apic_writable_bits(Register which) const {
    constexpr u32 byte = low_mask<u32>(8);
    if (const auto index = lvt_index(which)) {
        // What the hardware sets may be written back as it was read.
        return lvt_bits(*index) | ApicLvt::pending.mask | ApicLvt::remote_irr.mask;
    }
    switch (which) {
        case Register::TaskPriority:
        case Register::SelfInterrupt:
            return byte;
        case Register::EndOfInterrupt:
        case Register::ErrorStatus:
            return 0;
        case Register::SpuriousVector:
            return spurious_bits();
        case Register::InterruptCommandLow:
            return ApicInterruptCommand::vector.mask | ApicInterruptCommand::delivery_mode.mask |
                   ApicInterruptCommand::logical.mask | ApicInterruptCommand::pending.mask |
                   ApicInterruptCommand::assert.mask | ApicInterruptCommand::level.mask |
                   ApicInterruptCommand::shorthand.mask;
        case Register::TimerInitialCount:
            return ~u32{0};
        case Register::TimerDivide:
            return arch::x86::apic_timer_divide_bits;
        default:
            return std::nullopt;
    }
}

bool LocalApic::write_x2apic(Register which, u64 value) {
    const std::optional<u32> writable = x2apic_writable_bits(which);
    const bool is_command = which == Register::InterruptCommandLow;
    const u64 upper = is_command ? ApicInterruptCommand::x2apic_destination.mask : 0;
    if (!writable || (value & ~(*writable | upper)) != 0) {
        return false;
    }
    const u32 low = static_cast<u32>(LowHalf::get(value));
    if (is_command) {
        command_high_ = static_cast<u32>(ApicInterruptCommand::x2apic_destination.get(value));
        send_command(low);
    } else if (which == Register::SelfInterrupt) {
        // [intel/vol3]: 11.12.11: as a command with the shorthand "self"
        if (low < arch::x86::first_apic_vector) {
            report_error(arch::x86::ApicError::send_illegal_vector.mask);
        }
        deliver(DeliveryMode::Fixed, static_cast<u8>(low), false);
    } else {
        write_register(which, low);
    }
    return true;
}

}  // namespace ringfence::sim::devices

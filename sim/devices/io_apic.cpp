// SPDX-License-Identifier: MIT
#include "sim/devices/io_apic.h"

#include <algorithm>

#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

using arch::x86::ApicDeliveryMode;
using arch::x86::IoApicId;
using arch::x86::IoApicRedirection;
using arch::x86::IoApicRegister;
using arch::x86::IoApicVersion;
using arch::x86::IoApicWindow;

namespace {

constexpr unsigned first_redirection = static_cast<unsigned>(IoApicRegister::FirstRedirection);
constexpr unsigned external_pin = 0;

using LowHalf = Bitfield<0, 32>;
using HighHalf = Bitfield<32, 32>;

ApicDeliveryMode mode_of(u64 redirection) {
    return static_cast<ApicDeliveryMode>(IoApicRedirection::delivery_mode.get(redirection));
}

/// Only what waits for its end at a local APIC is treated as a level: [intel/ioapic]: 3.2.4
bool is_level(u64 redirection) {
    const ApicDeliveryMode mode = mode_of(redirection);
    return IoApicRedirection::level_triggered.test(redirection) &&
           (mode == ApicDeliveryMode::Fixed || mode == ApicDeliveryMode::LowestPriority);
}

}  // namespace

IoApic::IoApic(IoApicOutputs& outputs) : outputs_(outputs) {
    redirections_.fill(IoApicRedirection::masked.mask);
}

void IoApic::visit_state(state::Visitor& visitor) {
    constexpr u64 defined = IoApicRedirection::writable | IoApicRedirection::remote_irr.mask;
    visitor.field("select", select_);
    visitor.field("id", id_);
    visitor.field("pins", pins_, low_mask<u32>(pin_count));
    visitor.field("refused", refused_, low_mask<u32>(pin_count));
    visitor.field("redirections", redirections_);
    visitor.require(std::ranges::all_of(redirections_, [](u64 e) { return (e & ~defined) == 0; }),
                    "a redirection that cannot be written");
    // Not state: outputs_ (wiring)
}

// Registers: 32 bits wide; other accesses are not defined -------------------------------------

u64 IoApic::mmio_read(u64 offset, unsigned /*bytes*/) {
    switch (static_cast<IoApicWindow>(offset)) {
        case IoApicWindow::Select:
            return select_;
        case IoApicWindow::Data:
            return read_register(select_);
        default:
            return 0;
    }
}

void IoApic::mmio_write(u64 offset, unsigned /*bytes*/, u64 value) {
    switch (static_cast<IoApicWindow>(offset)) {
        case IoApicWindow::Select:
            select_ = static_cast<u8>(value);
            break;
        case IoApicWindow::Data:
            write_register(select_, static_cast<u32>(value));
            break;
        case IoApicWindow::EndOfInterrupt:
            end_of_interrupt(static_cast<u8>(value));
            break;
        default:
            break;
    }
    outputs_.interrupts_changed();
}

u32 IoApic::read_register(unsigned index) const {
    switch (static_cast<IoApicRegister>(index)) {
        case IoApicRegister::Id:
        case IoApicRegister::Arbitration:
            return id_;
        case IoApicRegister::Version:
            return IoApicVersion::version.make(version) |
                   IoApicVersion::last_redirection.make(pin_count - 1);
        default:
            break;
    }
    const unsigned pin = (index - first_redirection) / 2;
    if (index < first_redirection || pin >= pin_count) {
        return 0;
    }
    const u64 entry = redirections_[pin];
    return static_cast<u32>(index % 2 == 0 ? LowHalf::get(entry) : HighHalf::get(entry));
}

void IoApic::write_register(unsigned index, u32 value) {
    if (static_cast<IoApicRegister>(index) == IoApicRegister::Id) {
        id_ = value & IoApicId::mask;
        return;
    }
    const unsigned pin = (index - first_redirection) / 2;
    if (index < first_redirection || pin >= pin_count) {
        return;
    }
    const u64 entry = redirections_[pin];
    write_redirection(pin,
                      index % 2 == 0 ? LowHalf::set(entry, value) : HighHalf::set(entry, value));
}

void IoApic::write_redirection(unsigned pin, u64 value) {
    u64& entry = redirections_[pin];
    entry = (value & IoApicRedirection::writable) | (entry & IoApicRedirection::remote_irr.mask);
    if (!is_level(entry)) {
        entry = IoApicRedirection::remote_irr.set(entry, 0);
    }
    look_at_level(pin);
}

// Interrupts ----------------------------------------------------------------------------------

bool IoApic::asserted(unsigned pin) const {
    const bool high = (pins_ & bit<u32>(pin)) != 0;
    return high != IoApicRedirection::active_low.test(redirections_[pin]);
}

void IoApic::set_pin(unsigned pin, bool high) {
    const bool before = asserted(pin);
    pins_ = high ? pins_ | bit<u32>(pin) : pins_ & ~bit<u32>(pin);
    const u64 entry = redirections_[pin];
    if (is_level(entry)) {
        look_at_level(pin);
    } else if (asserted(pin) && !before && !IoApicRedirection::masked.test(entry)) {
        send(pin);  // an edge that comes while it is masked is lost
    }
}

/// A level interrupts while it is asserted, and again once the last interrupt has ended.
void IoApic::look_at_level(unsigned pin) {
    u64& entry = redirections_[pin];
    refused_ &= ~bit<u32>(pin);
    if (!is_level(entry) || IoApicRedirection::masked.test(entry) ||
        IoApicRedirection::remote_irr.test(entry) || !asserted(pin)) {
        return;
    }
    if (send(pin)) {
        entry = IoApicRedirection::remote_irr.set(entry, 1);
    } else {
        refused_ |= bit<u32>(pin);
    }
}

void IoApic::send_refused() {
    for (unsigned pin = 0; refused_ >> pin != 0; ++pin) {
        if ((refused_ & bit<u32>(pin)) != 0) {
            look_at_level(pin);
        }
    }
}

bool IoApic::send(unsigned pin) {
    const u64 entry = redirections_[pin];
    const u32 destination = static_cast<u32>(IoApicRedirection::destination.get(entry));
    return outputs_.send_message({.destination = widened_destination(destination),
                                  .logical = IoApicRedirection::logical.test(entry),
                                  .mode = mode_of(entry),
                                  .vector = static_cast<u8>(IoApicRedirection::vector.get(entry)),
                                  .level = is_level(entry)});
}

void IoApic::end_of_interrupt(u8 vector) {
    for (unsigned pin = 0; pin < pin_count; ++pin) {
        u64& entry = redirections_[pin];
        if (IoApicRedirection::remote_irr.test(entry) &&
            IoApicRedirection::vector.get(entry) == vector) {
            entry = IoApicRedirection::remote_irr.set(entry, 0);
            look_at_level(pin);
        }
    }
}

bool IoApic::passes_external() const {
    const u64 entry = redirections_[external_pin];
    return mode_of(entry) == ApicDeliveryMode::External && !IoApicRedirection::masked.test(entry);
}

bool IoApic::has_nmi_input() const {
    return std::ranges::any_of(redirections_, [](u64 entry) {
        return !IoApicRedirection::masked.test(entry) && is_unmaskable(mode_of(entry));
    });
}

}  // namespace ringfence::sim::devices

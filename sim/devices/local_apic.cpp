// SPDX-License-Identifier: MIT
// How interrupts come in, wait, are taken and end.
#include "sim/devices/local_apic.h"

#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

using arch::x86::ApicBase;
using arch::x86::ApicDestinationFormat;
using arch::x86::ApicError;
using arch::x86::ApicInterruptCommand;
using arch::x86::ApicLvt;
using arch::x86::ApicSpuriousVector;
using arch::x86::XapicDestination;

namespace {

using PriorityClass = Bitfield<4, 4, u32>;
constexpr u32 spurious_vector = 0xff;

}  // namespace

LocalApic::LocalApic(EventQueue& events, ApicOutputs& outputs, const ApicFeatures& features,
                     u64 core_hz)
    : events_(events),
      outputs_(outputs),
      features_(features),
      timer_(events, *this, Frequency{features.timer_hz, core_hz}),
      base_(ApicBase::reset_address().value() | ApicBase::bootstrap.mask | ApicBase::enabled.mask) {
    reset();
    spurious_ |= ApicSpuriousVector::enabled.mask;
    lvt_[Lvt::Lint0] = ApicLvt::delivery_mode.make(static_cast<u32>(DeliveryMode::External));
    lvt_[Lvt::Lint1] = ApicLvt::delivery_mode.make(static_cast<u32>(DeliveryMode::Nmi));
}

/// [intel/vol3]: 11.4.7.1. The task priority is CR8 too, which outlives the APIC.
void LocalApic::reset() {
    timer_.reset();
    id_ = 0;
    logical_destination_ = 0;
    destination_format_ = ~u32{0};
    spurious_ = spurious_vector;
    command_low_ = command_high_ = 0;
    error_status_ = pending_errors_ = 0;
    error_armed_ = true;
    lvt_.fill(ApicLvt::masked.mask);
    in_service_ = trigger_mode_ = request_ = VectorSet{};
}

/// The register page goes where it was.
void LocalApic::visit_state(state::Visitor& visitor) {
    visitor.part("timer", timer_);
    visitor.field("base", base_);
    visitor.field("id", id_);
    visitor.field("task_priority", task_priority_);
    visitor.field("logical_destination", logical_destination_);
    visitor.field("destination_format", destination_format_);
    visitor.field("spurious", spurious_);
    visitor.field("command_low", command_low_);
    visitor.field("command_high", command_high_);
    visitor.field("error_status", error_status_);
    visitor.field("pending_errors", pending_errors_);
    visitor.field("error_armed", error_armed_);
    visitor.field("lvt", lvt_);
    visitor.field("lint_0", pins_[0]);
    visitor.field("lint_1", pins_[1]);
    visitor.part("in_service", in_service_);
    visitor.part("trigger_mode", trigger_mode_);
    visitor.part("request", request_);
    // Not state: events_, outputs_ (wiring); features_ (configuration)
    visitor.require((base_ & ~base_bits()) == 0 && (globally_enabled() || !x2apic_mode()),
                    "a base that cannot be written");
    if (visitor.loading() && visitor.ok()) {
        place_registers();
    }
}

// Priorities --------------------------------------------------------------------------------------

u8 LocalApic::task_priority_class() const {
    return static_cast<u8>(PriorityClass::get(task_priority_));
}

void LocalApic::set_task_priority_class(u8 priority_class) {
    task_priority_ = PriorityClass::make(priority_class);
}

/// [intel/vol3]: 11.8.3.1
u8 LocalApic::processor_priority() const {
    const int serving = in_service_.highest();
    const u32 vector = serving < 0 ? 0 : static_cast<u32>(serving);
    const u32 priority = PriorityClass::get(task_priority_) >= PriorityClass::get(vector)
                             ? task_priority_
                             : vector & PriorityClass::mask;
    return static_cast<u8>(priority);
}

int LocalApic::deliverable() const {
    const int vector = request_.highest();
    const bool outranks = vector >= 0 && PriorityClass::get(static_cast<u32>(vector)) >
                                             PriorityClass::get(processor_priority());
    return outranks ? vector : -1;
}

u8 LocalApic::acknowledge() {
    const int found = deliverable();
    if (found < 0) {
        return static_cast<u8>(ApicSpuriousVector::vector.get(spurious_));
    }
    const u8 vector = static_cast<u8>(found);
    request_.remove(vector);
    in_service_.insert(vector);
    return vector;
}

/// [intel/vol3]: 11.8.5
void LocalApic::end_interrupt() {
    const int ended = in_service_.highest();
    if (ended < 0) {
        return;
    }
    const u8 vector = static_cast<u8>(ended);
    in_service_.remove(vector);
    if (!trigger_mode_.has(vector)) {
        return;
    }
    for (u32& entry : lvt_) {
        if (ApicLvt::vector.get(entry) == vector) {
            entry = ApicLvt::remote_irr.set(entry, 0);
        }
    }
    look_at_level_pins();
    if (!ApicSpuriousVector::suppress_eoi_broadcast.test(spurious_)) {
        outputs_.broadcast_end_of_interrupt(vector);
    }
}

// Messages ----------------------------------------------------------------------------------------

bool LocalApic::accept(const InterruptMessage& message) {
    return globally_enabled() && is_addressed(message) &&
           deliver(message.mode, message.vector, message.level);
}

/// [intel/vol3]: 11.6.2, 11.12.9
bool LocalApic::is_addressed(const InterruptMessage& message) const {
    if (message.destination == InterruptMessage::broadcast) {
        return true;
    }
    if (message.logical) {
        return has_logical_name(message.destination);
    }
    return message.destination == (x2apic_mode() ? 0 : XapicDestination::get(id_));
}

/// Names are sets of bits; in all but the flat model the upper ones are the number of a cluster.
bool LocalApic::has_logical_name(u32 destination) const {
    using XapicCluster = Bitfield<4, 4, u32>;
    using X2apicCluster = Bitfield<16, 16, u32>;
    const auto meets = [&](u32 own, u32 cluster_mask) {
        return (destination & cluster_mask) == (own & cluster_mask) &&
               (destination & own & ~cluster_mask) != 0;
    };
    if (x2apic_mode()) {
        return meets(logical_destination(), X2apicCluster::mask);
    }
    const bool flat =
        ApicDestinationFormat::model.get(destination_format_) == ApicDestinationFormat::flat;
    return meets(XapicDestination::get(logical_destination_), flat ? 0 : XapicCluster::mask);
}

/// True if the APIC took it. One that software has disabled takes what has no vector only.
/// [intel/vol3]: 11.4.7.2
bool LocalApic::deliver(DeliveryMode mode, u8 vector, bool level) {
    switch (mode) {
        case DeliveryMode::Fixed:
        case DeliveryMode::LowestPriority:
            return request(vector, level);
        case DeliveryMode::Nmi:
            outputs_.raise_nmi();
            return true;
        case DeliveryMode::Init:
            outputs_.reset_processor();
            return true;
        default:
            // Start-up: this processor never waits for one. SMI: no firmware handles it. External
            // interrupts are a level that passes_external tells of.
            return false;
    }
}

bool LocalApic::request(u8 vector, bool level) {
    if (vector < arch::x86::first_apic_vector) {
        report_error(ApicError::receive_illegal_vector.mask);
        return true;  // and never ends
    }
    if (!software_enabled()) {
        return false;
    }
    request_.insert(vector);
    trigger_mode_.put(vector, level);
    return true;
}

/// [intel/vol3]: 11.5.3: one interrupt for all errors between two writes to the status register.
void LocalApic::report_error(u32 flag) {
    pending_errors_ |= flag;
    if (error_armed_ && !ApicLvt::masked.test(lvt_[Lvt::ErrorLvt])) {
        error_armed_ = false;
        deliver_local(Lvt::ErrorLvt);
    }
}

/// [intel/vol3]: 11.6.1. The trigger and level bits matter to INIT only.
void LocalApic::send_command(u32 low) {
    using Shorthand = ApicInterruptCommand::Shorthand;
    command_low_ = ApicInterruptCommand::pending.set(low, 0);
    const bool deassert =
        ApicInterruptCommand::level.test(low) && !ApicInterruptCommand::assert.test(low);
    InterruptMessage message{
        .destination = x2apic_mode() ? command_high_
                                     : widened_destination(XapicDestination::get(command_high_)),
        .logical = ApicInterruptCommand::logical.test(low),
        .mode = static_cast<DeliveryMode>(ApicInterruptCommand::delivery_mode.get(low)),
        .vector = static_cast<u8>(ApicInterruptCommand::vector.get(low)),
        .level = false};
    if (message.mode == DeliveryMode::Init && deassert) {
        return;  // only aligned arbitration IDs, where there were any
    }
    const bool has_vector =
        message.mode == DeliveryMode::Fixed || message.mode == DeliveryMode::LowestPriority;
    if (has_vector && message.vector < arch::x86::first_apic_vector) {
        report_error(ApicError::send_illegal_vector.mask);  // and sends it all the same
    }
    switch (static_cast<Shorthand>(ApicInterruptCommand::shorthand.get(low))) {
        case Shorthand::None:
            break;
        case Shorthand::Self:
        case Shorthand::All:
            message.destination = InterruptMessage::broadcast;
            break;
        case Shorthand::AllButSelf:
            return;  // there is no other
    }
    accept(message);
}

// Local inputs ------------------------------------------------------------------------------------

/// What the entry of the local vector table says happens; the entry is not masked.
void LocalApic::deliver_local(unsigned index) {
    u32& entry = lvt_[index];
    const bool has_mode = index != Lvt::Timer && index != Lvt::ErrorLvt;
    const auto mode = has_mode ? static_cast<DeliveryMode>(ApicLvt::delivery_mode.get(entry))
                               : DeliveryMode::Fixed;
    const bool level = mode == DeliveryMode::Fixed && ApicLvt::level_triggered.test(entry);
    if (deliver(mode, static_cast<u8>(ApicLvt::vector.get(entry)), level) && level) {
        entry = ApicLvt::remote_irr.set(entry, 1);
    }
}

/// Polarity means something to fixed interrupts only: the others' levels are given.
bool LocalApic::pin_asserted(unsigned index) const {
    const u32 entry = lvt_[index];
    const auto mode = static_cast<DeliveryMode>(ApicLvt::delivery_mode.get(entry));
    const bool inverted = mode == DeliveryMode::Fixed && ApicLvt::active_low.test(entry);
    return pins_[index - Lvt::Lint0] != inverted;
}

void LocalApic::set_pin(Pin pin, bool high) {
    const unsigned index = pin == Pin::Lint0 ? Lvt::Lint0 : Lvt::Lint1;
    bool& state = pins_[index - Lvt::Lint0];
    if (state == high) {
        return;
    }
    state = high;
    if (!globally_enabled()) {
        if (pin == Pin::Lint1 && high) {
            outputs_.raise_nmi();
        }
        return;
    }
    const u32 entry = lvt_[index];
    const auto mode = static_cast<DeliveryMode>(ApicLvt::delivery_mode.get(entry));
    if (mode == DeliveryMode::Fixed && ApicLvt::level_triggered.test(entry)) {
        look_at_level_pins();
    } else if (mode != DeliveryMode::External && pin_asserted(index) &&
               !ApicLvt::masked.test(entry)) {
        deliver_local(index);
    }
}

/// Level-triggered inputs interrupt again while they are asserted, once the last one has ended.
void LocalApic::look_at_level_pins() {
    for (const unsigned index : {Lvt::Lint0, Lvt::Lint1}) {
        const u32 entry = lvt_[index];
        const auto mode = static_cast<DeliveryMode>(ApicLvt::delivery_mode.get(entry));
        if (mode == DeliveryMode::Fixed && ApicLvt::level_triggered.test(entry) &&
            !ApicLvt::masked.test(entry) && !ApicLvt::remote_irr.test(entry) &&
            pin_asserted(index)) {
            deliver_local(index);
        }
    }
}

bool LocalApic::passes_external() const {
    const u32 entry = lvt_[Lvt::Lint0];
    return !globally_enabled() ||
           (!ApicLvt::masked.test(entry) &&
            static_cast<DeliveryMode>(ApicLvt::delivery_mode.get(entry)) == DeliveryMode::External);
}

bool LocalApic::has_nmi_input() const {
    const u32 entry = lvt_[Lvt::Lint0];
    return globally_enabled() && !ApicLvt::masked.test(entry) &&
           is_unmaskable(static_cast<DeliveryMode>(ApicLvt::delivery_mode.get(entry)));
}

void LocalApic::timer_expired() {
    if (!ApicLvt::masked.test(lvt_[Lvt::Timer])) {
        deliver_local(Lvt::Timer);
        outputs_.interrupts_changed();
    }
}

}  // namespace ringfence::sim::devices

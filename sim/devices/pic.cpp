// SPDX-License-Identifier: MIT
#include "sim/devices/pic.h"

#include "base/bits.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

namespace {

constexpr u16 primary_command = 0x20;
constexpr u16 primary_data = 0x21;
constexpr u16 secondary_command = 0xa0;
constexpr u16 secondary_data = 0xa1;
constexpr u16 primary_edge_level = 0x4d0;
constexpr u16 secondary_edge_level = 0x4d1;
constexpr unsigned cascade_input = 2;
constexpr unsigned spurious_input = 7;

struct Icw1 {
    static constexpr Flag<0, u8> wants_icw4{};
    static constexpr Flag<4, u8> is_icw1{};
};
struct Icw4 {
    static constexpr Flag<1, u8> auto_end{};
    static constexpr Flag<4, u8> special_nested{};
};
struct Ocw2 {
    static constexpr Bitfield<0, 3, u8> level{};
    static constexpr Flag<5, u8> end_of_interrupt{};
    static constexpr Flag<6, u8> specific{};
    static constexpr Flag<7, u8> rotate{};
};
struct Ocw3 {
    static constexpr Flag<0, u8> read_in_service{};
    static constexpr Flag<1, u8> read_register{};
    static constexpr Flag<2, u8> poll{};
    static constexpr Flag<3, u8> is_ocw3{};
    static constexpr Flag<5, u8> special_mask{};
    static constexpr Flag<6, u8> enable_special_mask{};
};
constexpr u8 vector_base_bits = 0xf8;
constexpr u8 poll_hit = 0x80;

constexpr u8 mask_of(unsigned input) {
    return bit<u8>(input);
}

}  // namespace

void PicChip::set_input(unsigned input, bool high) {
    const u8 mask = mask_of(input);
    const bool was_high = (lines_ & mask) != 0;
    lines_ = static_cast<u8>(high ? lines_ | mask : lines_ & ~mask);
    if (high && (!was_high || (level_triggered_ & mask) != 0)) {
        request_ |= mask;
    } else if (!high) {
        request_ = static_cast<u8>(request_ & ~mask);  // the line must stay up until acknowledged
    }
}

/// The input with the highest priority among `inputs`, or -1.
int PicChip::highest(u8 inputs) const {
    int best = -1;
    for (unsigned input = 0; input < 8; ++input) {
        if ((inputs & mask_of(input)) != 0 &&
            (best < 0 || priority_of(input) < priority_of(static_cast<unsigned>(best)))) {
            best = static_cast<int>(input);
        }
    }
    return best;
}

int PicChip::pending_input() const {
    const int wanted = highest(static_cast<u8>(request_ & ~mask_));
    if (wanted < 0) {
        return -1;
    }
    u8 serving = in_service_;
    if (special_mask_) {
        serving = static_cast<u8>(serving & ~mask_);
    }
    if (special_nested_ && primary_) {
        serving = static_cast<u8>(serving & ~mask_of(cascade_input));
    }
    const int current = highest(serving);
    const bool outranks = current < 0 || priority_of(static_cast<unsigned>(wanted)) <
                                             priority_of(static_cast<unsigned>(current));
    return outranks ? wanted : -1;
}

unsigned PicChip::acknowledge() {
    const int pending = pending_input();
    if (pending < 0) {
        return spurious_input;
    }
    const unsigned input = static_cast<unsigned>(pending);
    const u8 mask = mask_of(input);
    if ((level_triggered_ & mask) == 0 || (lines_ & mask) == 0) {
        request_ = static_cast<u8>(request_ & ~mask);
    }
    if (!auto_end_) {
        in_service_ |= mask;
    } else if (rotate_on_auto_end_) {
        lowest_priority_ = input;
    }
    return input;
}

u8 PicChip::read_command() {
    if (poll_) {
        poll_ = false;
        const bool hit = output();
        return static_cast<u8>(hit ? poll_hit | acknowledge() : 0);
    }
    return reads_in_service_ ? in_service_ : request_;
}

void PicChip::write_command(u8 value) {
    if (Icw1::is_icw1.test(value)) {
        step_ = InitStep::Icw2;
        wants_icw4_ = Icw1::wants_icw4.test(value);
        mask_ = 0;
        in_service_ = 0;
        request_ = 0;
        lowest_priority_ = 7;
        auto_end_ = special_mask_ = special_nested_ = reads_in_service_ = false;
        rotate_on_auto_end_ = false;
        return;
    }
    if (Ocw3::is_ocw3.test(value)) {
        poll_ = Ocw3::poll.test(value);
        if (Ocw3::read_register.test(value)) {
            reads_in_service_ = Ocw3::read_in_service.test(value);
        }
        if (Ocw3::enable_special_mask.test(value)) {
            special_mask_ = Ocw3::special_mask.test(value);
        }
        return;
    }
    end_of_interrupt(value);
}

/// OCW2.
void PicChip::end_of_interrupt(u8 value) {
    const bool rotate = Ocw2::rotate.test(value);
    const bool specific = Ocw2::specific.test(value);
    if (!Ocw2::end_of_interrupt.test(value)) {
        if (rotate && specific) {
            lowest_priority_ = Ocw2::level.get(value);
        } else if (!specific) {
            rotate_on_auto_end_ = rotate;
        }
        return;
    }
    const int ended = specific ? Ocw2::level.get(value) : highest(in_service_);
    if (ended < 0) {
        return;
    }
    in_service_ = static_cast<u8>(in_service_ & ~mask_of(static_cast<unsigned>(ended)));
    if (rotate) {
        lowest_priority_ = static_cast<unsigned>(ended);
    }
}

void PicChip::write_data(u8 value) {
    switch (step_) {
        case InitStep::Ready:
            mask_ = value;
            return;
        case InitStep::Icw2:
            vector_base_ = value & vector_base_bits;
            step_ = InitStep::Icw3;  // the wiring is fixed: ICW3's content is ignored
            return;
        case InitStep::Icw3:
            step_ = wants_icw4_ ? InitStep::Icw4 : InitStep::Ready;
            return;
        case InitStep::Icw4:
            auto_end_ = Icw4::auto_end.test(value);
            special_nested_ = Icw4::special_nested.test(value);
            step_ = InitStep::Ready;
            return;
    }
}

void PicChip::visit_state(state::Visitor& visitor) {
    constexpr unsigned last_input = 7;
    visitor.field("step", step_, InitStep::Icw4);
    visitor.field("wants_icw4", wants_icw4_);
    visitor.field("auto_end", auto_end_);
    visitor.field("rotate_on_auto_end", rotate_on_auto_end_);
    visitor.field("special_mask", special_mask_);
    visitor.field("special_nested", special_nested_);
    visitor.field("reads_in_service", reads_in_service_);
    visitor.field("poll", poll_);
    visitor.field("vector_base", vector_base_);
    visitor.field("lowest_priority", lowest_priority_, last_input);
    visitor.field("mask", mask_);
    visitor.field("lines", lines_);
    visitor.field("request", request_);
    visitor.field("in_service", in_service_);
    visitor.field("level_triggered", level_triggered_);
    // Not state: primary_ (wiring)
}

void Pic::visit_state(state::Visitor& visitor) {
    visitor.part("primary", primary_);
    visitor.part("secondary", secondary_);
}

void Pic::attach(PortSpace& ports) {
    ports.add(primary_command, 2, *this);
    ports.add(secondary_command, 2, *this);
    ports.add(primary_edge_level, 2, *this);
}

void Pic::set_line(unsigned irq, bool high) {
    (irq < 8 ? primary_ : secondary_).set_input(irq % 8, high);
    cascade();
}

void Pic::cascade() {
    primary_.set_input(cascade_input, secondary_.output());
}

u8 Pic::acknowledge() {
    const unsigned input = primary_.acknowledge();
    if (input != cascade_input) {
        return primary_.vector_of(input);
    }
    const unsigned second = secondary_.acknowledge();
    cascade();
    return secondary_.vector_of(second);
}

u8 Pic::port_read(u16 port) {
    switch (port) {
        case primary_command:
            return primary_.read_command();
        case primary_data:
            return primary_.read_mask();
        case secondary_command: {
            const u8 value = secondary_.read_command();
            cascade();
            return value;
        }
        case secondary_data:
            return secondary_.read_mask();
        case primary_edge_level:
            return primary_.level_triggered();
        default:
            return secondary_.level_triggered();
    }
}

void Pic::port_write(u16 port, u8 value) {
    // Inputs 0, 1, 2, 8 and 13 are edge-triggered by their nature.
    constexpr u8 primary_levels = 0xf8;
    constexpr u8 secondary_levels = 0xde;
    switch (port) {
        case primary_command:
            primary_.write_command(value);
            break;
        case primary_data:
            primary_.write_data(value);
            break;
        case secondary_command:
            secondary_.write_command(value);
            break;
        case secondary_data:
            secondary_.write_data(value);
            break;
        case primary_edge_level:
            primary_.set_level_triggered(value & primary_levels);
            break;
        case secondary_edge_level:
            secondary_.set_level_triggered(value & secondary_levels);
            break;
        default:
            break;
    }
    cascade();
}

}  // namespace ringfence::sim::devices

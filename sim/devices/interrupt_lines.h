// SPDX-License-Identifier: MIT
// The board's interrupt lines: the sixteen of ISA, and eight more for the I/O APIC alone. Several
// devices may share one: it is high while any of them holds it high.
#pragma once

#include <array>

#include "base/bits.h"
#include "base/types.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::devices {

inline constexpr unsigned isa_irq_count = 16;
inline constexpr unsigned irq_count = 24;
/// There is no such line: the second 8259 is in its place.
inline constexpr unsigned cascade_irq = 2;
inline constexpr unsigned timer_irq = 0;

/// The I/O APIC's input for a line: the same number, but its input 0 is the 8259s', so the timer
/// comes to the one of the line that is not there.
constexpr unsigned io_apic_input(unsigned irq) {
    return irq == timer_irq ? cascade_irq : irq;
}

/// Who hears of a line's change.
class InterruptLineListener {
public:
    virtual ~InterruptLineListener() = default;
    virtual void line_changed(unsigned irq, bool high) = 0;
};

class InterruptLines {
public:
    explicit InterruptLines(InterruptLineListener& listener) : listener_(listener) {}

    /// `holder` (0 to 31) tells devices on the same line apart.
    void set(unsigned irq, unsigned holder, bool high) {
        u32& holders = holders_[irq];
        const u32 mask = bit<u32>(holder);
        const bool was_high = holders != 0;
        holders = high ? holders | mask : holders & ~mask;
        if (was_high != (holders != 0)) {
            listener_.line_changed(irq, !was_high);
        }
    }

    [[nodiscard]] bool high(unsigned irq) const { return holders_[irq] != 0; }

    /// Tells nobody: who hears of changes has state of its own.
    void visit_state(state::Visitor& visitor) {
        visitor.field("holders", holders_);
        // Not state: listener_ (wiring)
    }

private:
    InterruptLineListener& listener_;
    std::array<u32, irq_count> holders_{};
};

/// One device's end of a line.
class InterruptLine {
public:
    InterruptLine(InterruptLines& lines, unsigned irq, unsigned holder)
        : lines_(lines), irq_(irq), holder_(holder) {}
    void set(bool high) { lines_.set(irq_, holder_, high); }

private:
    InterruptLines& lines_;
    unsigned irq_;
    unsigned holder_;
};

}  // namespace ringfence::sim::devices

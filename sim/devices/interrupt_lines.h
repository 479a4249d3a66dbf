// SPDX-License-Identifier: MIT
// The sixteen ISA interrupt lines. Several devices may share one: it is high while any of them
// holds it high.
#pragma once

#include <array>

#include "base/bits.h"
#include "base/types.h"

namespace ringfence::sim::devices {

inline constexpr unsigned irq_count = 16;

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

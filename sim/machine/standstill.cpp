// SPDX-License-Identifier: MIT
#include "sim/machine/standstill.h"

#include <fmt/format.h>

#include <utility>

#include "sim/state/writer.h"

namespace ringfence::sim::machine {

using cpu::StopReason;

namespace {

/// In instructions.
constexpr u64 longest_loop = 64;

}  // namespace

/// Enough to tell nearly always that a state is not the same.
struct Standstill::Registers {
    u64 rip;
    u64 rflags;
    cpu::RegisterFile general;

    bool operator==(const Registers& other) const {
        for (unsigned i = 0; i <= static_cast<u8>(cpu::Gpr::R15); ++i) {
            if (general[static_cast<cpu::Gpr>(i)] != other.general[static_cast<cpu::Gpr>(i)]) {
                return false;
            }
        }
        return rip == other.rip && rflags == other.rflags;
    }
};

Standstill::Registers Standstill::registers() const {
    return {.rip = cpu_.rip, .rflags = cpu_.rflags(), .general = cpu_.gpr};
}

/// Nothing from outside reaches the processor, now or later, unless it looks.
bool Standstill::is_deaf() const {
    const memory::InterruptPins& pins = platform_.pins();
    return !cpu_.interrupts_enabled() && !cpu_.halted && !pins.non_maskable_interrupt &&
           !pins.machine_check && !platform_.nmi_may_come();
}

std::vector<u8> Standstill::processor_state() const {
    const u64 now = std::exchange(cpu_.cycles, u64{0});
    std::vector<u8> fields = state::fields_of(cpu_);
    cpu_.cycles = now;
    const std::vector<u8> engine = state::fields_of(engine_);
    fields.insert(fields.end(), engine.begin(), engine.end());
    return fields;
}

/// Nothing: the host has no room.
std::optional<Standstill::State> Standstill::state() const {
    auto ram = memory_.capture();
    if (!ram.ok()) {
        return std::nullopt;
    }
    return State{.processor = processor_state(), .ram = std::move(ram).value()};
}

bool Standstill::is_still(const State& before) const {
    return processor_state() == before.processor && memory_.holds(before.ram);
}

/// One instruction more. False: something else happened.
bool Standstill::step(Finding& finding) {
    const u64 before = retired();
    const StopReason reason = engine_.run(before + 1);
    finding.pauses = reason == StopReason::PauseRequested;
    return reason == StopReason::InstructionLimit && retired() == before + 1;
}

std::optional<u64> Standstill::find_period(Finding& finding) {
    const Registers first = registers();
    for (u64 period = 1; period <= longest_loop; ++period) {
        if (!step(finding)) {
            return std::nullopt;
        }
        if (registers() == first) {
            return period;
        }
    }
    return std::nullopt;
}

/// Runs the loop once more between two looks at everything.
bool Standstill::proves(u64 period, Finding& finding) {
    const auto before = state();
    if (!before) {
        return false;
    }
    platform_.clock().consulted = false;
    memory_.forget_device_access();
    for (u64 i = 0; i < period; ++i) {
        if (!is_deaf() || !step(finding)) {
            return false;
        }
    }
    return is_deaf() && !platform_.clock().consulted && !memory_.was_device_accessed() &&
           is_still(*before);
}

Standstill::Finding Standstill::look(u64 limit) {
    Finding finding;
    if (!is_deaf() || limit - retired() < 2 * longest_loop) {
        return finding;
    }
    if (looks_to_skip_ > 0) {
        --looks_to_skip_;
        return finding;
    }
    const auto period = find_period(finding);
    if (!period) {
        return finding;
    }
    if (proves(*period, finding)) {
        finding.how =
            fmt::format("{} for ever, with interrupts off",
                        *period == 1 ? std::string{"the same instruction again"}
                                     : fmt::format("the same {} instructions again", *period));
        return finding;
    }
    looks_to_skip_ = next_skip_;
    next_skip_ *= 2;
    return finding;
}

Standstill::Finding Standstill::look_at_faults() {
    const bool goes_on = fault_rounds_ != 0 && retired_at_faults_ == retired();
    fault_rounds_ = goes_on ? fault_rounds_ + 1 : 1;
    retired_at_faults_ = retired();
    if (goes_on && is_deaf() && at_faults_ && is_still(*at_faults_)) {
        return {.how = "the same exceptions again for ever, and no instruction completes"};
    }
    if (fault_rounds_ * isa::x86::Engine::most_barren >= most_exceptions_) {
        fault_rounds_ = 0;
        return {.how = "exceptions without end, and no instruction completes"};
    }
    // In the first rounds or never: what fills a stack is not the same again.
    constexpr u64 rounds_with_a_look = 3;
    at_faults_ = fault_rounds_ <= rounds_with_a_look && is_deaf() ? state() : std::nullopt;
    return {};
}

}  // namespace ringfence::sim::machine

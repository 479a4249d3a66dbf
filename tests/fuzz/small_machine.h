// SPDX-License-Identifier: MIT
// A machine with 2 MiB of RAM that is made once and put back to a start state before each input:
// in each of the processor's modes, with page tables, descriptor tables and handlers in place.
//
// What is made of other state (decoded blocks above all) stays from one input to the next, and must
// not show.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/cpu/cpu.h"
#include "sim/devices/platform.h"
#include "sim/isa/x86/engine.h"
#include "sim/isa/x86/timed_execution.h"
#include "sim/memory/physical_memory.h"
#include "sim/memory/testing/bare_interrupt_controller.h"

namespace ringfence::fuzz {

/// A CPU with every feature of the preset skylake-sp, and caches that are quick to put back.
sim::presets::CpuModel small_cpu();

class SmallMachine final : private sim::memory::PortBus,
                           private sim::memory::BareInterruptController {
public:
    enum class Engine : u8 { Fast, Timed };
    /// A PC's, or none at all: then nothing comes from outside, and ports read as all ones.
    enum class Devices : u8 { None, Pc };

    enum class Mode : u8 {
        Real,
        Protected16,
        Protected32,
        TwoLevel,  ///< 32-bit code
        Pae,       ///< 32-bit code
        Long64,
        Compatibility,  ///< 32-bit code in long mode
        Virtual8086,
    };
    static constexpr unsigned mode_count = 8;
    struct Start {
        Mode mode = Mode::Long64;
        bool user = false;  ///< CPL 3, where the mode leaves a choice
        auto operator<=>(const Start&) const = default;
    };

    /// The observer, if there is one, outlives the machine.
    SmallMachine(Engine engine, Devices devices, sim::observe::Observer* observer = nullptr);
    ~SmallMachine() override;

    /// RAM and all parts as they were, the processor at the start of the code page.
    void begin(const Start& start);
    /// Puts bytes to the start of the code page, as many as it has room for.
    void load_code(std::span<const u8> bytes);
    /// Runs until so many instructions more have retired, or nothing can happen any more. Time
    /// passes while the processor is halted, a few times at most.
    sim::cpu::StopReason run(u64 instructions);

    /// Equal for machines that software cannot tell apart, but for the time.
    [[nodiscard]] u64 architectural_digest();
    /// Whether there are `fields`: false in the midst of a repeated string instruction that the
    /// timed engine has not timed yet.
    [[nodiscard]] bool can_be_saved() const { return !timed_ || !timed_->repeats(); }
    /// What software can tell two machines apart by, for people.
    static std::string visible_difference(SmallMachine& first, SmallMachine& second);
    /// Equal for machines that go on in the same way. Only if it can be saved.
    [[nodiscard]] u64 full_digest();
    /// The fields of all parts, by name, in the order in which `load` takes them.
    using Fields = std::vector<std::pair<std::string, std::vector<u8>>>;
    [[nodiscard]] Fields fields();
    /// One line: what no machine can be in; empty if all is well. After an error the parts hold
    /// whatever was loaded before, until `begin`.
    std::string load(const Fields& fields);
    /// The first field in which they differ, with both values; empty if they are equal.
    static std::string difference(const Fields& first, const Fields& second);

    // Wiring that devices need, and inputs may touch.
    sim::memory::Clock& clock() { return platform_ ? platform_->clock() : own_clock_; }
    [[nodiscard]] sim::devices::Platform& platform() { return *platform_; }

private:
    [[nodiscard]] sim::memory::InterruptPins& pins() {
        return platform_ ? platform_->pins() : own_pins_;
    }
    void enter(const Start& start);
    void forget_ram();
    template <typename Visit>
    void for_each_part(Visit visit);

    u32 read(u16 /*port*/, unsigned /*bytes*/) override { return ~u32{0}; }
    void write(u16 /*port*/, unsigned /*bytes*/, u32 /*value*/) override {}
    u8 acknowledge_interrupt() override { return 0; }

    sim::presets::CpuModel model_;
    sim::memory::PhysicalMemory memory_;
    sim::memory::Clock own_clock_;
    sim::memory::InterruptPins own_pins_;
    sim::observe::Recorder recorder_;
    std::optional<sim::devices::Platform> platform_;

public:
    sim::cpu::Cpu cpu;

private:
    std::optional<sim::isa::x86::TimedExecution> timed_;
    sim::isa::x86::Engine engine_;
    Fields reset_;
    std::map<Start, Fields> starts_;
};

}  // namespace ringfence::fuzz

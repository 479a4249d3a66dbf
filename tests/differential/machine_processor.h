// SPDX-License-Identifier: MIT
// Runs one instruction on the machine's processor, at CPL 3 in 64-bit mode, under page tables that
// map the sandbox as the host does.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/cpu/cpu.h"
#include "sim/isa/x86/engine.h"
#include "sim/memory/testing/bare_interrupt_controller.h"
#include "tests/differential/processor_state.h"
#include "tests/differential/sandbox.h"

namespace ringfence::differential {

/// A CPU that shows exactly `features`.
sim::presets::CpuModel model_with(arch::x86::Vendor vendor,
                                  std::vector<arch::x86::CpuidFeature> features);

class MachineProcessor final : private sim::observe::Observer,
                               private sim::memory::PortBus,
                               private sim::memory::BareInterruptController {
public:
    MachineProcessor(sim::presets::CpuModel model, const ReadOnlyImage& read_only);
    ~MachineProcessor() override;

    DataImage& data();
    Outcome run(const ProcessorState& before, std::span<const u8> instruction);
    /// Whether the last instruction was one that nothing implements.
    [[nodiscard]] bool unimplemented() const { return unimplemented_; }

private:
    void map_sandbox(const ReadOnlyImage& read_only);
    void enter_user_mode();
    void load_state(const ProcessorState& state);
    [[nodiscard]] ProcessorState save_state() const;
    void write_code(u64 address, std::span<const u8> bytes);

    void exception(const sim::observe::ExceptionEvent& event) override;
    void unimplemented_instruction(const sim::observe::Executed& event) override;
    u32 read(u16 port, unsigned bytes) override;
    void write(u16 port, unsigned bytes, u32 value) override;
    u8 acknowledge_interrupt() override;

    sim::presets::CpuModel model_;
    sim::memory::PhysicalMemory memory_;
    sim::memory::InterruptPins pins_;
    sim::memory::Clock clock_;
    sim::observe::Recorder recorder_;
    sim::cpu::Cpu cpu_;
    sim::isa::x86::Engine engine_;
    Outcome outcome_;
    bool unimplemented_ = false;
};

}  // namespace ringfence::differential

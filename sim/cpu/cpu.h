// SPDX-License-Identifier: MIT
// One x86 logical processor: its registers and what it is wired to. Instructions are in
// sim/isa/x86, which also has the engine that runs them.
#pragma once

#include "arch/x86/cr0.h"
#include "arch/x86/cr4.h"
#include "arch/x86/efer.h"
#include "arch/x86/rflags.h"
#include "arch/x86/segment_descriptor.h"
#include "base/address.h"
#include "sim/cpu/exception.h"
#include "sim/cpu/execution_mode.h"
#include "sim/cpu/fpu_state.h"
#include "sim/cpu/lazy_flags.h"
#include "sim/cpu/model_specific_registers.h"
#include "sim/cpu/registers.h"
#include "sim/memory/port_bus.h"
#include "sim/mmu/mmu.h"
#include "sim/observe/place_map.h"
#include "sim/observe/recorder.h"
#include "sim/presets/cpu_model.h"

namespace ringfence::sim::isa::x86 {
struct Block;
class Engine;
class TimedExecution;
}  // namespace ringfence::sim::isa::x86

namespace ringfence::sim::cpu {

/// What a processor is connected to. Everything outlives it.
struct Wiring {
    memory::PhysicalMemory& memory;
    memory::PortBus& ports;
    memory::InterruptPins& pins;
    memory::InterruptAcknowledge& interrupts;
    memory::Clock& clock;
    observe::Recorder& recorder;
    const presets::CpuModel& model;
    mmu::PagingFeatures paging{};
    observe::PlaceMap places{};
};

/// Why a run ended.
enum class StopReason : u8 {
    EventDue,          ///< the clock reached its next event
    InstructionLimit,  ///< the budget is spent
    EndRequested,      ///< pins.end was set
    Halted,            ///< HLT, no interrupt waits, and no event will come
    TripleFault,       ///< shutdown
};

/// Not shared between threads. Handlers work on the public state directly; what must stay
/// consistent (privilege level, control registers, modes) has functions.
class Cpu {
public:
    explicit Cpu(const Wiring& wiring);
    Cpu(const Cpu&) = delete;
    Cpu& operator=(const Cpu&) = delete;

    // Hot state
    // ------------------------------------------------------------------------------------

    RegisterFile gpr;
    /// CF, PF, AF, ZF, SF and OF. The rest of RFLAGS is behind `rflags()`.
    LazyFlags flags;
    /// The next instruction, between blocks. Inside a block it is stale: see `block`.
    u64 rip = 0;
    /// The block that runs now; the address of its op `o` is that of the block plus `o.offset`.
    const isa::x86::Block* block = nullptr;
    /// Core cycles since the machine was made. In the functional engine an instruction takes one,
    /// and those of the running block are all counted; in the timed one this is when the running
    /// instruction retires.
    u64 cycles = 0;
    /// The cycle at which the engine must look at the outside world again.
    u64 deadline = 0;
    /// The engine that runs this processor; blocks hand over to each other through it.
    isa::x86::Engine* engine = nullptr;
    /// Gives each instruction its cycles; null in the functional engine.
    isa::x86::TimedExecution* timed = nullptr;
    /// Retired instructions by place: the recorder's counters.
    u64* retired = nullptr;
    /// RFLAGS.DF as the step of string instructions: 1 or -1.
    i64 direction = 1;

    mmu::Mmu mmu;
    FpuState fpu;

    /// Set by a semantic function that returns false.
    PendingException pending;

    // Flags
    // ----------------------------------------------------------------------------------------

    [[nodiscard]] u64 rflags() const;
    /// Replaces RFLAGS; reserved bits are ignored. Checks nothing: callers mask what they may not
    /// change.
    void set_rflags(u64 value);
    /// RFLAGS without the status flags and DF, which are cheaper to leave alone.
    [[nodiscard]] u64 other_flags() const { return other_flags_; }
    [[nodiscard]] bool interrupts_enabled() const {
        return arch::x86::Rflags::interrupt.test(other_flags_);
    }
    [[nodiscard]] bool single_step() const { return arch::x86::Rflags::tf.test(other_flags_); }
    [[nodiscard]] unsigned iopl() const {
        return static_cast<unsigned>(arch::x86::Rflags::iopl.get(other_flags_));
    }

    // Privilege and mode
    // ---------------------------------------------------------------------------

    [[nodiscard]] unsigned cpl() const { return cpl_; }
    void set_cpl(unsigned cpl);
    [[nodiscard]] bool long_mode_active() const { return arch::x86::Efer::lma.test(mmu.efer()); }
    [[nodiscard]] bool code64() const { return ExecutionMode::code64.test(mode_); }
    [[nodiscard]] bool protected_mode() const { return arch::x86::Cr0::pe.test(mmu.cr0()); }
    /// Bits of ExecutionMode.
    [[nodiscard]] u32 mode() const { return mode_; }

    /// Loads a segment register with an already checked descriptor and updates the mode.
    void set_segment(SegmentRegister which, const Segment& segment, u64 base);
    [[nodiscard]] const Segment& segment(SegmentRegister which) const {
        return segments_[static_cast<u8>(which)];
    }
    SystemSegment ldtr;
    SystemSegment task;
    TableRegister gdtr;
    TableRegister idtr;

    // Control registers
    // ----------------------------------------------------------------------------

    [[nodiscard]] u64 cr0() const { return mmu.cr0(); }
    [[nodiscard]] u64 cr3() const { return mmu.cr3(); }
    [[nodiscard]] u64 cr4() const { return mmu.cr4(); }
    [[nodiscard]] u64 efer() const { return mmu.efer(); }
    /// These check nothing but what the MMU finds (false: `pending` is set); the instructions that
    /// use them check reserved bits and forbidden combinations. They update the mode.
    bool set_cr0(u64 value);
    bool set_cr3(u64 value);
    bool set_cr4(u64 value);
    void set_efer(u64 value);
    u64 cr2 = 0;
    u64 dr[4] = {};
    u64 dr6 = 0xffff'0ff0;
    u64 dr7 = 0x400;
    ModelSpecificRegisters msr;

    // Events
    // ---------------------------------------------------------------------------------------

    /// Set by STI, MOV SS and POP SS for the instruction that follows.
    bool interrupt_shadow = false;
    /// MOV SS and POP SS also hold back debug traps.
    bool debug_shadow = false;
    bool nmi_blocked = false;
    bool halted = false;
    bool shutdown = false;
    /// A single-step trap is due before the next instruction.
    bool debug_trap = false;
    /// The instruction that ran last takes no single-step trap, although TF was set before it.
    bool no_debug_trap = false;

    /// Raises an exception: `return cpu.raise(...)` from a semantic function.
    bool raise(ExceptionVector vector, u32 error_code = 0) {
        pending = PendingException{.vector = vector, .error_code = error_code};
        return false;
    }

    /// Publishes `cycles` as the time that devices see.
    void publish_time() { clock.now = cycles; }
    [[nodiscard]] u64 time_stamp() const { return cycles + msr.tsc_offset; }

    memory::PortBus& ports;
    memory::InterruptPins& pins;
    memory::InterruptAcknowledge& interrupts;
    memory::Clock& clock;
    observe::Recorder& recorder;
    const presets::CpuModel& model;
    observe::PlaceMap places;

    /// Flat segments with limits of 64 KiB, CPL 0 and clear flags; the loader sets the rest.
    void reset();

private:
    void update_mode();
    bool accept(const Result<void, mmu::Fault>& outcome);

    /// All of RFLAGS but the status flags and DF.
    u64 other_flags_ = arch::x86::Rflags::fixed_one.mask;
    u32 mode_ = 0;
    unsigned cpl_ = 0;
    Segment segments_[segment_register_count];
};

}  // namespace ringfence::sim::cpu

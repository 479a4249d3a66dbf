// SPDX-License-Identifier: MIT
// One x86 logical processor: its registers and what it is wired to. Instructions are in
// sim/isa/x86, which also has the engine that runs them.
#pragma once

#include <optional>

#include "arch/x86/cr0.h"
#include "arch/x86/cr4.h"
#include "arch/x86/debug_registers.h"
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
#include "sim/cpu/transaction.h"
#include "sim/memory/port_bus.h"
#include "sim/mmu/mmu.h"
#include "sim/observe/place_map.h"
#include "sim/observe/recorder.h"
#include "sim/presets/cpu_model.h"
#include "sim/state/forward.h"

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
    memory::InterruptController& interrupts;
    memory::Clock& clock;
    observe::Recorder& recorder;
    const presets::CpuModel& model;
    mmu::PagingFeatures paging{};
    mmu::WriteSetShape transactions{};
    observe::PlaceMap places{};
};

/// Why a run ended.
enum class StopReason : u8 {
    EventDue,          ///< the clock reached its next event
    InstructionLimit,  ///< the budget is spent
    NoProgress,        ///< very many exceptions, of which none led to an instruction that completed
    EndRequested,      ///< pins.end was set
    PauseRequested,    ///< pins.pause was set, or an address to stop at is reached
    Halted,            ///< HLT, and no interrupt that it hears waits
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
    /// RF: set by what returns to an instruction that was interrupted, and gone when that is done.
    [[nodiscard]] bool resume_flag() const { return arch::x86::Rflags::rf.test(other_flags_); }
    void set_resume_flag() { other_flags_ |= arch::x86::Rflags::rf.mask; }
    void clear_resume_flag() { other_flags_ &= ~arch::x86::Rflags::rf.mask; }
    [[nodiscard]] unsigned iopl() const {
        return static_cast<unsigned>(arch::x86::Rflags::iopl.get(other_flags_));
    }

    // Privilege and mode
    // ---------------------------------------------------------------------------

    [[nodiscard]] unsigned cpl() const { return cpl_; }
    void set_cpl(unsigned cpl);
    [[nodiscard]] bool long_mode_active() const { return arch::x86::Efer::lma.test(mmu.efer()); }
    [[nodiscard]] bool code64() const { return ExecutionMode::code64.test(mode()); }
    [[nodiscard]] bool protected_mode() const { return arch::x86::Cr0::pe.test(mmu.cr0()); }
    [[nodiscard]] bool virtual_8086() const { return arch::x86::Rflags::vm.test(other_flags_); }
    /// Real mode or virtual-8086 mode: a selector is the number of a paragraph of 16 bytes.
    [[nodiscard]] bool uses_paragraphs() const { return !protected_mode() || virtual_8086(); }
    /// Bits of ExecutionMode.
    [[nodiscard]] u32 mode() const { return static_cast<u32>(code_context_); }
    /// What a block belongs to besides its place: the mode, and above it the base of CS, which is 0
    /// in 64-bit mode.
    [[nodiscard]] u64 code_context() const { return code_context_; }

    /// The linear address of an offset in the code segment.
    [[nodiscard]] u64 code_address(u64 offset) const {
        return code64() ? offset : static_cast<u32>(offset + gpr.base(SegmentRegister::Cs));
    }

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
    /// The caller has checked `value`. [intel/vol2]: XSETBV
    void set_xcr0(u64 value);
    [[nodiscard]] u32 pkru() const { return mmu.state().pkru; }
    void set_pkru(u32 value) { mmu.write_pkru(value); }
    u64 cr2 = 0;
    ModelSpecificRegisters msr;

    // Debug registers -----------------------------------------------------------------------------

    u64 dr6 = arch::x86::Dr6::reset;
    [[nodiscard]] u64 dr7() const { return dr7_; }
    /// `value` holds no reserved bits.
    void set_dr7(u64 value);
    [[nodiscard]] u64 breakpoint_address(unsigned number) const {
        return breakpoint_addresses_[number];
    }
    void set_breakpoint_address(unsigned number, u64 address);

    // Bits 3:0 of DR6, for the breakpoints that are on. [intel/vol3]: 18.2.5

    /// Those on the instruction at linear address `address`.
    [[nodiscard]] u64 breakpoints_at(u64 address) const;
    [[nodiscard]] u64 breakpoints_on_port(u16 port, unsigned bytes) const;
    /// Whether any waits for data or a port: then each iteration of a string instruction is looked
    /// at alone.
    [[nodiscard]] bool watches_operands() const { return watches_data_ || watches_ports_; }

    // Events
    // ---------------------------------------------------------------------------------------

    /// Set by STI, MOV SS and POP SS for the instruction that follows.
    bool interrupt_shadow = false;
    /// MOV SS and POP SS also hold back debug traps.
    bool debug_shadow = false;
    bool nmi_blocked = false;
    bool halted = false;
    bool shutdown = false;
    /// A debug trap with these conditions (bits of DR6) is due before the next instruction.
    u64 due_debug = 0;
    /// Conditions that the running instruction met, of ports; those of data are the MMU's.
    u64 port_breakpoints_met = 0;
    /// Conditions that MOV SS or POP SS met: they wait for the instruction behind it.
    u64 held_debug = 0;
    /// The instruction that runs next meets no instruction breakpoint: RFLAGS.RF was set before it,
    /// or MOV SS or POP SS came before it. [intel/vol3]: 6.8.3, 18.3.1.1
    bool breakpoints_suppressed = false;
    /// An exception that comes before the next instruction and whatever else is due there: what a
    /// task switch finds wrong with the new task.
    std::optional<PendingException> deferred;
    /// The instruction that ran last takes no single-step trap, although TF was set before it.
    bool no_debug_trap = false;

    // Transactions
    // ------------------------------------------------------------------------------------

    [[nodiscard]] const Transaction& transaction() const { return transaction_; }
    /// The outermost one begins; an abort goes on at `fallback`.
    void begin_transaction(u64 fallback);
    /// One more begins, or the innermost ends, while more than one runs.
    void begin_nested_transaction() { ++transaction_.depth; }
    void end_nested_transaction() { --transaction_.depth; }
    /// The outermost one ends: what it did stays.
    void commit_transaction();
    /// Registers and memory are as they were; EAX is `status` (AbortStatus), RIP the fallback.
    void roll_back_transaction(u32 status);
    /// Asks for an abort with `status`: `return cpu.request_abort(...)` from a semantic function
    /// while a transaction runs.
    bool request_abort(u32 status) {
        transaction_.requested_status = status;
        pending = {};
        return false;
    }

    /// Raises an exception: `return cpu.raise(...)` from a semantic function.
    bool raise(ExceptionVector vector, u32 error_code = 0) {
        pending = PendingException{.vector = vector, .error_code = error_code};
        return false;
    }

    /// Publishes `cycles` as the time that devices see.
    void publish_time() { clock.now = cycles; }
    [[nodiscard]] u64 time_stamp() const {
        clock.consulted = true;
        return cycles + clock.time_stamp_offset;
    }

    memory::PortBus& ports;
    memory::InterruptPins& pins;
    memory::InterruptController& interrupts;
    memory::Clock& clock;
    observe::Recorder& recorder;
    const presets::CpuModel& model;
    observe::PlaceMap places;

    /// Flat segments with limits of 64 KiB, CPL 0 and clear flags; the loader sets the rest.
    void reset();

    /// Between instructions: what is only used within one is no state.
    void visit_state(state::Visitor& visitor);

private:
    void visit_registers(state::Visitor& visitor);
    void visit_segments(state::Visitor& visitor);
    void visit_events(state::Visitor& visitor);
    void update_mode();
    void update_breakpoints();
    bool accept(const Result<void, mmu::Fault>& outcome);

    /// All of RFLAGS but the status flags and DF.
    u64 other_flags_ = arch::x86::Rflags::fixed_one.mask;
    u64 code_context_ = 0;
    Transaction transaction_;
    u64 dr7_ = arch::x86::Dr7::reset;
    u64 breakpoint_addresses_[arch::x86::breakpoint_count] = {};
    bool executes_to_breakpoint_ = false;
    bool watches_data_ = false;
    bool watches_ports_ = false;
    unsigned cpl_ = 0;
    Segment segments_[segment_register_count];
};

}  // namespace ringfence::sim::cpu

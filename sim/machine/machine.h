// SPDX-License-Identifier: MIT
// A whole machine: processor, memory and devices, with a kernel loaded. Runs are pure functions of
// the configuration: nothing of the host's time or randomness enters.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "sim/machine/boot/source.h"
#include "sim/machine/debug_view.h"
#include "sim/machine/idle_host.h"
#include "sim/machine/snapshot.h"
#include "sim/memory/byte_stream.h"
#include "sim/observe/cost_stack.h"
#include "sim/observe/counters.h"
#include "sim/observe/observer.h"
#include "sim/observe/place_map.h"
#include "sim/observe/unimplemented_collector.h"
#include "sim/presets/cpu_model.h"

namespace ringfence::sim::machine {

struct MachineConfig {
    u64 ram_bytes = 256 * mib;  ///< a multiple of 4 KiB from 1 MiB to 256 GiB
    presets::CpuModel cpu;
    boot::Source boot;
    /// COM1 to COM4. What they name outlives the machine.
    std::array<memory::SerialEndpoint, memory::serial_port_count> serial{};
    /// What the guest reaches by abi::channel_port. What it names outlives the machine.
    memory::SerialEndpoint channel{};
    /// Told when the guest waits; null: nothing ever comes from outside. Outlives the machine.
    IdleHost* idle_host = nullptr;
    u64 instruction_limit = ~u64{0};
    /// Looked at every few milliseconds of host time; null: never. Outlives the machine.
    const std::atomic<bool>* stop = nullptr;
    std::vector<observe::Observer*> observers{};  ///< outlive the machine
    observe::PlaceMap places{};
    /// What the real-time clock shows at the start: Unix time. 2020-01-01 00:00:00 UTC.
    u64 start_seconds = 1'577'836'800;
    /// Publish an MP configuration table: how a kernel without ACPI finds the I/O APIC. The CPU
    /// must have a local APIC.
    bool mp_table = false;
    /// Have what QEMU's `-device pc-testdev` is to test suites (devices::TestDevice).
    bool test_device = false;
    /// Report each use of a translation that the tables no longer contain. Slow.
    bool strict_tlb = false;
    /// Account for every cycle, and run what the processor runs in vain. Else an instruction takes
    /// one cycle.
    bool timed = false;
    /// End with Stuck when the processor does the same for ever (machine/standstill.h).
    bool ends_when_stuck = false;
    /// And when so many exceptions come in a row that no instruction completes, though it is not
    /// proved that it will not: a multiple of 65536, else the next one. With the default they have
    /// run through 3 GiB of stack.
    u64 most_fruitless_exceptions = u64{1} << 26;
};

/// How to go on from a snapshot: what is not part of it.
struct ResumeConfig {
    /// As in MachineConfig. Input that the first machine had not taken is not in the snapshot.
    std::array<memory::SerialEndpoint, memory::serial_port_count> serial{};
    memory::SerialEndpoint channel{};
    IdleHost* idle_host = nullptr;
    u64 instruction_limit = ~u64{0};  ///< counted from when the first machine was made
    /// As in MachineConfig.
    const std::atomic<bool>* stop = nullptr;
    std::vector<observe::Observer*> observers{};  ///< outlive the machine
    bool strict_tlb = false;
    /// Account for every cycle from here on, if the machine that was saved did not: caches, TLBs
    /// and predictors are empty then.
    bool timed = false;
    bool ends_when_stuck = false;  ///< as in MachineConfig
    /// Instead of the saved CPU. To software it must be the same one: figures that decide over time
    /// alone may differ.
    std::optional<presets::CpuModel> cpu{};
};

/// What a timed run took, from the start or from the first user instruction.
struct TimedCounts {
    observe::CostStack stack;        ///< its total is the run's cycles
    u64 instruction_tlb_misses = 0;  ///< of the first level
    u64 data_tlb_misses = 0;
    u64 page_walks = 0;
    u64 branches = 0;
    u64 mispredictions = 0;

    void visit_state(state::Visitor& visitor);
};

struct MachineEnd {
    enum class Reason : u8 {
        DebugExit,         ///< the guest wrote to the debug exit port
        PowerOff,          ///< the guest switched the machine off
        Reset,             ///< the guest asked for a reset, if by a triple fault then with an
                           ///< empty interrupt table
        TripleFault,       ///< an exception could not be delivered
        HaltedForever,     ///< halted, and nothing can wake it
        Stuck,             ///< does the same for ever, and nothing can end that
        InstructionLimit,  ///< MachineConfig::instruction_limit, or that of run_to
        Paused,            ///< `pause` was called, or an address to stop at is reached
        Stopped,           ///< MachineConfig::stop became true
    };
    Reason reason;
    u32 exit_code = 0;  ///< DebugExit: what was written
    /// Reset: a full one, as the reset control register (port CF9H) can ask for, or a triple fault.
    bool power_cycle = false;
    VirtualAddress rip{};  ///< of the instruction that would have been next
    std::string detail;    ///< for people: where the processor was
    std::string how{};     ///< Stuck: for people, what goes on for ever
};

/// Not shared between threads; any number of machines may run, each in its own thread.
class Machine {
public:
    /// Makes a machine and loads the kernel. The error is one line: what is wrong, and where.
    static Result<std::unique_ptr<Machine>, std::string> create(MachineConfig config);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    /// Makes a machine that goes on where the snapshot was taken, as the one that it was taken of
    /// does: with the same CPU, to the same cycle. The error is one line: what in the snapshot no
    /// machine can be in.
    static Result<std::unique_ptr<Machine>, std::string> resume(const Snapshot& snapshot,
                                                                ResumeConfig config);

    /// Runs to an end. After InstructionLimit, Paused or Stopped it may be called again, to go on.
    MachineEnd run();
    /// As `run`, but ends with InstructionLimit at the latest when so many instructions have
    /// retired since the first machine was made. May be called again with more.
    MachineEnd run_to(u64 instructions);

    /// The state between two runs, as it is now: the machine is none the wiser. The caller's own
    /// sections, whose names begin with "host.", are kept with it. The error is one line. There is
    /// one unless `can_be_captured`.
    [[nodiscard]] Result<std::shared_ptr<const Snapshot>, std::string> capture(
        std::vector<snapshot::Section> own = {}) const;

    /// False right behind, or in the midst of, a repeated string instruction that the timed engine
    /// has not timed yet, as at a stop address there. One instruction later it has.
    [[nodiscard]] bool can_be_captured() const;

    /// Asks a run to end with Paused. Called by an observer while it hears of something: right
    /// behind the instruction that caused it. By an IdleHost: before any time passes.
    void pause();
    /// From now on runs end with Paused whenever an instruction at one of these linear addresses
    /// comes next, in whatever address space; MachineEnd::rip is where. Nothing in the guest
    /// changes by that.
    void stop_at(std::vector<VirtualAddress> addresses);
    /// The next run does not end before the instruction that comes next.
    void pass_stop();

    /// For debuggers, between two runs. Valid as long as the machine.
    [[nodiscard]] DebugView debug_view();

    /// From now on tells another observer too, which outlives the machine. Between runs.
    void observe(observe::Observer& observer);

    /// Asks for an NMI. Called by an observer that wants instructions, before one of them, it is
    /// taken right after that instruction (unless NMIs are blocked then: as soon as they are not).
    void raise_nmi();
    /// Sends an edge-triggered interrupt to the local APIC: it comes when interrupts are on. False:
    /// the APIC is off, or there is none. When it may be called, here and below: as for raise_nmi.
    bool raise_interrupt(u8 vector);
    /// The hardware finds an error that it corrects: the machine check comes next, whatever is
    /// masked, and its handler is told that the program may go on (IA32_MCG_STATUS.RIPV). Where
    /// CR4.MCE is off, or another one is being handled, the processor shuts down.
    void raise_machine_check();
    /// The debug exception of breakpoint `number` (0 to 3) comes next, as a trap: as if the
    /// instruction before had met it, or MOV SS had held it back until now. No debug register has
    /// to be set up. What DR6 tells is that breakpoint.
    void raise_debug_trap(unsigned number);
    /// The next instruction meets a page fault, whatever the tables say: as by a translation that
    /// had fewer rights when the processor cached it than it has now. [intel/vol3]: 4.10.4.3
    void raise_page_fault(VirtualAddress address, u32 error_code);

    [[nodiscard]] const observe::Counters& counters() const;
    /// Core cycles since the machine was made, those in which it was halted among them.
    [[nodiscard]] u64 cycles() const;
    /// The counters when the guest first went to user mode; nothing if it never did.
    [[nodiscard]] const std::optional<observe::Counters>& counters_at_first_user() const;
    /// Of a timed machine: nothing otherwise.
    [[nodiscard]] std::optional<TimedCounts> timed_counts() const;
    /// When the guest first went to user mode; nothing if it never did or the machine is not timed.
    [[nodiscard]] const std::optional<TimedCounts>& timed_counts_at_first_user() const;
    /// Equal for timed runs that went the same way to the last cycle and cache line; 0 if not
    /// timed.
    [[nodiscard]] u64 timing_digest() const;
    /// Copies guest RAM out, for observers and tools; false (and nothing copied) unless all of
    /// [address, address + out.size()) is RAM.
    [[nodiscard]] bool read_physical(PhysicalAddress address, std::span<u8> out) const;

    /// Instructions that the guest wanted and the machine has not.
    [[nodiscard]] std::vector<observe::UnimplementedCollector::Row> unimplemented() const;

private:
    struct Parts;
    explicit Machine(std::unique_ptr<Parts> parts);
    /// `by_faults`: no instruction completed.
    std::optional<MachineEnd> end_if_stuck(u64 limit, bool by_faults);
    std::optional<MachineEnd> end_after_events();
    std::optional<MachineEnd> pass_idle_time();
    [[nodiscard]] MachineEnd guest_end() const;
    [[nodiscard]] MachineEnd triple_fault_end() const;
    [[nodiscard]] MachineEnd end(MachineEnd::Reason reason) const;

    std::unique_ptr<Parts> parts_;
};

}  // namespace ringfence::sim::machine

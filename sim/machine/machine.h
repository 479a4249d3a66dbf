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
    /// A 64-bit x86 ELF executable with a PVH note; read while the machine is made.
    std::span<const u8> kernel;
    std::span<const u8> initramfs{};  ///< may be empty; read while the machine is made
    std::string command_line{};
    /// COM1 to COM4. What they name outlives the machine.
    std::array<memory::SerialEndpoint, memory::serial_port_count> serial{};
    u64 instruction_limit = ~u64{0};
    /// Looked at every few milliseconds of host time; null: never. Outlives the machine.
    const std::atomic<bool>* stop = nullptr;
    std::vector<observe::Observer*> observers{};  ///< outlive the machine
    observe::PlaceMap places{};
    /// What the real-time clock shows at the start: Unix time. 2020-01-01 00:00:00 UTC.
    u64 start_seconds = 1'577'836'800;
    /// Report each use of a translation that the tables no longer contain. Slow.
    bool strict_tlb = false;
    /// Account for every cycle, and run what the processor runs in vain. Else an instruction takes
    /// one cycle.
    bool timed = false;
};

/// What a timed run took, from the start or from the first user instruction.
struct TimedCounts {
    observe::CostStack stack;        ///< its total is the run's cycles
    u64 instruction_tlb_misses = 0;  ///< of the first level
    u64 data_tlb_misses = 0;
    u64 page_walks = 0;
    u64 branches = 0;
    u64 mispredictions = 0;
};

struct MachineEnd {
    enum class Reason : u8 {
        DebugExit,         ///< the guest wrote to the debug exit port
        Reset,             ///< the guest asked for a reset
        TripleFault,       ///< an exception could not be delivered
        HaltedForever,     ///< halted, and nothing can wake it
        InstructionLimit,  ///< MachineConfig::instruction_limit
        Stopped,           ///< MachineConfig::stop became true
    };
    Reason reason;
    u32 exit_code = 0;   ///< DebugExit: what was written
    std::string detail;  ///< for people: where the processor was
};

/// Not shared between threads; any number of machines may run, each in its own thread.
class Machine {
public:
    /// Makes a machine and loads the kernel. The error is one line: what is wrong, and where.
    static Result<std::unique_ptr<Machine>, std::string> create(MachineConfig config);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    /// Runs to an end. After InstructionLimit or Stopped the state is whole, but runs do not
    /// resume.
    MachineEnd run();

    /// Asks for an NMI. Called by an observer that wants instructions, before one of them, it is
    /// taken right after that instruction (unless NMIs are blocked then: as soon as they are not).
    void raise_nmi();

    [[nodiscard]] const observe::Counters& counters() const;
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
    std::optional<MachineEnd> end_after_events();
    [[nodiscard]] MachineEnd guest_end() const;
    [[nodiscard]] MachineEnd end(MachineEnd::Reason reason) const;

    std::unique_ptr<Parts> parts_;
};

}  // namespace ringfence::sim::machine

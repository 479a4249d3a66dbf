// SPDX-License-Identifier: MIT
// The one interface behind which the built-in machine and QEMU look the same.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/cpu_selection.h"
#include "lab/machine/guest_session.h"
#include "lab/machine/kernel_image.h"
#include "lab/machine/stop_request.h"
#include "lab/machine/terminal_link.h"
#include "sim/observe/cost_stack.h"
#include "sim/observe/counters.h"

namespace ringfence::sim::machine {
class Machine;
}  // namespace ringfence::sim::machine
namespace ringfence::sim::observe {
class Observer;
}  // namespace ringfence::sim::observe

namespace ringfence::lab::machine {

enum class MachineKind { Builtin, Qemu };

/// Sees a machine from within while it runs.
class Spectator {
public:
    virtual ~Spectator() = default;
    [[nodiscard]] virtual sim::observe::Observer& observer() = 0;
    /// The machine is made and has not run. It is gone when the run is over.
    virtual void attach(sim::machine::Machine& machine) = 0;
};

/// Inputs of a run. What they refer to outlives it.
struct MachineRequest {
    const KernelImage* kernel = nullptr;  ///< null: the machine has one of its own
    std::string_view initramfs;
    std::string_view program{};  ///< the program's ELF file, for the symbols of a trace
    std::string command_line;
    std::string cpu;  ///< of the backend's selection; QEMU has one processor of its own
    u64 memory_mib = 256;
    u64 most_instructions = 0;  ///< 0: no limit
    std::string trace_file;     ///< empty: no trace
    std::string gdb{};          ///< where a debugger is waited for (gdb::Listener); empty: none
    bool repeatable = false;    ///< no input may come from the host's clock
    bool timed = false;         ///< account for every cycle; QEMU cannot
    /// Looks on, on the built-in machine, at this run alone; null: nobody does.
    Spectator* spectator = nullptr;
    bool strict_tlb = false;  ///< tell the spectator of every use of a stale translation; slow
    /// The console, which the kernel's command line makes a terminal; null: it is none. What is
    /// typed comes when it comes: such a run cannot be repeated.
    TerminalLink* terminal = nullptr;
};

enum class MachineEnd {
    Finished,          ///< the kernel ended the machine after the program ended
    KernelPanic,       ///< the kernel stopped itself
    TripleFault,       ///< the processor shut down
    Hang,              ///< nothing can happen any more
    InstructionLimit,  ///< `most_instructions` were executed
    Stopped,           ///< the stop request was seen
    Broken,            ///< the machine itself failed; the detail says how
};

struct UnimplementedInstruction {
    u64 address;
    std::string instruction;  ///< disassembled
    std::string bytes;        ///< in hexadecimal
    bool user;
    u64 count;
};

struct MachineOutcome {
    MachineEnd end;
    std::string detail{};  ///< for the ends that are errors
    /// From the first user instruction on; only from a machine that counts.
    std::optional<sim::observe::Counters> counters{};
    std::optional<u64> boot_instructions{};  ///< executed before the first user instruction
    /// From the first user instruction on; only from a timed engine.
    std::optional<u64> cycles{};
    std::optional<sim::observe::CostStack> stack{};
    std::optional<u64> instruction_tlb_misses{};  ///< of the first level
    std::optional<u64> data_tlb_misses{};
    std::optional<u64> branches{};
    std::optional<u64> mispredictions{};
    std::vector<UnimplementedInstruction> unimplemented{};
    /// How far the kernel has moved from its linked addresses; only from a machine that can be
    /// looked at, and a kernel that says so by the symbol `layout_displacements`.
    std::optional<u64> kernel_displacement{};
};

class MachineBackend {
public:
    virtual ~MachineBackend() = default;

    /// Whether a guest on this processor finds PCID. Throws Failure::Usage for an unknown
    /// processor.
    [[nodiscard]] virtual bool has_pcid(const std::string& cpu) const = 0;
    /// Cycles of the time-stamp counter per second; nothing where the host's clock decides. Throws
    /// as has_pcid does.
    [[nodiscard]] virtual std::optional<u64> clock_hz(const std::string& cpu) const = 0;

    /// Runs a guest to its end on the calling thread. Several runs may go on in several threads.
    [[nodiscard]] virtual MachineOutcome run(const MachineRequest& request, GuestSession& session,
                                             StopRequest& stop) = 0;
};

/// `cpus`: the processors by the names that requests use.
[[nodiscard]] std::unique_ptr<MachineBackend> make_builtin_backend(CpuSelection cpus);
[[nodiscard]] std::unique_ptr<MachineBackend> make_qemu_backend();

}  // namespace ringfence::lab::machine

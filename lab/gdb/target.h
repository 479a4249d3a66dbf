// SPDX-License-Identifier: MIT
// What is debugged, as the protocol's commands see it: registers, memory, and ways to run.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "sim/machine/debug_registers.h"

namespace ringfence::lab::gdb {

using sim::machine::DebugRegisters;

enum class Space { Virtual, Physical };

enum class Motion { Continue, Step, ReverseContinue, ReverseStep };

/// A range of linear addresses whose accesses stop a run.
struct Watch {
    enum class Kind { Write, Read, Access };
    Kind kind = Kind::Write;
    u64 first = 0;
    u64 bytes = 0;

    auto operator<=>(const Watch&) const = default;
};

/// Where runs stop. Both kinds of breakpoints work by address and change nothing in the guest; they
/// are told apart because debuggers do.
struct Stops {
    std::set<u64> software;
    std::set<u64> hardware;
    std::set<Watch> watches;

    bool operator==(const Stops&) const = default;
};

/// Why a run has stopped.
struct Halt {
    enum class Kind {
        Stepped,
        Breakpoint,
        Watchpoint,    ///< `watch` is met: after the access; before it, if the run went backward
        Interrupted,   ///< the debugger asked for it
        HistoryBegin,  ///< there is nothing before
        HistoryEnd,    ///< the machine has ended; from here one can only go back, or leave
        Ended,         ///< the machine has ended, with `status`
        Failed,        ///< it cannot run: `message`
    };
    Kind kind = Kind::Stepped;
    Watch watch{};
    u8 status = 0;
    bool by_failure = false;  ///< Ended: as if a signal had killed it
    std::string message{};
};

/// The debugger, while a command of its runs.
class Debugger {
public:
    virtual ~Debugger() = default;
    /// Whether it wants the run to stop. Asked now and then.
    [[nodiscard]] virtual bool wants_stop() = 0;
    /// Shows text to its user.
    virtual void tell(std::string_view text) = 0;
};

class Target {
public:
    virtual ~Target() = default;

    /// Whether the processor has 64-bit registers; never changes.
    [[nodiscard]] virtual bool is_64_bit() const = 0;
    [[nodiscard]] virtual DebugRegisters registers() = 0;
    /// False, and nothing has changed, if some value cannot be set.
    [[nodiscard]] virtual bool set_registers(const DebugRegisters& wanted) = 0;

    /// False unless all of it can be read, or written; then nothing has changed.
    [[nodiscard]] virtual bool read(Space space, u64 address, std::span<u8> out) = 0;
    [[nodiscard]] virtual bool write(Space space, u64 address, std::span<const u8> bytes) = 0;

    /// Most ranges of Stops::watches.
    [[nodiscard]] virtual usize most_watches() const = 0;

    [[nodiscard]] virtual Halt resume(Motion motion, const Stops& stops, Debugger& debugger) = 0;
    /// Why it cannot run backward; empty if it can.
    [[nodiscard]] virtual std::string no_reverse() const = 0;

    /// A command of the user's, in the words of this target; the answer is text for people.
    [[nodiscard]] virtual std::string monitor(std::string_view command) = 0;
};

}  // namespace ringfence::lab::gdb

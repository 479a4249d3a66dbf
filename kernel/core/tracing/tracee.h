// SPDX-License-Identifier: MIT
// A thread that another one traces: who does, how, and in what stop it is. It exists from attaching
// to detaching; of a thread that has ended, until its tracer has waited for it. [linux/abi]:
// ptrace(2)
#pragma once

#include <optional>

#include "base/bits.h"
#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/signal/signal_information.h"

namespace ringfence::kernel {

class Process;
class Thread;

/// PTRACE_O_*. [linux/abi]: include/uapi/linux/ptrace.h
namespace trace_options {
using MarkCalls = Flag<0, u32>;  ///< TRACESYSGOOD
using Fork = Flag<1, u32>;
using VFork = Flag<2, u32>;
using Clone = Flag<3, u32>;
using Exec = Flag<4, u32>;
using VForkDone = Flag<5, u32>;
using Exit = Flag<6, u32>;
using Seccomp = Flag<7, u32>;  ///< without filters nothing comes of it
using KillOnExit = Flag<20, u32>;
inline constexpr u32 known = MarkCalls::mask | Fork::mask | VFork::mask | Clone::mask | Exec::mask |
                             VForkDone::mask | Exit::mask | Seccomp::mask | KillOnExit::mask;
}  // namespace trace_options

/// PTRACE_EVENT_*. Those below Stop are asked for by the option of the same bit number.
enum class TraceEvent : u32 { Fork = 1, VFork = 2, Clone = 3, Exec = 4, VForkDone = 5, Exit = 6 };
inline constexpr u32 trace_event_stop = 128;

/// What the status of a stop holds above the signal, and what a stop at a system call has in it.
using StopEvent = Bitfield<8, 24, u32>;
using CallMark = Flag<7, u32>;

/// PTRACE_EVENTMSG_SYSCALL_*: what a stop at a system call leaves for GETEVENTMSG.
enum class CallMessage : u64 { Entry = 1, Exit = 2 };

class Tracee final : public RefCounted, public Counted<Tracee> {
public:
    Tracee(Thread& traced, bool seize, u32 wanted_options);
    ~Tracee() override;

    /// Joins the tracees of `by`, which keep it alive.
    void join(Thread& by);
    /// Leaves them: nobody traces it any more. The caller has a Ref.
    void leave();

    [[nodiscard]] bool wants(TraceEvent event) const {
        return (options & bit<u32>(static_cast<unsigned>(event))) != 0;
    }
    /// It is in a stop, whether or not its tracer knows of it.
    [[nodiscard]] bool is_stopped() const;
    /// Something that wait can report.
    [[nodiscard]] bool has_report() const { return (ended || is_stopped()) && unreported; }
    [[nodiscard]] bool is_leader() const;

    u32 id;                    ///< the thread's, which is nobody else's yet even if that has ended
    Thread* thread;            ///< null once it has ended
    Thread* tracer = nullptr;  ///< null once nobody traces it
    Ref<Process> process;      ///< the thread's
    ListHook<Tracee> tracer_hook{this};
    bool seized;
    u32 options;

    // Its stop.
    u32 code = 0;    ///< the signal and the event of the stop; afterwards the tracer's answer
    i32 reason = 0;  ///< si_code of SIGCHLD
    u64 message = 0;
    std::optional<SignalInformation> information;
    bool delivers = false;    ///< the answer is the signal to be delivered
    bool unreported = false;  ///< nobody has waited for it
    bool listening = false;   ///< PTRACE_LISTEN: stopped as if nobody traced it
    bool in_call = false;     ///< in a system call whose end it may have to report

    // Its end.
    bool ended = false;
    u32 end_status = 0;  ///< as wait encodes it
};

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
// Waiting for children.
#include "kernel/core/fs/process_file.h"
#include "kernel/core/process/exit.h"
#include "kernel/core/process/resource_usage.h"
#include "kernel/core/signal/signal_information.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/tracing/end.h"
#include "kernel/core/tracing/tracing.h"

namespace ringfence::kernel::syscalls {

namespace {

/// Options of wait4 and waitid. [linux/abi]: include/uapi/linux/wait.h
namespace wait_bits {
using NoHang = Flag<0, u32>;
using Stopped = Flag<1, u32>;
using Exited = Flag<2, u32>;
using Continued = Flag<3, u32>;
using NoWait = Flag<24, u32>;
using NoThread = Flag<29, u32>;
using All = Flag<30, u32>;
using Clone = Flag<31, u32>;
constexpr u32 children_kinds = NoThread::mask | All::mask | Clone::mask;
}  // namespace wait_bits

/// Which children are meant.
struct Selection {
    enum class By : u8 { Any, Id, Group, One } by = By::Any;
    u32 number = 0;
    u32 options = 0;
    Ref<Process> one{};

    [[nodiscard]] bool matches(const Process& child) const {
        const bool is_clone = child.exit_signal != signals::child;
        return (wait_bits::All::test(options) || is_clone == wait_bits::Clone::test(options)) &&
               names(child, child.id());
    }
    /// Of the two kinds of children, the caller's tracees are both.
    [[nodiscard]] bool matches(const Tracee& tracee) const {
        return names(*tracee.process, tracee.id);
    }
    [[nodiscard]] bool names(const Process& child, u32 id) const {
        switch (by) {
            case By::Any:
                return true;
            case By::Id:
                return id == number;
            case By::Group:
                return child.group == number;
            case By::One:
                return one == &child && id == child.id();
        }
        return false;
    }
};

struct Event {
    Ref<Process> child;
    u32 id = 0;
    Ref<Tracee> tracee{};  ///< null: a child as such
    u32 status = 0;        ///< as wait4 encodes it
    i32 code = 0;          ///< si_code
    i32 value = 0;         ///< si_status
};

constexpr u32 stopped_status = 127;
constexpr u32 continued_status = 65535;
/// Of a stop's status: the signal, and the event that a tracer asked for.
using StopCode = Bitfield<8, 24, u32>;

/// `status` as wait encodes it.
Event end_event(Process& child, u32 id, Ref<Tracee> tracee, u32 status) {
    using Signal = Bitfield<0, 7, u32>;
    using Code = Bitfield<8, 8, u32>;
    const u32 signal = Signal::get(status);
    return {Ref<Process>(&child),
            id,
            std::move(tracee),
            status,
            signal != 0 ? signal_codes::child_killed : signal_codes::child_exited,
            static_cast<i32>(signal != 0 ? signal : Code::get(status))};
}

std::optional<Event> event_of(Process& child, const Selection& wanted) {
    const bool consume = !wait_bits::NoWait::test(wanted.options);
    const bool traced = traces_leader(current_process(), child);
    // The end of a process that another traces is first the tracer's to see.
    const bool own_to_see = !child.ended_leader || traced;
    if (child.is_zombie() && own_to_see && wait_bits::Exited::test(wanted.options)) {
        return end_event(child, child.id(), nullptr, child.status.encoded());
    }
    if (child.stop_unreported && !traced && wait_bits::Stopped::test(wanted.options)) {
        child.stop_unreported = !consume;
        return Event{Ref<Process>(&child),
                     child.id(),
                     nullptr,
                     StopCode::make(child.stop_signal) | stopped_status,
                     signal_codes::child_stopped,
                     static_cast<i32>(child.stop_signal)};
    }
    if (child.resume_unreported && wait_bits::Continued::test(wanted.options)) {
        child.resume_unreported = !consume;
        return Event{Ref<Process>(&child),
                     child.id(),
                     nullptr,
                     continued_status,
                     signal_codes::child_continued,
                     static_cast<i32>(signals::resume)};
    }
    return std::nullopt;
}

/// Stops are told whether or not the tracer asks for such.
std::optional<Event> event_of(Tracee& tracee, const Selection& wanted) {
    if (!tracee.has_report()) {
        return std::nullopt;
    }
    if (tracee.ended) {
        if (!wait_bits::Exited::test(wanted.options)) {
            return std::nullopt;
        }
        // The end of the whole process is every thread's, once it has begun.
        const Process& process = *tracee.process;
        const u32 status = process.group_exiting ? process.status.encoded() : tracee.end_status;
        return end_event(*tracee.process, tracee.id, Ref<Tracee>(&tracee), status);
    }
    const u32 code = tracee.code;
    if (!wait_bits::NoWait::test(wanted.options)) {
        tracee.unreported = false;
        tracee.code = 0;
    }
    return Event{tracee.process,       tracee.id,
                 Ref<Tracee>(&tracee), StopCode::make(code) | stopped_status,
                 tracee.reason,        static_cast<i32>(code)};
}

struct Search {
    bool any_match = false;
    std::optional<Event> event;
};

template <typename List>
void search_in(List& list, const Selection& wanted, Search& found) {
    for (auto& candidate : list) {
        if (found.event) {
            return;
        }
        if (wanted.matches(candidate)) {
            found.any_match = true;
            found.event = event_of(candidate, wanted);
        }
    }
}

Search search(Process& parent, const Selection& wanted) {
    Search found;
    search_in(parent.children, wanted, found);
    for (Thread& thread : parent.threads) {
        if (&thread == &current_thread() || !wait_bits::NoThread::test(wanted.options)) {
            search_in(thread.tracees, wanted, found);
        }
    }
    return found;
}

/// The next event of the selected children; none if there is none now and WNOHANG is set.
Fallible<std::optional<Event>> next_event(const Selection& wanted) {
    Process& parent = current_process();
    Search found = search(parent, wanted);
    if (found.any_match && !found.event && !wait_bits::NoHang::test(wanted.options)) {
        RF_TRY(wait_until(parent.child_changed, [&] {
            found = search(parent, wanted);
            return found.event.has_value() || !found.any_match;
        }));
    }
    if (!found.any_match) {
        return Error{Errno::Echild};
    }
    return found.event;
}

/// Takes an ended child away, whether or not it can be told; what it has used.
ResourceUsage finish(const Event& event, const Selection& wanted) {
    Process& child = *event.child;
    const ResourceUsage usage = usage_of_child(child);
    if (event.tracee) {
        if (event.tracee->ended && !wait_bits::NoWait::test(wanted.options)) {
            forget_end(*event.tracee);
        }
    } else if (child.is_zombie() && !wait_bits::NoWait::test(wanted.options)) {
        reap(child);
    }
    return usage;
}

/// P_PIDFD. True if the descriptor does not want the call to wait; Ebadf if it is no pidfd.
Fallible<bool> select_by_descriptor(Selection& wanted, i32 descriptor) {
    RF_TRY_ASSIGN(file, file_of(descriptor));
    const ProcessFile* const pidfd = file_cast<ProcessFile>(*file);
    if (pidfd == nullptr) {
        return Error{Errno::Ebadf};
    }
    wanted.by = Selection::By::One;
    wanted.one = Ref<Process>(&pidfd->process());
    return !file->may_block();
}

/// What of siginfo_t waitid fills in, and what it leaves alone: the padding between the two, and
/// all behind them.
Nothing write_child_information(Pointer to, const SignalInformation& report) {
    constexpr usize part = 12;  // si_signo, si_errno, si_code; si_pid, si_uid, si_status
    const SignalInformationImage image = to_image(report);
    const auto* const bytes = reinterpret_cast<const u8*>(&image);
    constexpr usize fields = offsetof(SignalInformationImage, fields);
    RF_TRY(write_user_bytes(to, {bytes, part}));
    return write_user_bytes(to + fields, {bytes + fields, part});
}

}  // namespace

Value wait4(i32 id, Pointer status, u32 options, Pointer usage) {
    using namespace wait_bits;
    if ((options & ~(NoHang::mask | Stopped::mask | Continued::mask | children_kinds)) != 0) {
        return Error{Errno::Einval};
    }
    Selection wanted{.options = options | Exited::mask};
    if (id > 0) {
        wanted.by = Selection::By::Id;
        wanted.number = static_cast<u32>(id);
    } else if (id != -1) {
        wanted.by = Selection::By::Group;
        wanted.number = id == 0 ? current_process().group : u32{0} - static_cast<u32>(id);
    }
    RF_TRY_ASSIGN(event, next_event(wanted));
    if (!event) {
        return u64{0};
    }
    const u64 child = event->id;
    const ResourceUsage used = finish(*event, wanted);
    RF_TRY(write_user_if_wanted(status, event->status));
    RF_TRY(write_user_if_wanted(usage, used));
    return child;
}

Nothing waitid(u32 kind, i32 id, Pointer information, u32 options, Pointer usage) {
    using namespace wait_bits;
    constexpr u32 events = Stopped::mask | Exited::mask | Continued::mask;
    constexpr u32 known = events | NoHang::mask | NoWait::mask | children_kinds;
    if ((options & ~known) != 0 || (options & events) == 0) {
        return Error{Errno::Einval};
    }
    enum Kind : u32 { All = 0, Id = 1, Group = 2, ProcessDescriptor = 3 };
    Selection wanted{.number = static_cast<u32>(id), .options = options};
    bool may_wait = true;
    if (kind == Kind::Id && id > 0) {
        wanted.by = Selection::By::Id;
    } else if (kind == Kind::Group && id >= 0) {
        wanted.by = Selection::By::Group;
        wanted.number = id == 0 ? current_process().group : wanted.number;
    } else if (kind == Kind::ProcessDescriptor && id >= 0) {
        RF_TRY_ASSIGN(non_blocking, select_by_descriptor(wanted, id));
        may_wait = !non_blocking;
    } else if (kind != Kind::All) {
        return Error{Errno::Einval};
    }
    if (!may_wait) {
        wanted.options |= NoHang::mask;
    }
    RF_TRY_ASSIGN(event, next_event(wanted));
    if (!event && !may_wait && !NoHang::test(options)) {
        return Error{Errno::Eagain};  // the descriptor's wish, not the call's
    }
    SignalInformation report{.kind = SignalInformation::Kind::Child};
    if (event) {
        report = {.number = signals::child,
                  .code = event->code,
                  .kind = SignalInformation::Kind::Child,
                  .sender = event->id,
                  .sender_user = event->child->credentials.user.real,
                  .status = event->value};
    }
    if (event) {
        const ResourceUsage used = finish(*event, wanted);
        RF_TRY(write_user_if_wanted(usage, used));
    }
    return information == Pointer{} ? Nothing{} : write_child_information(information, report);
}

}  // namespace ringfence::kernel::syscalls

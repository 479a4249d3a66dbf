// SPDX-License-Identifier: MIT
#include "kernel/core/tracing/end.h"

#include "kernel/core/process/exit.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/tracing/tracing.h"

namespace ringfence::kernel {

namespace {

/// The tracer ignores SIGCHLD, so nobody will wait.
bool is_unwatched(const Tracee& tracee) {
    const SignalAction& action = tracee.tracer->process().handlers->action(signals::child);
    return action.is_ignored() || action_bits::NoChildWait::test(action.flags);
}

void tell_tracer_of_end(Tracee& tracee) {
    Process& tracer = tracee.tracer->process();
    const WaitStatus& status = tracee.process->status;
    const bool killed = status.signal != 0;
    send_signal(tracer, {.number = signals::child,
                         .code = killed ? signal_codes::child_killed : signal_codes::child_exited,
                         .kind = SignalInformation::Kind::Child,
                         .sender = tracee.id,
                         .sender_user = tracee.process->credentials.user.real,
                         .status = static_cast<i32>(killed ? status.signal : status.exit_code)});
    tracer.child_changed.wake_all();
}

void end_with(Tracee& tracee, u32 status) {
    tracee.ended = true;
    tracee.unreported = true;
    tracee.end_status = status;
    tell_tracer_of_end(tracee);
    if (is_unwatched(tracee)) {
        release_tracee(tracee);
    }
}

}  // namespace

void end_tracing(Thread& self, const WaitStatus& status) {
    release_all_tracees(self);
    const Ref<Tracee> tracee = std::exchange(self.tracee, nullptr);
    if (!tracee) {
        return;
    }
    tracee->thread = nullptr;
    tracee->unreported = false;
    tracee->information.reset();
    if (tracee->is_leader()) {
        self.process().ended_leader = tracee;
    } else {
        end_with(*tracee, status.encoded());
    }
}

bool withhold_end(Process& process) {
    const Ref<Tracee> tracee = process.ended_leader;
    if (!tracee || &tracee->tracer->process() == process.parent) {
        return false;
    }
    end_with(*tracee, process.status.encoded());
    return true;
}

void forget_end(Tracee& tracee) {
    const Ref<Tracee> held(&tracee);
    tracee.leave();
    Process& process = *tracee.process;
    if (process.ended_leader == &tracee) {
        process.ended_leader = nullptr;
        if (process.is_zombie()) {
            announce_end(process);
        }
    }
}

bool is_ended_tracee(u32 id) {
    if (Tracee::live() == 0) {
        return false;
    }
    for (const Ref<Process>& process : processes().all()) {
        for (const Thread& thread : process->threads) {
            for (const Tracee& tracee : thread.tracees) {
                if (tracee.id == id) {
                    return true;
                }
            }
        }
    }
    return false;
}

}  // namespace ringfence::kernel

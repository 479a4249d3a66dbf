// SPDX-License-Identifier: MIT
#include "kernel/core/terminal/job_control.h"

#include "kernel/core/process/process_groups.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/send.h"

namespace ringfence::kernel {

namespace {

bool leads_session(const Process& process) {
    return process.session == process.id();
}

void clear_terminals(u32 session) {
    for (const Ref<Process>& process : processes().all()) {
        if (process->session == session) {
            process->terminal = nullptr;
        }
    }
}

void take(Process& leader, Terminal& terminal) {
    terminal.session = leader.session;
    terminal.foreground = leader.group;
    leader.terminal = Ref<Terminal>(&terminal);
    leader.lost_foreground = 0;
}

}  // namespace

void signal_group(u32 group, u32 session, u32 number) {
    for (const Ref<Process>& process : processes().all()) {
        if (process->group == group && process->session == session) {
            send_signal(*process, {.number = number, .code = signal_codes::kernel});
        }
    }
}

Fallible<void> check_foreground(const Terminal& terminal, u32 signal) {
    const Process& self = current_process();
    if (!(self.terminal == &terminal) || terminal.foreground == 0 ||
        terminal.foreground == self.group) {
        return {};
    }
    if (current_thread().blocked.contains(signal) || self.handlers->action(signal).is_ignored()) {
        return signal == signals::terminal_input ? Fallible<void>(Error{Errno::Eio})
                                                 : Fallible<void>{};
    }
    if (is_orphaned_group(self.group)) {
        return Error{Errno::Eio};
    }
    signal_group(self.group, self.session, signal);
    return Error{Errno::RestartIfFlagged};
}

void acquire_if_free(Terminal& terminal) {
    Process& self = current_process();
    if (leads_session(self) && !self.terminal && terminal.session == 0) {
        take(self, terminal);
    }
}

Fallible<void> acquire(Terminal& terminal, bool open_for_reading, Steal steal) {
    Process& self = current_process();
    if (leads_session(self) && terminal.session == self.session) {
        return {};
    }
    const bool privileged = self.credentials.may(Capability::SysAdmin);
    const bool may_take = terminal.session == 0 || (steal == Steal::Yes && privileged);
    if (!leads_session(self) || self.terminal || !may_take || !(open_for_reading || privileged)) {
        return Error{Errno::Eperm};
    }
    if (terminal.session != 0) {
        clear_terminals(terminal.session);
    }
    take(self, terminal);
    return {};
}

Fallible<void> give_up(const Terminal& terminal) {
    Process& self = current_process();
    if (!(self.terminal == &terminal)) {
        return Error{Errno::Enotty};
    }
    if (leads_session(self)) {
        const Ref<Terminal> given = self.terminal;
        for (const u32 number : {signals::hangup, signals::resume}) {
            given->signal_foreground(number);
        }
        given->session = given->foreground = 0;
        clear_terminals(self.session);
    }
    self.terminal = nullptr;
    return {};
}

Fallible<void> set_foreground(Terminal& terminal, i32 group) {
    if (group < 0) {
        return Error{Errno::Einval};
    }
    const Process& self = current_process();
    if (!(self.terminal == &terminal) || terminal.session != self.session) {
        return Error{Errno::Enotty};
    }
    const u32 wanted = static_cast<u32>(group);
    // A process's number will do too, as in Linux.
    const Process* const named = processes().find(wanted);
    if (!processes().has_group(wanted) && named == nullptr) {
        return Error{Errno::Esrch};
    }
    if (!processes().has_group(wanted, self.session) &&
        (processes().has_group(wanted) || named->session != self.session)) {
        return Error{Errno::Eperm};
    }
    terminal.foreground = wanted;
    return {};
}

void lose_session(Terminal& terminal) {
    const u32 session = terminal.session;
    const u32 foreground = terminal.foreground;
    terminal.session = terminal.foreground = 0;
    if (session == 0) {
        return;
    }
    clear_terminals(session);
    if (Process* const leader = processes().find(session); leader != nullptr) {
        send_signal(*leader, {.number = signals::hangup, .code = signal_codes::kernel});
        send_signal(*leader, {.number = signals::resume, .code = signal_codes::kernel});
        leader->lost_foreground = foreground;
    }
}

void leave_terminal(Process& process) {
    if (leads_session(process)) {
        if (const Ref<Terminal> terminal = process.terminal; terminal) {
            terminal->signal_foreground(signals::hangup);
            terminal->session = terminal->foreground = 0;
        } else if (process.lost_foreground != 0) {
            for (const u32 number : {signals::hangup, signals::resume}) {
                signal_group(process.lost_foreground, process.session, number);
            }
        }
        clear_terminals(process.session);
    }
    process.terminal = nullptr;
}

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
#include "kernel/core/signal/pending_signals.h"

namespace ringfence::kernel {

DefaultAction default_action(u32 number) {
    using namespace signals;
    switch (number) {
        case quit:
        case illegal:
        case trap:
        case abort:
        case bus:
        case floating_point:
        case segment:
        case cpu_limit:
        case file_size_limit:
        case bad_system_call:
            return DefaultAction::Dump;
        case child:
        case urgent:
        case window_change:
            return DefaultAction::Ignore;
        case stop:
        case terminal_stop:
        case terminal_input:
        case terminal_output:
            return DefaultAction::Stop;
        case resume:
            return DefaultAction::Continue;
        default:
            return DefaultAction::Terminate;
    }
}

bool PendingSignals::add(const SignalInformation& information) {
    if (information.number < first_realtime_signal) {
        if (set_.contains(information.number)) {
            return false;
        }
    } else if (queue_.size() >= longest_queue || !queue_.try_make_room(1)) {
        return false;
    }
    set_.add(information.number);
    queue_.push_back(information);
    return true;
}

std::optional<SignalInformation> PendingSignals::take(SignalSet wanted) {
    const SignalSet here = set_ & wanted;
    const SignalSet faults = here & synchronous_signals;
    const u32 number = faults.empty() ? here.lowest() : faults.lowest();
    if (number == 0) {
        return std::nullopt;
    }
    std::optional<SignalInformation> taken;
    bool another = false;
    for (usize i = 0; i < queue_.size();) {
        if (queue_[i].number != number) {
            ++i;
        } else if (!taken) {
            taken = queue_[i];
            queue_.erase(i);
        } else {
            another = true;
            break;
        }
    }
    if (!another) {
        set_.remove(number);
    }
    return taken;
}

void PendingSignals::discard(SignalSet unwanted) {
    set_ = set_.without(unwanted);
    for (usize i = 0; i < queue_.size();) {
        if (unwanted.contains(queue_[i].number)) {
            queue_.erase(i);
        } else {
            ++i;
        }
    }
}

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
#include "sim/timing/cost_rule.h"

#include <algorithm>

namespace ringfence::sim::timing {
namespace {

using observe::Cause;

Cause own_cause(const InstructionProfile& profile) {
    const bool fence = profile.ordering != Ordering::None && profile.ordering != Ordering::Stores;
    return profile.event == Event::None && fence ? Cause::Serialization : cause_of(profile.event);
}

Cycle beyond(Cycle end, Cycle start) {
    return end > start ? end - start : 0;
}

}  // namespace

Cause cause_of(Event event) {
    switch (event) {
        case Event::None:
            return Cause::Base;
        case Event::Syscall:
        case Event::Sysret:
        case Event::Swapgs:
        case Event::Iret:
        case Event::PageFault:
        case Event::Exception:
        case Event::Interrupt:
            return Cause::Transition;
        case Event::RootWrite:
            return Cause::RootWrite;
        case Event::Invlpg:
        case Event::InvpcidPage:
        case Event::InvpcidAll:
            return Cause::TlbMaintenance;
        case Event::ReadMsr:
        case Event::WriteMsr:
        case Event::ControlRegister:
        case Event::Cpuid:
        case Event::BufferClear:
        case Event::PortIo:
        case Event::ReadTime:
        case Event::OtherSystem:
        case Event::TransactionBegin:
        case Event::TransactionEnd:
        case Event::TransactionAbort:
            return Cause::Serialization;
    }
    return Cause::Base;
}

void charge(observe::CostStack& stack, observe::Place place, const InstructionProfile& profile,
            const Waits& waits, Cycle previous, Cycle retired) {
    Cycle left = retired - previous;
    if (left == 0) {
        return;
    }
    const auto take = [&](Cause cause, Cycle cycles) {
        const Cycle taken = std::min(left, cycles);
        stack.at(place, cause) += taken;
        left -= taken;
        return taken;
    };
    Cycle late = std::min(waits.front_end, beyond(waits.supplied, previous));
    late -= take(Cause::InstructionTlb, std::min(late, waits.fetch.translation));
    late -= take(Cause::FrontEnd, std::min(late, waits.fetch.cache));
    take(waits.fetch.mispredict ? Cause::Mispredict : Cause::FrontEnd, late);
    take(Cause::DataCache, std::min(waits.store_queue, beyond(waits.dispatched, previous)));
    take(Cause::DataCache, waits.cache);
    take(Cause::DataTlb, waits.translation);
    take(own_cause(profile), left);
}

}  // namespace ringfence::sim::timing

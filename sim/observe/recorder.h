// SPDX-License-Identifier: MIT
// Where the parts of the machine report: counts always, and passes on to observers if there are
// any.
#pragma once

#include <vector>

#include "base/compiler.h"
#include "sim/observe/counters.h"
#include "sim/observe/observer.h"

namespace ringfence::sim::observe {

/// Not shared between threads: each machine has its own.
class Recorder {
public:
    /// The observer outlives the recorder.
    void add(Observer& observer) {
        observers_.push_back(&observer);
        wants_instructions_ = wants_instructions_ || observer.wants_instructions();
        wants_translations_ = wants_translations_ || observer.wants_translations();
        wants_timing_ = wants_timing_ || observer.wants_timing();
    }
    [[nodiscard]] bool wants_instructions() const { return wants_instructions_; }
    [[nodiscard]] bool wants_timing() const { return wants_timing_; }

    [[nodiscard]] bool wants_translations() const { return wants_translations_; }

    Counters counters;

    void root_write(const RootWrite& event) {
        ++counters.root_writes;
        counters.root_writes_no_flush += event.no_flush ? 1 : 0;
        notify([&](Observer& observer) { observer.root_write(event); });
    }
    void exception(const ExceptionEvent& event) {
        constexpr u8 page_fault = 14;
        ++counters.exceptions[event.vector % counters.exceptions.size()];
        count_entry(event.vector == page_fault ? EntryKind::PageFault : EntryKind::OtherException,
                    event.from_user);
        notify([&](Observer& observer) { observer.exception(event); });
    }
    void interrupt(const InterruptEvent& event) {
        count_entry(EntryKind::Interrupt, event.from_user);
        notify([&](Observer& observer) { observer.interrupt(event); });
    }
    void transaction_abort(const TransactionAbort& event) {
        ++counters.transaction_aborts;
        notify([&](Observer& observer) { observer.transaction_abort(event); });
    }
    void syscall(VirtualAddress rip, bool from_user) {
        count_entry(EntryKind::Syscall, from_user);
        notify([&](Observer& observer) { observer.syscall(rip); });
    }
    void user_entered(VirtualAddress target) {
        notify([&](Observer& observer) { observer.user_entered(target); });
    }
    void iret(VirtualAddress target, bool to_user) {
        notify([&](Observer& observer) { observer.iret(target, to_user); });
        if (to_user) {
            user_entered(target);
        }
    }
    void mark(u32 value) {
        notify([&](Observer& observer) { observer.mark(value); });
    }
    void instruction(const Executed& event) {
        notify([&](Observer& observer) { observer.instruction(event); });
    }
    void unimplemented_instruction(const Executed& event) {
        ++counters.unimplemented_instructions;
        notify([&](Observer& observer) { observer.unimplemented_instruction(event); });
    }
    void stale_translation(const StaleTranslation& event) {
        notify([&](Observer& observer) { observer.stale_translation(event); });
    }
    void translation_cached(const CachedTranslation& event) {
        notify([&](Observer& observer) { observer.translation_cached(event); });
    }
    void context_flushed(const FlushedContext& event) {
        notify([&](Observer& observer) { observer.context_flushed(event); });
    }
    void watched_store(PhysicalAddress first, u64 bytes) {
        notify([&](Observer& observer) { observer.watched_store(first, bytes); });
    }
    void timing(const TimingEvent& event) {
        notify([&](Observer& observer) { observer.timing(event); });
    }

private:
    void count_entry(EntryKind kind, bool from_user) {
        ++counters.entries[static_cast<unsigned>(kind)];
        counters.entries_from_user[static_cast<unsigned>(kind)] += from_user ? 1 : 0;
    }
    template <typename Call>
    void notify(Call call) {
        for (Observer* observer : observers_) {
            call(*observer);
        }
    }

    std::vector<Observer*> observers_;
    bool wants_instructions_ = false;
    bool wants_translations_ = false;
    bool wants_timing_ = false;
};

}  // namespace ringfence::sim::observe

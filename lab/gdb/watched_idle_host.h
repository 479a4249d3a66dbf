// SPDX-License-Identifier: MIT
// An idle guest waits for whoever types. So that a debugger can stop it there too, it is asked
// first; and how long the guest waited is written down, so that it can live through that again.
#pragma once

#include <memory>

#include "lab/gdb/recorded_io.h"
#include "lab/gdb/target.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::gdb {

class WatchedIdleHost final : public sim::machine::IdleHost {
public:
    /// `io` outlives it.
    explicit WatchedIdleHost(RecordedIo& io) : io_(io) {}

    /// To be done before it is used. `host` outlives it.
    void wrap(sim::machine::IdleHost& host) { host_ = &host; }

    /// From now on the machine pauses when the debugger wants it to. Both outlive this, or the call
    /// of `ignore`.
    void attend(const std::unique_ptr<sim::machine::Machine>& machine, Debugger& debugger) {
        machine_ = &machine;
        debugger_ = &debugger;
    }
    void ignore() { debugger_ = nullptr; }

    u64 halted(const sim::machine::IdleMoment& moment) override {
        if (const auto recorded = io_.recorded_wait()) {
            return *recorded;
        }
        if (pauses()) {
            return 0;
        }
        const u64 passed = host_->halted(moment);
        if (pauses()) {
            return 0;
        }
        io_.record_wait(passed);
        return passed;
    }
    bool running() override {
        const u64 now = io_.instructions();
        if (io_.recorded_poll(now)) {
            return true;
        }
        const bool looks = !io_.replays(now) && host_->running();
        if (looks) {
            io_.record_poll(now);
        }
        return looks;
    }

private:
    bool pauses() {
        if (debugger_ == nullptr || !debugger_->wants_stop()) {
            return false;
        }
        (*machine_)->pause();
        return true;
    }

    RecordedIo& io_;
    sim::machine::IdleHost* host_ = nullptr;
    const std::unique_ptr<sim::machine::Machine>* machine_ = nullptr;
    Debugger* debugger_ = nullptr;
};

}  // namespace ringfence::lab::gdb

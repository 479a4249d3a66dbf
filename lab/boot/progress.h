// SPDX-License-Identifier: MIT
// Whether a guest still gets anywhere, told by what it does: always the same for the same run.
#pragma once

#include <string>

#include "base/types.h"
#include "sim/machine/idle_host.h"
#include "sim/observe/counters.h"
#include "sim/observe/observer.h"

namespace ringfence::lab::boot {

/// Signs of life are an instruction of user mode, a byte that is sent, and a mark. A guest that
/// shows none is stuck after `patience` instructions between which it does not halt either: a loop,
/// or an exception that comes again and again. One that halts waits for something, but not for
/// ever: it is stuck after a day of its own time.
class Progress final : public sim::observe::Observer {
public:
    /// `clock_hz`: cycles in a second. A patience of 0 has no end.
    Progress(u64 patience, u64 clock_hz) : patience_(patience), clock_hz_(clock_hz) {}

    void mark(u32 /*value*/) override { alive_ = true; }
    void sent() { alive_ = true; }
    /// The guest has nothing to do until something happens. `may_wait`: for somebody outside.
    void halted(bool may_wait) {
        halted_ = true;
        alive_ = alive_ || may_wait;
    }

    /// Where the run begins: a machine that goes on has counted before.
    void begin(const sim::observe::Counters& counters, u64 cycles);
    /// How many more instructions may run before the next look.
    [[nodiscard]] u64 until_next_look() const;
    /// Looks at what was counted: false if the guest is stuck, and `words` says how.
    [[nodiscard]] bool look(const sim::observe::Counters& counters, u64 cycles);
    [[nodiscard]] const std::string& words() const { return words_; }

private:
    u64 patience_;
    u64 clock_hz_;
    bool alive_ = false;
    bool halted_ = false;
    u64 user_instructions_ = 0;
    u64 busy_since_ = 0;   ///< instructions
    u64 quiet_since_ = 0;  ///< cycles
    std::string words_;
};

}  // namespace ringfence::lab::boot

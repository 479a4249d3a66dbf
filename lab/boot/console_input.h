// SPDX-License-Identifier: MIT
// Gives a guest its console input when it asks for some, so that what it does depends on the input
// alone and not on when the host had it ready.
//
// A guest asks by waiting: it has halted, has sent nothing for two seconds of its own time, and its
// serial port would interrupt it for a byte. It is then given a line. A guest that looks at the
// port again and again asks too. The end of the input is told as a terminal tells it, by Ctrl-D.
//
// While more may come but has not (a person, or a pipe that is silent), time in which the guest
// waits passes as fast as on the host, and what comes is given at once.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "lab/report/sha256.h"
#include "lab/terminal/escape_keys.h"
#include "lab/terminal/input_feed.h"
#include "sim/machine/idle_host.h"

namespace ringfence::lab::boot {

class ConsoleInput final : public sim::memory::ByteSource, public sim::machine::IdleHost {
public:
    /// `clock_hz`: cycles in a second. A person at a terminal may leave (terminal::EscapeKeys).
    ConsoleInput(terminal::InputFeed& feed, machine::StopRequest& stop, u64 clock_hz)
        : feed_(feed), keys_(stop), clock_hz_(clock_hz) {}

    [[nodiscard]] bool available() override;
    u8 take() override;
    u64 halted(const sim::machine::IdleMoment& moment) override;
    bool running() override;

    /// To be told of each byte that the guest sends: it is busy, not asking.
    void output_seen() {
        looks_ = 0;
        busy_ = true;
    }
    /// From now on a guest that asks gets nothing while `asked` answers true, which may see to what
    /// happens instead. Nobody waits for the host then.
    void on_asking(std::function<bool()> asked) { asked_ = std::move(asked); }
    /// Of the bytes that were given, as 64 hexadecimal digits.
    [[nodiscard]] std::string sha256() const { return sum_.digest(); }
    /// Whether something may come that nobody knows yet.
    [[nodiscard]] bool waits_for_somebody() const { return waiting_.empty() && !ended_; }
    /// Whether the input ended, the guest was told so often enough, and it waits for more.
    [[nodiscard]] bool waits_in_vain() const { return waits_in_vain_; }

private:
    bool knows_what_comes();
    bool fill();
    bool give();
    void give_bytes(std::string_view bytes);
    u64 wait(u64 cycles);
    [[nodiscard]] bool is_refused() const { return asked_ && asked_(); }

    terminal::InputFeed& feed_;
    terminal::EscapeKeys keys_;
    u64 clock_hz_;
    std::function<bool()> asked_;
    report::Sha256 sum_;
    std::string waiting_;  ///< read, and not given yet
    std::string given_;    ///< not taken yet
    bool ended_ = false;
    bool waits_in_vain_ = false;
    bool busy_ = true;     ///< something went either way since the guest last halted
    u64 quiet_since_ = 0;  ///< cycle
    unsigned ends_told_ = 0;
    unsigned looks_ = 0;  ///< at the port, since it last had a byte or sent one
};

}  // namespace ringfence::lab::boot

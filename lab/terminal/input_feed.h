// SPDX-License-Identifier: MIT
// Where a guest's console input comes from on the host: standard input, of whatever kind it is.
#pragma once

#include <chrono>
#include <string>

#include "base/types.h"
#include "lab/machine/stop_request.h"

namespace ringfence::lab::terminal {

class InputFeed {
public:
    enum class State {
        Given,    ///< there was something
        Nothing,  ///< not now, but something may come
        Ended,    ///< nothing will come any more
    };

    virtual ~InputFeed() = default;
    /// Appends what is there to `bytes`, without waiting.
    virtual State read(std::string& bytes) = 0;
    /// Whether a person types: bytes count as they come, not line by line.
    [[nodiscard]] virtual bool is_terminal() const = 0;
    /// Waits until there is something to read, it has ended, a stop is requested, or `time` has
    /// passed. Answers how much has passed.
    virtual std::chrono::nanoseconds wait(std::chrono::nanoseconds time) = 0;
    /// From now on `wait` also ends when this descriptor can be read; -1 for none.
    virtual void wake_on(int /*descriptor*/) {}
};

class StandardInput final : public InputFeed {
public:
    explicit StandardInput(const machine::StopRequest& stop);

    State read(std::string& bytes) override;
    [[nodiscard]] bool is_terminal() const override { return is_terminal_; }
    std::chrono::nanoseconds wait(std::chrono::nanoseconds time) override;
    void wake_on(int descriptor) override { other_ = descriptor; }

private:
    const machine::StopRequest& stop_;
    bool is_terminal_;
    bool ended_;
    int other_ = -1;
};

}  // namespace ringfence::lab::terminal

// SPDX-License-Identifier: MIT
// Takes the control channel's byte stream apart into records (abi/control_channel.h). The kernel is
// not trusted to be right: a record that makes no sense is reported, never obeyed.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "abi/control_channel.h"
#include "base/result.h"

namespace ringfence::lab::machine {

class ControlDecoder {
public:
    /// Called for each whole record whose type and size are right.
    using Handler = std::function<void(abi::control::Record type, std::string_view payload)>;

    explicit ControlDecoder(Handler handler) : handler_(std::move(handler)) {}

    /// Takes the next bytes of the stream, in pieces of any size. After an error every further call
    /// gives the same error.
    [[nodiscard]] Result<void, std::string> feed(std::string_view bytes);

    /// True when the stream may end here: no record has begun.
    [[nodiscard]] bool between_records() const { return state_.buffer.empty(); }

    /// What was taken of the stream so far: another decoder that is given it goes on from there.
    struct State {
        std::string buffer{};  ///< of the record that has begun
        std::string error{};
    };
    [[nodiscard]] const State& state() const { return state_; }
    void restore(State state) { state_ = std::move(state); }

private:
    Handler handler_;
    State state_;
};

}  // namespace ringfence::lab::machine

// SPDX-License-Identifier: MIT
// Takes the control channel's byte stream apart into records (abi/control_channel.h). The kernel is
// not trusted to be right: a record that makes no sense is reported, never obeyed.
#pragma once

#include <functional>
#include <string>
#include <string_view>

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
    [[nodiscard]] bool between_records() const { return buffer_.empty(); }

private:
    Handler handler_;
    std::string buffer_;
    std::string error_;
};

}  // namespace ringfence::lab::machine

// SPDX-License-Identifier: MIT
// What a measured Linux tells the host of a program (abi/linux_session.h).
#pragma once

#include <string>

#include "abi/linux_session.h"
#include "base/result.h"
#include "sim/memory/byte_stream.h"

namespace ringfence::lab::linux_guest {

/// What came of the program.
struct JobResult {
    abi::linux_session::Result result{};
    std::string output;
    std::string error;
};

/// What the guest sends. It is not trusted to be right.
class ResultSink final : public sim::memory::ByteSink {
public:
    void put(u8 byte) override { bytes_.push_back(static_cast<char>(byte)); }

    /// The error is one line: what is missing.
    [[nodiscard]] Result<JobResult, std::string> result() const;

private:
    std::string bytes_;
};

}  // namespace ringfence::lab::linux_guest

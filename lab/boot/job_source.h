// SPDX-License-Identifier: MIT
// The host's side of how the first process of a booted Linux gets a program (abi/linux_session.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/memory/byte_stream.h"

namespace ringfence::lab::boot {

/// What such a process reads from the channel.
class JobSource final : public sim::memory::ByteSource {
public:
    /// Without an archive the guest uses the program that it has. What it refers to outlives this.
    explicit JobSource(std::optional<std::string_view> archive);

    [[nodiscard]] bool available() override { return next_ < header_.size() + archive_.size(); }
    u8 take() override;

private:
    std::string header_;
    std::string_view archive_;
    usize next_ = 0;
};

}  // namespace ringfence::lab::boot

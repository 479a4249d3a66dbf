// SPDX-License-Identifier: MIT
// Those who write to a file and those who run it keep each other out. [linux/abi]: open(2),
// execve(2) and truncate(2), ETXTBSY
#pragma once

#include "base/compiler.h"
#include "base/types.h"
#include "kernel/core/errors.h"

namespace ringfence::kernel {

/// How many open files write to a file, and how many programs (being loaded or running) it is. One
/// of both numbers is zero.
class FileUses {
public:
    /// Etxtbsy while it is run.
    [[nodiscard]] Fallible<void> check_not_run() const {
        return runners_ == 0 ? Fallible<void>{} : Error{Errno::Etxtbsy};
    }
    Fallible<void> begin_writing() {
        RF_TRY(check_not_run());
        ++writers_;
        return {};
    }
    void end_writing() {
        RF_ASSERT(writers_ > 0);
        --writers_;
    }

    /// Etxtbsy while it is written.
    Fallible<void> begin_running() {
        if (writers_ > 0) {
            return Error{Errno::Etxtbsy};
        }
        ++runners_;
        return {};
    }
    void end_running() {
        RF_ASSERT(runners_ > 0);
        --runners_;
    }

private:
    u32 writers_ = 0;
    u32 runners_ = 0;
};

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
// A line on standard error that says how far the work is; nothing unless a person sees it.
#pragma once

#include <atomic>

#include "base/types.h"

namespace ringfence::lab {

class Progress {
public:
    /// `total` runs; silent unless `wanted` and standard error is a terminal.
    Progress(usize total, bool wanted);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress() { clear(); }

    /// One more run is done. From any thread.
    void advance() { ++done_; }
    void show();
    void clear();

private:
    std::atomic<usize> done_ = 0;
    usize total_;
    bool shown_;
};

}  // namespace ringfence::lab

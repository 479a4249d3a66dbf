// SPDX-License-Identifier: MIT
// From the memory's watched pages to those who look on.
#pragma once

#include "sim/memory/physical_memory.h"
#include "sim/observe/recorder.h"

namespace ringfence::sim::machine {

/// Passes on what the memory says of watched pages.
class StoreReporter final : public memory::StoreListener {
public:
    explicit StoreReporter(observe::Recorder& recorder) : recorder_(recorder) {}
    void watched_page_written(PhysicalAddress first, u64 bytes) override {
        recorder_.watched_store(first, bytes);
    }

private:
    observe::Recorder& recorder_;
};

}  // namespace ringfence::sim::machine

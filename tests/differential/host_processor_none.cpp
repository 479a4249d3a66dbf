// SPDX-License-Identifier: MIT
// For hosts that cannot execute x86-64 instructions.
#include "tests/differential/host_processor.h"

namespace ringfence::differential {

std::unique_ptr<HostProcessor> HostProcessor::create(const ReadOnlyImage&) {
    return nullptr;
}

}  // namespace ringfence::differential

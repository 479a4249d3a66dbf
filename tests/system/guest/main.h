// SPDX-License-Identifier: MIT
// What each image supplies.
#pragma once

namespace ringfence::system_test {

/// Runs all groups of the image.
void run_tests();

}  // namespace ringfence::system_test

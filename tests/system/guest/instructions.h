// SPDX-License-Identifier: MIT
// The instructions that C++ cannot say, under the tests' own name.
#pragma once

#include "guest/bare_metal/instructions.h"

namespace ringfence::system_test {

using namespace bare_metal;

}  // namespace ringfence::system_test

// SPDX-License-Identifier: MIT
// The host's answer to a failed assertion: say which, then abort.
#include <cstdio>
#include <cstdlib>

#include "base/compiler.h"

namespace ringfence {

void assertion_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
    std::abort();
}

}  // namespace ringfence

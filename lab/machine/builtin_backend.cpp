// SPDX-License-Identifier: MIT
#include "lab/error.h"
#include "lab/machine/backend.h"

namespace ringfence::lab::machine {

std::unique_ptr<MachineBackend> make_builtin_backend() {
    fail(Failure::Own, "this build has no built-in machine yet; use --machine qemu");
}

}  // namespace ringfence::lab::machine

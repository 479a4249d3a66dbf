// SPDX-License-Identifier: MIT
#include "lab/syscall_names.h"

#include <fmt/format.h>

namespace ringfence::lab {

std::string syscall_name(u64 number) {
    switch (number) {
#define RF_SYSCALL(value, name) \
    case value:                 \
        return #name;
#include "lab/syscall_names.inc"
#undef RF_SYSCALL
        default:
            return fmt::format("system call {}", number);
    }
}

}  // namespace ringfence::lab

// SPDX-License-Identifier: MIT
// Several buffers of a program in one call.
#pragma once

#include "kernel/core/containers/vector.h"
#include "kernel/core/syscall/handlers.h"

namespace ringfence::kernel::syscalls {

/// `struct iovec`.
struct UserVector {
    u64 base;
    u64 size;
};
inline constexpr u64 most_vectors = 1024;  // UIO_MAXIOV

/// The program's array at `vectors`. Einval for too many or a size below zero; sizes beyond what
/// one call moves are cut.
Fallible<Vector<UserVector>> read_vectors(Pointer vectors, u64 count);

/// The same as the sources or destinations of a message.
template <typename Part>
[[nodiscard]] Vector<Part> parts_of(const Vector<UserVector>& vectors) {
    Vector<Part> parts;
    parts.reserve(vectors.size());
    for (const UserVector& vector : vectors) {
        parts.push_back(Part(Pointer{vector.base}, vector.size));
    }
    return parts;
}

}  // namespace ringfence::kernel::syscalls

// SPDX-License-Identifier: MIT
#include "kernel/core/fs/missing_files.h"

#include <algorithm>
#include <cstring>

#include "base/address.h"

namespace ringfence::kernel {

namespace {

/// Half of it is filled while the other half keeps what came before, so that noting a path is a
/// copy and nothing else: programs look for many files that are not there, and are measured.
struct Half {
    static constexpr usize capacity = 8 * kib;
    char paths[capacity];
    usize used = 0;
};
Half halves[2];
unsigned current = 0;

}  // namespace

void note_missing_file(std::string_view path) {
    const usize size = path.size() + 1;
    if (!path.starts_with('/') || size > Half::capacity) {
        return;
    }
    if (halves[current].used + size > Half::capacity) {
        current = 1 - current;
        halves[current].used = 0;
    }
    Half& half = halves[current];
    std::memcpy(half.paths + half.used, path.data(), path.size());
    half.paths[half.used + path.size()] = '\0';
    half.used += size;
}

String missing_files() {
    String all;
    for (const unsigned which : {1 - current, current}) {
        all.append({halves[which].paths, halves[which].used});
    }
    return all;
}

}  // namespace ringfence::kernel

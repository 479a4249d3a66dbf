// SPDX-License-Identifier: MIT
// What an attacker is told: where the kernel keeps its secret, and how long it is.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace attacks {

/// The number in the file `name`, in `base`; ends the program if nobody says it. Ringfence's kernel
/// has such files in /proc; on Linux the first process writes them (guest/linux/kernel_secret.h).
inline unsigned long read_fact(const char* name, int base) {
    constexpr int cannot = 2;
    for (const char* const directory : {"/proc/ringfence", "/run/ringfence"}) {
        char path[64];
        char text[32] = "";
        std::snprintf(path, sizeof path, "%s/%s", directory, name);
        std::FILE* const file = std::fopen(path, "re");
        if (file == nullptr) {
            continue;
        }
        const bool got = std::fgets(text, sizeof text, file) != nullptr;
        std::fclose(file);
        if (got) {
            return std::strtoul(text, nullptr, base);
        }
    }
    std::fprintf(stderr, "%s: not there: no secret was planted\n", name);
    std::exit(cannot);
}

}  // namespace attacks

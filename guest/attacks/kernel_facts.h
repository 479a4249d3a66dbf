// SPDX-License-Identifier: MIT
// What an attacker is told: where the kernel keeps its secret, and how long it is.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace attacks {

/// The number in a file of /proc/ringfence, in `base`; ends the program if there is no such file.
inline unsigned long read_number(const char* path, int base) {
    constexpr int cannot = 2;
    std::FILE* file = std::fopen(path, "re");
    char text[32] = "";
    if (file == nullptr || std::fgets(text, sizeof text, file) == nullptr) {
        std::fprintf(stderr, "%s: not there: no secret was planted\n", path);
        std::exit(cannot);
    }
    std::fclose(file);
    return std::strtoul(text, nullptr, base);
}

}  // namespace attacks

// SPDX-License-Identifier: MIT
// Shared by the guest programs: print what happened, so that two systems can be compared by their
// output.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

/// "name: 0" or "name: EFAULT", the result of a call that sets errno.
inline void show(const char* name, long result) {
    std::printf("%s: %s\n", name, result < 0 ? strerrorname_np(errno) : "ok");
}

/// The same with the result's value.
inline void show_value(const char* name, long result) {
    if (result < 0) {
        show(name, result);
    } else {
        std::printf("%s: %ld\n", name, result);
    }
}

/// Ends the program when something that the rest relies on did not work.
inline void require(bool condition, const char* what) {
    if (!condition) {
        std::printf("failed: %s (%s)\n", what, strerrorname_np(errno));
        std::exit(99);
    }
}

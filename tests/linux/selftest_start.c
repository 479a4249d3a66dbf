// SPDX-License-Identifier: MIT
// Linked into each of Linux's selftests: what one says before a signal or a fork must not be lost, nor
// said twice, when its output is a pipe.
#include <stdio.h>

__attribute__((constructor)) static void write_each_line(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
}

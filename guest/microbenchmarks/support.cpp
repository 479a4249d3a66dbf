// SPDX-License-Identifier: MIT
#include "guest/microbenchmarks/support.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace microbenchmarks {

void require(bool condition, const char* what) {
    if (!condition) {
        std::perror(what);
        std::exit(1);
    }
}

pid_t fork_or_end() {
    const pid_t child = fork();
    require(child >= 0, "fork");
    return child;
}

void wait_for(pid_t child) {
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "waitpid");
}

void send_byte(int descriptor) {
    const char byte = 'x';
    require(write(descriptor, &byte, 1) == 1, "write");
}

void receive_byte(int descriptor) {
    char byte = 0;
    require(read(descriptor, &byte, 1) == 1, "read");
}

}  // namespace microbenchmarks

// SPDX-License-Identifier: MIT
// Every byte value on standard output, the same backwards on standard error, in turns; then
// standard input on standard output, with the number of its bytes on standard error.
#include <cstdio>

#include <unistd.h>

namespace {

bool write_all(int descriptor, const unsigned char* bytes, ssize_t count) {
    while (count > 0) {
        const ssize_t written = write(descriptor, bytes, static_cast<size_t>(count));
        if (written <= 0) {
            return false;
        }
        bytes += written;
        count -= written;
    }
    return true;
}

}  // namespace

int main() {
    unsigned char forward[256];
    unsigned char backward[256];
    for (int i = 0; i < 256; ++i) {
        forward[i] = static_cast<unsigned char>(i);
        backward[255 - i] = static_cast<unsigned char>(i);
    }
    for (int round = 0; round < 3; ++round) {
        if (!write_all(STDOUT_FILENO, forward, 256) || !write_all(STDERR_FILENO, backward, 256)) {
            return 1;
        }
    }
    long total = 0;
    unsigned char buffer[10000];
    while (true) {
        const ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
        if (got < 0) {
            return 2;
        }
        if (got == 0) {
            break;
        }
        total += got;
        if (!write_all(STDOUT_FILENO, buffer, got)) {
            return 1;
        }
    }
    std::fprintf(stderr, "%ld bytes\n", total);
    return 0;
}

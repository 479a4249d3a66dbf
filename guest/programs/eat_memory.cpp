// SPDX-License-Identifier: MIT
// Touches so many MiB of memory, one page after another, and says when it has them.
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    const long mebibytes = argc > 1 ? std::atol(argv[1]) : 1;
    for (long i = 0; i < mebibytes; ++i) {
        volatile char* block = static_cast<char*>(std::malloc(1 << 20));
        if (block == nullptr) {
            std::printf("refused\n");
            return 3;
        }
        for (long at = 0; at < 1 << 20; at += 4096) {
            block[at] = 1;
        }
    }
    std::printf("%ld MiB\n", mebibytes);
    return 0;
}

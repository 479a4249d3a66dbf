// SPDX-License-Identifier: MIT
// user_work READS..: what close(999) followed by so many reads of user memory costs, for each
// number of reads: prints "READS CYCLES", the cycles of one turn. The reads go on line by line
// through 100 MB and begin anew at their end, as in Brendan Gregg's measurements of KPTI (2018): a
// stream of misses.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::size_t line_bytes = 64;
constexpr std::size_t page_bytes = 4096;
constexpr std::size_t buffer_bytes = 100'000'000 / page_bytes * page_bytes;
constexpr int no_descriptor = 999;

volatile char junk;

/// Where the reads go on.
class Stream {
public:
    explicit Stream(const char* buffer) : buffer_(buffer) {}

    /// At the beginning of a page, where prefetchers have a whole one before them.
    void start_page() { at_ = (at_ + page_bytes - 1) / page_bytes * page_bytes % buffer_bytes; }

    void read(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            junk = static_cast<char>(junk + buffer_[at_]);
            at_ += line_bytes;
            if (at_ >= buffer_bytes) {
                at_ = 0;
            }
        }
    }

private:
    const char* buffer_;
    std::size_t at_ = 0;
};

const char* make_buffer() {
    void* const memory =
        mmap(nullptr, buffer_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        std::perror("user_work: mmap");
        std::exit(1);
    }
    auto* const bytes = static_cast<volatile char*>(memory);
    for (std::size_t page = 0; page < buffer_bytes; page += page_bytes) {
        bytes[page] = 1;
    }
    return static_cast<const char*>(memory);
}

void take_turns(Stream& stream, std::uint64_t turns, std::uint64_t reads) {
    for (std::uint64_t i = 0; i < turns; ++i) {
        close(no_descriptor);
        stream.read(reads);
    }
}

/// Cycles of one turn, once caches and predictors are as many turns leave them: the middle one
/// of some batches, as a timer's tick comes in one now and then.
double cycles_per_turn(Stream& stream, std::uint64_t reads) {
    constexpr std::uint64_t batches = 31;
    constexpr std::uint64_t most_turns = 2000 / batches;
    constexpr std::uint64_t most_reads = 200'000 / batches;
    const std::uint64_t turns =
        std::clamp(most_reads / std::max<std::uint64_t>(reads, 1), std::uint64_t{1}, most_turns);
    stream.start_page();
    take_turns(stream, turns * batches / 2, reads);
    std::array<std::uint64_t, batches> cycles{};
    for (std::uint64_t& of_batch : cycles) {
        const std::uint64_t start = __builtin_ia32_rdtsc();
        take_turns(stream, turns, reads);
        of_batch = __builtin_ia32_rdtsc() - start;
    }
    std::ranges::sort(cycles);
    return static_cast<double>(cycles[batches / 2]) / static_cast<double>(turns);
}

}  // namespace

int main(int argument_count, char** arguments) {
    Stream stream(make_buffer());
    for (int i = 1; i < argument_count; ++i) {
        const std::uint64_t reads = std::strtoull(arguments[i], nullptr, 10);
        std::printf("%lu %.1f\n", reads, cycles_per_turn(stream, reads));
    }
    return 0;
}

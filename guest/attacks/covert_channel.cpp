// SPDX-License-Identifier: MIT
#include "guest/attacks/covert_channel.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "guest/attacks/timing.h"

namespace attacks {

namespace {

constexpr std::size_t samples = 32;

std::uint64_t median(std::array<std::uint64_t, samples>& values) {
    std::nth_element(values.begin(), values.begin() + samples / 2, values.end());
    return values[samples / 2];
}

const std::uint8_t* map_lines() {
    constexpr std::size_t bytes = CovertChannel::bits * CovertChannel::bit_stride;
    void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        std::abort();
    }
    std::memset(pages, 1, bytes);  // a frame for each: untouched pages may all be one zero page
    return static_cast<const std::uint8_t*>(pages);
}

}  // namespace

CovertChannel::CovertChannel() : lines_(map_lines()), nowhere_(map_lines()) {}

Calibration CovertChannel::calibrate() {
    std::array<std::uint64_t, samples> hits{};
    std::array<std::uint64_t, samples> misses{};
    for (unsigned i = 0; i < samples; ++i) {
        const std::uint8_t* probed = line(i % bits, i / bits % 2);
        touch(probed);
        hits[i] = time_load(probed);
        flush(probed);
        misses[i] = time_load(probed);
    }
    Calibration found{.hit = median(hits), .miss = median(misses)};
    threshold_ = found.threshold = (found.hit + found.miss) / 2;
    return found;
}

void CovertChannel::clear() const {
    for (unsigned bit = 0; flushing_ && bit < bits; ++bit) {
        flush(line(bit, 0));
        flush(line(bit, 1));
    }
    wait_for_memory();
}

/// Whether the line is in a cache; it is not afterwards.
bool CovertChannel::take(const std::uint8_t* line) const {
    const std::uint64_t time = time_load(line);
    if (flushing_) {
        flush(line);
    }
    return time < threshold_;
}

std::optional<bool> CovertChannel::receive(unsigned bit) const {
    for (const unsigned value : {1U, 0U}) {
        if (take(line(bit, value))) {
            return value != 0;
        }
    }
    return std::nullopt;
}

}  // namespace attacks

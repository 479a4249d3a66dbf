// SPDX-License-Identifier: MIT
#include "guest/attacks/covert_channel.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "guest/attacks/timing.h"

namespace attacks {

namespace {

constexpr std::size_t line_bytes = 64;
constexpr std::size_t samples = 32;

/// Fisher and Yates, with a generator whose quality does not matter.
void shuffle(std::array<std::uint8_t, CovertChannel::symbols>& order) {
    std::uint32_t state = 2463534242;  // the seed of Marsaglia's paper on xorshift
    for (std::size_t i = order.size() - 1; i > 0; --i) {
        state ^= state << 13U;
        state ^= state >> 17U;
        state ^= state << 5U;
        std::swap(order[i], order[state % (i + 1)]);
    }
}

std::uint64_t median(std::array<std::uint64_t, samples>& values) {
    std::nth_element(values.begin(), values.begin() + samples / 2, values.end());
    return values[samples / 2];
}

}  // namespace

CovertChannel::CovertChannel(std::uintptr_t avoided) {
    const std::size_t bytes = (symbols + 1) * stride;
    void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        std::abort();
    }
    std::memset(pages, 1, bytes);  // a frame for each: untouched pages may all be one zero page
    const std::size_t offset = (avoided + stride / 2) % stride / line_bytes * line_bytes;
    base_ = static_cast<std::uint8_t*>(pages) + offset;
    for (std::size_t i = 0; i < symbols; ++i) {
        order_[i] = static_cast<std::uint8_t>(i);
    }
    shuffle(order_);
}

Calibration CovertChannel::calibrate() {
    std::array<std::uint64_t, samples> hits{};
    std::array<std::uint64_t, samples> misses{};
    for (std::size_t i = 0; i < samples; ++i) {
        const std::uint8_t* probed = line(order_[i]);
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
    if (!flushing_) {
        return;
    }
    for (std::size_t i = 0; i < symbols; ++i) {
        flush(line(i));
    }
    wait_for_memory();
}

void CovertChannel::receive(std::array<std::uint32_t, symbols>& hits) const {
    for (const std::uint8_t symbol : order_) {
        const std::uint64_t time = time_load(line(symbol));
        hits[symbol] += static_cast<std::uint32_t>(time < threshold_);  // without a branch
    }
}

}  // namespace attacks

// SPDX-License-Identifier: MIT
#include "lab/gdb/history.h"

#include <algorithm>

namespace ringfence::lab::gdb {

namespace {

constexpr usize most_moments = 32;
constexpr u64 most_bytes = 1 * gib;

}  // namespace

Result<void, std::string> History::begin(const sim::machine::Machine& machine,
                                         const RecordedIo& io) {
    moments_.clear();
    interval_ = first_interval_;
    RF_TRY_ASSIGN(snapshot, machine.capture());
    moments_.push_back(
        {machine.counters().total_instructions(), std::move(snapshot), io.position()});
    return {};
}

bool History::remember(const sim::machine::Machine& machine, const RecordedIo& io) {
    const u64 now = machine.counters().total_instructions();
    const auto behind = std::ranges::upper_bound(moments_, now, {}, &Moment::instructions);
    if (std::prev(behind)->instructions == now) {
        return true;
    }
    auto snapshot = machine.capture();
    if (!snapshot.ok()) {
        return false;
    }
    moments_.insert(behind, {now, std::move(snapshot).value(), io.position()});
    thin_out();
    return true;
}

const History::Moment& History::before(u64 instructions) const {
    const auto behind = std::ranges::upper_bound(moments_, instructions, {}, &Moment::instructions);
    return behind == moments_.begin() ? moments_.front() : *std::prev(behind);
}

/// Every other moment goes when there are too many, but neither the first nor the last one.
void History::thin_out() {
    while (moments_.size() > most_moments || (moments_.size() > 3 && bytes() > most_bytes)) {
        std::vector<Moment> kept;
        for (usize i = 0; i < moments_.size(); ++i) {
            if (i % 2 == 0 || i + 1 == moments_.size()) {
                kept.push_back(std::move(moments_[i]));
            }
        }
        moments_ = std::move(kept);
        interval_ *= 2;
    }
}

u64 History::bytes() const {
    u64 sum = 0;
    for (const Moment& moment : moments_) {
        sum += moment.snapshot->ram().chunks().size() * sim::memory::RamImage::chunk_bytes;
    }
    return sum;
}

}  // namespace ringfence::lab::gdb

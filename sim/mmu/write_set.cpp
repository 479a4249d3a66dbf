// SPDX-License-Identifier: MIT
#include "sim/mmu/write_set.h"

#include <algorithm>

#include "sim/state/visitor.h"

namespace ringfence::sim::mmu {

WriteSet::WriteSet(memory::PhysicalMemory& memory, WriteSetShape shape)
    : memory_(memory),
      shape_(shape),
      used_(shape.sets, 0),
      places_(usize{shape.sets} * shape.ways, 0) {
    RF_ASSERT(shape.sets > 0 && shape.ways > 0);
}

bool WriteSet::add(PhysicalAddress first, unsigned bytes) {
    for (PhysicalAddress line = first.align_down(line_bytes); line < first + bytes;
         line += line_bytes) {
        if (!add_line(line)) {
            overflowed_ = true;
            return false;
        }
    }
    return true;
}

bool WriteSet::add_line(PhysicalAddress address) {
    const u64 set = address.value() / line_bytes % shape_.sets;
    const std::span<u32> places{&places_[set * shape_.ways], shape_.ways};
    const std::span<u32> kept = places.first(used_[set]);
    if (std::ranges::any_of(kept, [&](u32 i) { return lines_[i].address == address; })) {
        return true;
    }
    if (kept.size() == places.size()) {
        return false;
    }
    places[used_[set]++] = static_cast<u32>(lines_.size());
    Line& line = lines_.emplace_back();
    line.address = address;
    memory_.load(address, line.before.data(), line_bytes);
    return true;
}

void WriteSet::visit_state(state::Visitor& visitor) {
    const usize most = places_.size();
    std::vector<u64> addresses;
    std::vector<u8> contents;
    for (const Line& line : lines_) {
        addresses.push_back(line.address.value());
        contents.insert(contents.end(), line.before.begin(), line.before.end());
    }
    visitor.list("addresses", addresses, most);
    visitor.list("contents", contents, most * line_bytes);
    visitor.field("overflowed", overflowed_);
    // Not state: memory_ (wiring); shape_ (configuration); lines_, used_, places_ (saved as above)
    const bool even = contents.size() == addresses.size() * line_bytes;
    visitor.require(even, "lists of different lengths");
    if (!visitor.loading() || !visitor.ok()) {
        return;
    }
    const bool overflowed = overflowed_;
    forget();
    overflowed_ = overflowed;
    for (usize i = 0; i < addresses.size(); ++i) {
        visitor.require(restore(PhysicalAddress{addresses[i]},
                                std::span{contents}.subspan(i * line_bytes, line_bytes)),
                        "a line that cannot have been written");
    }
}

/// Keeps a line as it is not now but was. False: no transaction can have written it, or not again.
bool WriteSet::restore(PhysicalAddress address, std::span<const u8> before) {
    const usize known = lines_.size();
    if (!address.is_aligned(line_bytes) || !memory_.is_ram(address) || !add_line(address) ||
        lines_.size() == known) {
        return false;
    }
    std::ranges::copy(before, lines_.back().before.begin());
    return true;
}

void WriteSet::undo() {
    for (const Line& line : lines_) {
        memory_.store(line.address, line.before.data(), line_bytes);
    }
    forget();
}

void WriteSet::forget() {
    lines_.clear();
    std::ranges::fill(used_, 0);
    overflowed_ = false;
}

}  // namespace ringfence::sim::mmu

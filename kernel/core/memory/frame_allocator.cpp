// SPDX-License-Identifier: MIT
#include "kernel/core/memory/frame_allocator.h"

#include <bit>

#include "base/compiler.h"

namespace ringfence::kernel {

namespace {

constexpr u32 frame_number(PhysicalAddress address) {
    return static_cast<u32>(address.value() / frame_size);
}
constexpr PhysicalAddress frame_address(u32 number) {
    return PhysicalAddress{u64{number} * frame_size};
}
constexpr u32 block_frames(unsigned order) {
    return bit<u32>(order);
}

}  // namespace

void FrameAllocator::initialize(std::span<FrameRecord> records) {
    records_ = records;
    for (auto& head : heads_) {
        head = none;
    }
    free_frames_ = 0;
    total_frames_ = 0;
}

FrameRecord& FrameAllocator::record(PhysicalAddress frame) {
    const u32 number = frame_number(frame);
    RF_ASSERT(frame.is_aligned(frame_size) && number < records_.size());
    return records_[number];
}

const FrameRecord& FrameAllocator::record(PhysicalAddress frame) const {
    return const_cast<FrameAllocator*>(this)->record(frame);
}

void FrameAllocator::add_free_range(PhysicalAddress start, PhysicalAddress end) {
    u32 frame = frame_number(start.align_up(frame_size));
    const u32 limit = frame_number(end.align_down(frame_size));
    RF_ASSERT(limit <= records_.size());
    while (frame < limit) {
        unsigned order =
            frame == 0 ? largest_order : static_cast<unsigned>(std::countr_zero(frame));
        order = order < largest_order ? order : largest_order;
        while (block_frames(order) > limit - frame) {
            --order;
        }
        total_frames_ += block_frames(order);
        free_block(frame, order);
        frame += block_frames(order);
    }
}

Result<PhysicalAddress, MemoryError> FrameAllocator::allocate(unsigned order, FrameUse use) {
    RF_ASSERT(order <= largest_order);
    if (!split_down_to(order)) {
        return Error{MemoryError::OutOfMemory};
    }
    const u32 frame = heads_[order];
    remove(frame);
    FrameRecord& block = records_[frame];
    block = {.references = 1,
             .state = FrameRecord::State::Used,
             .order = static_cast<u8>(order),
             .use = use};
    free_frames_ -= block_frames(order);
    return frame_address(frame);
}

/// Leaves at least one free block of `order`, by halving the smallest larger one.
bool FrameAllocator::split_down_to(unsigned order) {
    unsigned from = order;
    while (from <= largest_order && heads_[from] == none) {
        ++from;
    }
    if (from > largest_order) {
        return false;
    }
    while (from > order) {
        const u32 frame = heads_[from];
        remove(frame);
        --from;
        push(frame + block_frames(from), from);
        push(frame, from);
    }
    return true;
}

void FrameAllocator::add_reference(PhysicalAddress frame) {
    FrameRecord& used = record(frame);
    RF_ASSERT(used.state == FrameRecord::State::Used && used.order == 0);
    ++used.references;
}

bool FrameAllocator::release(PhysicalAddress block) {
    FrameRecord& used = record(block);
    RF_ASSERT(used.state == FrameRecord::State::Used && used.references > 0);
    --used.references;
    if (used.references > 0) {
        return false;
    }
    free_block(frame_number(block), used.order);
    return true;
}

u32 FrameAllocator::references(PhysicalAddress frame) const {
    return record(frame).references;
}

unsigned FrameAllocator::order(PhysicalAddress block) const {
    RF_ASSERT(record(block).state == FrameRecord::State::Used);
    return record(block).order;
}

u32 FrameAllocator::tag(PhysicalAddress block) const {
    RF_ASSERT(record(block).state == FrameRecord::State::Used);
    return record(block).next;
}

void FrameAllocator::set_tag(PhysicalAddress block, u32 tag) {
    RF_ASSERT(record(block).state == FrameRecord::State::Used);
    record(block).next = tag;
}

u32 FrameAllocator::number(PhysicalAddress block) const {
    RF_ASSERT(record(block).state == FrameRecord::State::Used);
    return record(block).previous;
}

void FrameAllocator::set_number(PhysicalAddress block, u32 number) {
    RF_ASSERT(record(block).state == FrameRecord::State::Used);
    record(block).previous = number;
}

FrameAllocator::UsedFrames FrameAllocator::used_frames() const {
    UsedFrames frames;
    for (const FrameRecord& at : records_) {
        if (at.state == FrameRecord::State::Used) {
            frames.of[static_cast<usize>(at.use)] += block_frames(at.order);
        }
    }
    return frames;
}

/// Frees a block and joins it with its buddy for as long as that is free too.
void FrameAllocator::free_block(u32 frame, unsigned order) {
    free_frames_ += block_frames(order);
    while (order < largest_order) {
        const u32 buddy = frame ^ block_frames(order);
        if (buddy >= records_.size() || records_[buddy].state != FrameRecord::State::Free ||
            records_[buddy].order != order) {
            break;
        }
        remove(buddy);
        records_[frame].state = FrameRecord::State::Inner;
        records_[buddy].state = FrameRecord::State::Inner;
        frame = frame < buddy ? frame : buddy;
        ++order;
    }
    push(frame, order);
}

void FrameAllocator::push(u32 frame, unsigned order) {
    FrameRecord& block = records_[frame];
    block = {.next = heads_[order],
             .previous = none,
             .state = FrameRecord::State::Free,
             .order = static_cast<u8>(order)};
    if (block.next != none) {
        records_[block.next].previous = frame;
    }
    heads_[order] = frame;
}

void FrameAllocator::remove(u32 frame) {
    FrameRecord& block = records_[frame];
    if (block.previous == none) {
        heads_[block.order] = block.next;
    } else {
        records_[block.previous].next = block.next;
    }
    if (block.next != none) {
        records_[block.next].previous = block.previous;
    }
    block.state = FrameRecord::State::Inner;
}

}  // namespace ringfence::kernel

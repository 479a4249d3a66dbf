// SPDX-License-Identifier: MIT
#include "kernel/core/memory/heap.h"

#include <bit>

#include "base/compiler.h"

namespace ringfence::kernel {

namespace {

/// Tags of the frames that the heap holds: a size class, or a block of its own.
constexpr u32 tag_base = 1179403647;  // any number that others are unlikely to use
constexpr u32 tag_block = tag_base + 31;

}  // namespace

void* Heap::allocate(usize bytes) {
    const auto shift = static_cast<unsigned>(std::bit_width(bytes > 1 ? bytes - 1 : 1));
    const unsigned size_class = shift > smallest_shift ? shift - smallest_shift : 0;
    if (size_class >= class_count) {
        return allocate_blocks(bytes);
    }
    if (free_[size_class] == nullptr && !refill(size_class)) {
        return nullptr;
    }
    FreeObject* object = free_[size_class];
    free_[size_class] = object->next;
    bytes_in_use_ += bit<u64>(smallest_shift + size_class);
    return object;
}

/// Carves a frame into objects of one class.
bool Heap::refill(unsigned size_class) {
    const auto frame = frames_.allocate(FrameUse::Objects);
    if (!frame.ok()) {
        return false;
    }
    frames_.set_tag(frame.value(), tag_base + size_class);
    ++object_frames_;
    u8* bytes = bytes_of_(frame.value());
    const usize size = bit<u64>(smallest_shift + size_class);
    for (usize offset = frame_size; offset > 0; offset -= size) {
        auto* object = reinterpret_cast<FreeObject*>(bytes + offset - size);
        object->next = free_[size_class];
        free_[size_class] = object;
    }
    return true;
}

void* Heap::allocate_blocks(usize bytes) {
    const u64 wanted = (bytes + frame_size - 1) / frame_size;
    const auto order = static_cast<unsigned>(std::bit_width(wanted - 1));
    if (wanted == 0 || order > FrameAllocator::largest_order) {
        return nullptr;
    }
    const auto block = frames_.allocate(order, FrameUse::Block);
    if (!block.ok()) {
        return nullptr;
    }
    frames_.set_tag(block.value(), tag_block);
    bytes_in_use_ += frame_size << order;
    block_bytes_ += frame_size << order;
    return bytes_of_(block.value());
}

void Heap::release(void* pointer) {
    if (pointer == nullptr) {
        return;
    }
    const PhysicalAddress address = frame_of_(pointer);
    const PhysicalAddress frame = address.align_down(frame_size);
    const u32 tag = frames_.tag(frame);
    if (tag == tag_block) {
        RF_ASSERT(address == frame);
        const u64 size = frame_size << frames_.order(frame);
        bytes_in_use_ -= size;
        block_bytes_ -= size;
        frames_.release(frame);
        return;
    }
    const u32 size_class = tag - tag_base;
    RF_ASSERT(size_class < class_count);  // else the pointer is not the heap's
    auto* object = static_cast<FreeObject*>(pointer);
    object->next = free_[size_class];
    free_[size_class] = object;
    bytes_in_use_ -= bit<u64>(smallest_shift + size_class);
}

u64 Heap::count_free(unsigned size_class) const {
    u64 count = 0;
    for (const FreeObject* object = free_[size_class]; object != nullptr; object = object->next) {
        ++count;
    }
    return count;
}

Heap::ObjectCounts Heap::objects_in_use() const {
    ObjectCounts counts;
    frames_.for_each_used(FrameUse::Objects, [&](PhysicalAddress frame) {
        const u32 size_class = frames_.tag(frame) - tag_base;
        counts.of[size_class] += objects_per_frame(size_class);
    });
    for (unsigned size_class = 0; size_class < class_count; ++size_class) {
        counts.of[size_class] -= count_free(size_class);
    }
    return counts;
}

/// While `trim` runs a frame's number is how many of its objects are free.
bool Heap::is_all_free(PhysicalAddress frame) const {
    return frames_.number(frame) == objects_per_frame(frames_.tag(frame) - tag_base);
}

/// Takes the objects of frames that are all free out of the list.
void Heap::drop_free_frames(unsigned size_class) {
    FreeObject** link = &free_[size_class];
    while (FreeObject* const object = *link) {
        if (is_all_free(frame_of_(object).align_down(frame_size))) {
            *link = object->next;
        } else {
            link = &object->next;
        }
    }
}

u64 Heap::trim() {
    frames_.for_each_used(FrameUse::Objects,
                          [&](PhysicalAddress frame) { frames_.set_number(frame, 0); });
    for (FreeObject* const first : free_) {
        for (const FreeObject* object = first; object != nullptr; object = object->next) {
            const PhysicalAddress frame = frame_of_(object).align_down(frame_size);
            frames_.set_number(frame, frames_.number(frame) + 1);
        }
    }
    for (unsigned size_class = 0; size_class < class_count; ++size_class) {
        drop_free_frames(size_class);
    }
    const u64 before = object_frames_;
    frames_.for_each_used(FrameUse::Objects, [&](PhysicalAddress frame) {
        if (is_all_free(frame)) {
            frames_.release(frame);
            --object_frames_;
        }
    });
    return before - object_frames_;
}

}  // namespace ringfence::kernel

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
    const auto frame = frames_.allocate();
    if (!frame.ok()) {
        return false;
    }
    frames_.set_tag(frame.value(), tag_base + size_class);
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
    const auto block = frames_.allocate(order);
    if (!block.ok()) {
        return nullptr;
    }
    frames_.set_tag(block.value(), tag_block);
    bytes_in_use_ += frame_size << order;
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
        bytes_in_use_ -= frame_size << frames_.order(frame);
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

}  // namespace ringfence::kernel

// SPDX-License-Identifier: MIT
// The kernel heap behind operator new: power-of-two size classes carved from frames, and whole
// blocks of frames for more than half a page. Sizes up to 4 MiB.
//
// Not reentrant: interrupts off, or one thread.
#pragma once

#include "base/types.h"
#include "kernel/core/memory/frame_allocator.h"

namespace ringfence::kernel {

class Heap {
public:
    /// Gives the host address of a frame; the inverse is `frame_of`.
    using FrameToPointer = u8* (*)(PhysicalAddress);
    using PointerToFrame = PhysicalAddress (*)(const void*);

    Heap(FrameAllocator& frames, FrameToPointer bytes_of, PointerToFrame frame_of)
        : frames_(frames), bytes_of_(bytes_of), frame_of_(frame_of) {}

    /// At least `bytes` bytes, aligned to 16 and to the size rounded up to a power of two (at most
    /// a page); nullptr if there is no memory or `bytes` is more than 4 MiB.
    [[nodiscard]] void* allocate(usize bytes);
    /// `pointer` as allocate gave it, or nullptr.
    void release(void* pointer);

    /// Of objects and blocks together, rounded up to what they take.
    [[nodiscard]] u64 bytes_in_use() const { return bytes_in_use_; }
    /// Gives back the frames in which no object is left, and says how many. Looks at all that is
    /// free: for when memory is short, or somebody wants to know.
    u64 trim();

    static constexpr unsigned smallest_shift = 4;
    static constexpr unsigned class_count = 8;  ///< 16 to 2048 bytes
    /// Objects that are in use, by size class: of 2^(smallest_shift + class) bytes. Counted now.
    struct ObjectCounts {
        u64 of[class_count] = {};
    };
    [[nodiscard]] ObjectCounts objects_in_use() const;
    /// Bytes of frames that hold objects, beyond what the objects take.
    [[nodiscard]] u64 spare_bytes() const {
        return object_frames_ * frame_size - (bytes_in_use_ - block_bytes_);
    }

private:
    static constexpr u32 objects_per_frame(unsigned size_class) {
        return static_cast<u32>(frame_size >> (smallest_shift + size_class));
    }

    struct FreeObject {
        FreeObject* next;
    };

    bool refill(unsigned size_class);
    void* allocate_blocks(usize bytes);
    [[nodiscard]] u64 count_free(unsigned size_class) const;
    [[nodiscard]] bool is_all_free(PhysicalAddress frame) const;
    void drop_free_frames(unsigned size_class);

    FrameAllocator& frames_;
    FrameToPointer bytes_of_;
    PointerToFrame frame_of_;
    FreeObject* free_[class_count] = {};
    u64 bytes_in_use_ = 0;
    u64 block_bytes_ = 0;    ///< of them
    u64 object_frames_ = 0;  ///< frames that were made into objects
};

/// The heap behind the functions below.
Heap& kernel_heap();

/// Plain memory, for containers that handle failure themselves: nullptr if there is none.
[[nodiscard]] void* heap_allocate(usize bytes);
void heap_release(void* pointer);

}  // namespace ringfence::kernel

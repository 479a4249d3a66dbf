// SPDX-License-Identifier: MIT
// Physical memory in 4 KiB frames: blocks of 2^order frames by the buddy method, with a reference
// count per frame for copy-on-write. Touches only its own records, never the frames, so it runs on
// any host with invented physical memory.
//
// Not reentrant: interrupts off, or one thread.
#pragma once

#include <span>

#include "base/address.h"
#include "base/result.h"
#include "base/types.h"

namespace ringfence::kernel {

inline constexpr u64 frame_size = 4 * kib;

enum class MemoryError : u8 { OutOfMemory };

/// What a used block is for: so that somebody can say where memory has gone.
enum class FrameUse : u8 {
    Kernel,     ///< the kernel's own, for ever: entry area, the page of zeroes
    PageTable,  ///< a table below a root
    Root,       ///< root tables of an address space
    Ldt,        ///< descriptors that a program asked for
    Anonymous,  ///< a program's memory
    File,       ///< a page of a file
    Stack,      ///< a kernel stack
    Objects,    ///< heap: objects of one size
    Block,      ///< heap: one object of more than half a page
};
inline constexpr unsigned frame_use_count = 9;

/// Frames that page tables leave for what the kernel cannot do without. Tables are made when a
/// program touches memory, however much of it and however far apart.
inline constexpr u64 frames_without_tables = 256;

/// What the allocator knows of one frame.
struct FrameRecord {
    enum class State : u8 {
        Reserved,  ///< not RAM, or never to be given out
        Free,      ///< first frame of a free block
        Used,      ///< first frame of a used block
        Inner,     ///< not the first frame of any block
    };
    u32 references = 0;
    u32 next = 0;      ///< free blocks: list links as frame numbers; used blocks: tag
    u32 previous = 0;  ///< free blocks: list link; used blocks: a number of the owner's
    State state = State::Reserved;
    u8 order = 0;                     ///< of the block that starts here
    FrameUse use = FrameUse::Kernel;  ///< of a used block
    u8 reserved = 0;
};
static_assert(sizeof(FrameRecord) == 16);

class FrameAllocator {
public:
    static constexpr unsigned largest_order = 10;  ///< 4 MiB

    /// `records[i]` describes the frame at `i * frame_size`; all must be value-initialised. Nothing
    /// is free until `add_free_range`.
    void initialize(std::span<FrameRecord> records);
    /// Gives all whole frames of [start, end) to the allocator.
    void add_free_range(PhysicalAddress start, PhysicalAddress end);

    /// A block of 2^order frames, aligned to its size, with one reference; contents undefined.
    Result<PhysicalAddress, MemoryError> allocate(unsigned order = 0,
                                                  FrameUse use = FrameUse::Kernel);
    Result<PhysicalAddress, MemoryError> allocate(FrameUse use) { return allocate(0, use); }
    /// One more reference to a used block of order 0.
    void add_reference(PhysicalAddress frame);
    /// Gives one reference back; with the last one the block is free. Says whether it is.
    bool release(PhysicalAddress block);
    [[nodiscard]] u32 references(PhysicalAddress frame) const;

    /// Order, owner's tag and owner's number of the used block that starts at `block`.
    [[nodiscard]] unsigned order(PhysicalAddress block) const;
    [[nodiscard]] u32 tag(PhysicalAddress block) const;
    void set_tag(PhysicalAddress block, u32 tag);
    [[nodiscard]] u32 number(PhysicalAddress block) const;
    void set_number(PhysicalAddress block, u32 number);
    /// Calls `visit(block)` for each used block of `use`, which may be released by that.
    template <typename Visit>
    void for_each_used(FrameUse use, Visit visit) {
        for (usize frame = 0; frame < records_.size(); ++frame) {
            const FrameRecord& at = records_[frame];
            if (at.state == FrameRecord::State::Used && at.use == use) {
                visit(PhysicalAddress{frame * frame_size});
            }
        }
    }
    /// Frames of all used blocks, by FrameUse; counted now.
    struct UsedFrames {
        u64 of[frame_use_count] = {};
    };
    [[nodiscard]] UsedFrames used_frames() const;

    [[nodiscard]] u64 free_frames() const { return free_frames_; }
    /// Frames that were ever given to the allocator.
    [[nodiscard]] u64 total_frames() const { return total_frames_; }

private:
    static constexpr u32 none = ~u32{0};

    FrameRecord& record(PhysicalAddress frame);
    const FrameRecord& record(PhysicalAddress frame) const;
    void push(u32 frame, unsigned order);
    void remove(u32 frame);
    void free_block(u32 frame, unsigned order);
    bool split_down_to(unsigned order);

    std::span<FrameRecord> records_;
    u32 heads_[largest_order + 1] = {};
    u64 free_frames_ = 0;
    u64 total_frames_ = 0;
};

/// The machine's memory. Ready before `start` is called.
FrameAllocator& frames();

/// Where the kernel sees a frame: all RAM is mapped at a fixed distance.
[[nodiscard]] u8* frame_bytes(PhysicalAddress frame);
/// A zeroed frame.
Result<PhysicalAddress, MemoryError> allocate_zeroed_frame(FrameUse use);

}  // namespace ringfence::kernel

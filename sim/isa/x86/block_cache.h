// SPDX-License-Identifier: MIT
// All decoded blocks of a processor, found by key, and dropped when their bytes change.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "sim/isa/x86/block.h"
#include "sim/memory/physical_memory.h"

namespace ringfence::sim::isa::x86 {

struct BlockKey {
    PhysicalAddress physical;
    u64 rip = 0;
    u64 context = 0;
};

/// Memory for blocks comes from one arena, which is given back only as a whole: a dropped block
/// stays readable (and leaves at its next op) until `clear`.
class BlockCache {
public:
    explicit BlockCache(memory::PhysicalMemory& memory);

    [[nodiscard]] Block* find(const BlockKey& key) const;

    /// A block with room for `ops` and not yet findable, or nullptr if the arena is full: then
    /// `clear` and ask again.
    Block* allocate(std::span<const Op> ops);
    /// Makes a finished block findable and marks its bytes as code.
    void insert(Block& block);
    /// Drops each block that has a byte in [first, first + bytes), which lie in one page.
    void drop(PhysicalAddress first, u64 bytes);
    /// Drops everything. No block may be running.
    void clear();

    /// Makes every op of `block` leave to the engine before it does anything.
    static void disarm(Block& block);

private:
    static constexpr unsigned bucket_count = 1U << 16;
    static constexpr usize arena_bytes = 128 * mib;

    static u64 bucket_of(const BlockKey& key);
    void unlink_from_bucket(Block& block);
    void unlink_from_page(Block& block, unsigned which);
    void drop_from_page(u64 page, u64 first, u64 end);
    void refresh_code_lines(u64 page);

    memory::PhysicalMemory& memory_;
    std::vector<Block*> buckets_;
    /// By physical page number; a block that crosses is in two lists.
    std::unordered_map<u64, Block*> pages_;
    std::unique_ptr<u8[]> arena_;
    usize used_ = 0;
};

}  // namespace ringfence::sim::isa::x86

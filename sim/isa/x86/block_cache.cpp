// SPDX-License-Identifier: MIT
#include "sim/isa/x86/block_cache.h"

#include <algorithm>
#include <new>

#include "base/compiler.h"
#include "sim/isa/x86/handler.h"

namespace ringfence::sim::isa::x86 {
namespace {

using memory::page_size;

u64 page_number(PhysicalAddress address) {
    return address.value() / page_size;
}

/// The part of `block` that lies in physical page `page`: [first, end).
struct Extent {
    u64 first;
    u64 end;
};

Extent extent_in_page(const Block& block, u64 page) {
    if (page_number(block.physical) == page) {
        const u64 first = block.physical.value();
        return {first, first + block.bytes - block.bytes_in_second_page};
    }
    const u64 first = block.second_page.value();
    return {first, first + block.bytes_in_second_page};
}

/// Which of the block's page lists is the one of `page`.
unsigned link_for(const Block& block, u64 page) {
    return page_number(block.physical) == page ? 0 : 1;
}

}  // namespace

BlockCache::BlockCache(memory::PhysicalMemory& memory)
    : memory_(memory),
      buckets_(bucket_count, nullptr),
      arena_(std::make_unique_for_overwrite<u8[]>(arena_bytes)) {}

u64 BlockCache::bucket_of(const BlockKey& key) {
    constexpr u64 mix = 0x9e37'79b9'7f4a'7c15;
    const u64 hash = (key.physical.value() ^ (key.context << 48) ^ (key.context >> 16)) * mix;
    return hash >> (64 - 16);
}

Block* BlockCache::find(const BlockKey& key) const {
    Block* block = buckets_[bucket_of(key)];
    while (block != nullptr && (block->physical != key.physical || block->rip != key.rip ||
                                block->context != key.context)) {
        block = block->next_in_bucket;
    }
    return block;
}

Block* BlockCache::allocate(std::span<const Op> ops) {
    const usize bytes = sizeof(Block) + ops.size_bytes();
    static_assert(sizeof(Block) % alignof(Op) == 0 && sizeof(Op) % alignof(Block) == 0);
    if (used_ + bytes > arena_bytes) {
        return nullptr;
    }
    u8* place = arena_.get() + used_;
    used_ += bytes;
    auto* block = new (place) Block;
    block->ops = reinterpret_cast<Op*>(place + sizeof(Block));
    std::uninitialized_copy(ops.begin(), ops.end(), block->ops);
    block->op_count = static_cast<u16>(ops.size());
    return block;
}

void BlockCache::insert(Block& block) {
    Block*& bucket = buckets_[bucket_of({block.physical, block.rip, block.context})];
    block.next_in_bucket = bucket;
    bucket = &block;

    const auto add_to_page = [&](PhysicalAddress address, u64 bytes, unsigned which) {
        Block*& head = pages_[page_number(address)];
        block.next_in_page[which] = head;
        head = &block;
        memory_.add_code(address, bytes);
    };
    add_to_page(block.physical, block.bytes - block.bytes_in_second_page, 0);
    // Both halves may be in one physical page that is mapped twice: one link is enough then.
    if (block.crosses_page() && page_number(block.physical) != page_number(block.second_page)) {
        add_to_page(block.second_page, block.bytes_in_second_page, 1);
    } else if (block.crosses_page()) {
        memory_.add_code(block.second_page, block.bytes_in_second_page);
    }
}

void BlockCache::unlink_from_bucket(Block& block) {
    Block** link = &buckets_[bucket_of({block.physical, block.rip, block.context})];
    while (*link != &block) {
        link = &(*link)->next_in_bucket;
    }
    *link = block.next_in_bucket;
}

void BlockCache::unlink_from_page(Block& block, unsigned which) {
    const u64 page = page_number(which == 0 ? block.physical : block.second_page);
    Block** link = &pages_[page];
    while (*link != &block) {
        link = &(*link)->next_in_page[link_for(**link, page)];
    }
    *link = block.next_in_page[which];
    refresh_code_lines(page);
}

void BlockCache::drop(PhysicalAddress first, u64 bytes) {
    drop_from_page(page_number(first), first.value(), first.value() + bytes);
}

void BlockCache::drop_from_page(u64 page, u64 first, u64 end) {
    const auto found = pages_.find(page);
    if (found == pages_.end()) {
        return;
    }
    Block** link = &found->second;
    while (*link != nullptr) {
        Block& block = **link;
        const unsigned which = link_for(block, page);
        const Extent extent = extent_in_page(block, page);
        // A block with both halves in this page is dropped for a store to either.
        const bool doubled =
            block.crosses_page() && page_number(block.physical) == page_number(block.second_page);
        if (!doubled && (extent.end <= first || end <= extent.first)) {
            link = &block.next_in_page[which];
            continue;
        }
        *link = block.next_in_page[which];
        unlink_from_bucket(block);
        if (block.crosses_page() && !doubled) {
            unlink_from_page(block, 1 - which);
        }
        disarm(block);
    }
    refresh_code_lines(page);
}

void BlockCache::refresh_code_lines(u64 page) {
    const PhysicalAddress start{page * page_size};
    u32 lines = 0;
    for (const Block* block = pages_[page]; block != nullptr;
         block = block->next_in_page[link_for(*block, page)]) {
        const Extent extent = extent_in_page(*block, page);
        lines |= memory::PhysicalMemory::lines_of(PhysicalAddress{extent.first},
                                                  extent.end - extent.first);
        if (block->crosses_page() && page_number(block->second_page) == page) {
            lines |=
                memory::PhysicalMemory::lines_of(block->second_page, block->bytes_in_second_page);
        }
    }
    memory_.set_code_lines(start, lines);
}

void BlockCache::disarm(Block& block) {
    block.count = Block::dead;
    for (unsigned i = 0; i < block.op_count; ++i) {
        block.ops[i].handler = &leave_before;
    }
}

void BlockCache::clear() {
    for (const auto& [page, head] : pages_) {
        memory_.set_code_lines(PhysicalAddress{page * page_size}, 0);
    }
    pages_.clear();
    std::ranges::fill(buckets_, nullptr);
    used_ = 0;
}

}  // namespace ringfence::sim::isa::x86

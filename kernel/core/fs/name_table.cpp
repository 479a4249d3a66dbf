// SPDX-License-Identifier: MIT
#include "kernel/core/fs/name_table.h"

#include <utility>

#include "base/bits.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

constexpr usize fewest_buckets = 4;

/// FNV-1a.
u64 hash_of(std::string_view name) {
    constexpr u64 start = 14695981039346656037U;
    constexpr u64 prime = 1099511628211;
    u64 hash = start;
    for (const char letter : name) {
        hash = (hash ^ static_cast<u8>(letter)) * prime;
    }
    return hash;
}

}  // namespace

NameTable::~NameTable() {
    while (const Entry* entry = entries_.pop_front()) {
        delete entry;
    }
}

NameTable::Entry* NameTable::find(std::string_view name) const {
    if (size_ == 0) {
        return nullptr;
    }
    const u64 hash = hash_of(name);
    Entry* entry = buckets_[bucket_of(hash)];
    while (entry != nullptr && (entry->hash != hash || entry->name != name)) {
        entry = entry->next;
    }
    return entry;
}

void NameTable::add(std::string_view name, Ref<Inode> inode) {
    if (size_ >= buckets_.size()) {
        grow();
    }
    auto* entry = new Entry{String(name), std::move(inode), next_cookie_++, hash_of(name)};
    put_in_bucket(*entry);
    entries_.push_back(*entry);
    ++size_;
}

Ref<Inode> NameTable::take(Entry& entry) {
    Entry** link = &buckets_[bucket_of(entry.hash)];
    while (*link != &entry) {
        link = &(*link)->next;
    }
    *link = entry.next;
    Ref<Inode> inode = std::move(entry.inode);
    entry.order.unlink();
    --size_;
    delete &entry;
    return inode;
}

void NameTable::put_in_bucket(Entry& entry) {
    Entry*& first = buckets_[bucket_of(entry.hash)];
    entry.next = std::exchange(first, &entry);
}

void NameTable::grow() {
    const usize count = buckets_.empty() ? fewest_buckets : buckets_.size() * 2;
    // Of a request for one name no more than a frame was admitted. Without room for more buckets
    // the chains become longer.
    const bool large = count * sizeof(Entry*) > frame_size;
    if (large && !memory_available(align_up(count * sizeof(Entry*), frame_size) / frame_size)) {
        return;
    }
    Vector<Entry*> buckets;
    if (!buckets.try_reserve(count)) {
        RF_ASSERT(!buckets_.empty());
        return;
    }
    buckets.resize(count);
    buckets_ = std::move(buckets);
    for (Entry& entry : entries_) {
        put_in_bucket(entry);
    }
}

}  // namespace ringfence::kernel

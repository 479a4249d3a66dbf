// SPDX-License-Identifier: MIT
// The entries of a directory: found by name, listed in the order in which they came.
#pragma once

#include <string_view>

#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/containers/string.h"
#include "kernel/core/containers/vector.h"
#include "kernel/core/fs/inode.h"

namespace ringfence::kernel {

class NameTable {
public:
    struct Entry {
        String name;
        Ref<Inode> inode;
        u64 cookie;  ///< where getdents goes on after this entry; ascending, never used again
        u64 hash;
        Entry* next = nullptr;  ///< in the same bucket
        ListHook<Entry> order{this};
    };
    using Entries = IntrusiveList<Entry, &Entry::order>;

    NameTable() = default;
    NameTable(const NameTable&) = delete;
    NameTable& operator=(const NameTable&) = delete;
    ~NameTable();

    [[nodiscard]] usize size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] const Entries& entries() const { return entries_; }

    /// Null if there is none. What is found stays where it is until it is taken out.
    [[nodiscard]] Entry* find(std::string_view name) const;
    /// `name` is not in the table.
    void add(std::string_view name, Ref<Inode> inode);
    /// Takes an entry out and returns what it named.
    Ref<Inode> take(Entry& entry);

private:
    [[nodiscard]] usize bucket_of(u64 hash) const { return hash & (buckets_.size() - 1); }
    void put_in_bucket(Entry& entry);
    void grow();

    static constexpr u64 first_cookie = 3;  ///< 1 and 2 stand behind "." and ".."

    Vector<Entry*> buckets_;  ///< a power of two of them, or none
    Entries entries_;
    usize size_ = 0;
    u64 next_cookie_ = first_cookie;
};

}  // namespace ringfence::kernel

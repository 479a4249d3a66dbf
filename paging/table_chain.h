// SPDX-License-Identifier: MIT
// Pages for tables that no live table points to, linked through their own first entries.
#pragma once

#include <utility>

#include "base/compiler.h"
#include "paging/memory.h"

namespace ringfence::paging {

/// A list that costs no memory. The link is a page address, whose low bit is clear, so that a
/// walker that still holds a stale pointer to the page sees "not present". Must be empty when
/// destroyed.
template <typename F, typename M>
class TableChain {
public:
    explicit TableChain(M& memory) : memory_(&memory) {}
    TableChain(TableChain&& other) noexcept
        : memory_(other.memory_), head_(std::exchange(other.head_, 0)) {}
    TableChain& operator=(TableChain&&) = delete;
    ~TableChain() { RF_ASSERT(empty()); }

    [[nodiscard]] bool empty() const { return head_ == 0; }

    void push(PhysicalAddress table) {
        write_link(table, head_);
        head_ = table.value();
    }
    /// The page that was pushed last. The list is not empty.
    PhysicalAddress pop() {
        RF_ASSERT(!empty());
        const PhysicalAddress table{head_};
        head_ = memory_->template read<typename F::Word>(table);
        write_link(table, 0);
        return table;
    }
    void take_all(TableChain& other) {
        while (!other.empty()) {
            push(other.pop());
        }
    }
    void free_all() {
        while (!empty()) {
            memory_->free_table(pop());
        }
    }

private:
    void write_link(PhysicalAddress table, u64 next) {
        using Word = typename F::Word;
        store_entry<F>(*memory_, table, [next](Word) { return static_cast<Word>(next); });
    }

    M* memory_;
    u64 head_ = 0;  ///< address of the first page; 0 when empty: page 0 is never a table
};

}  // namespace ringfence::paging

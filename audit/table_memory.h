// SPDX-License-Identifier: MIT
// Physical memory that holds page tables.
#pragma once

#include "base/address.h"

namespace ringfence::audit {

/// And a way to hear of stores to them.
class TableMemory {
public:
    virtual ~TableMemory() = default;
    /// The aligned word at `address`; 0 where there is no memory.
    [[nodiscard]] virtual u64 read(PhysicalAddress address) const = 0;
    [[nodiscard]] virtual bool holds(PhysicalAddress address) const = 0;
    /// From now on stores to the page are told to UserTables::note_store, or no more.
    virtual void watch(PhysicalAddress /*page*/) {}
    virtual void unwatch(PhysicalAddress /*page*/) {}
};

/// As paging::Walker wants to read. The memory outlives it.
class TableReader {
public:
    explicit TableReader(const TableMemory& memory) : memory_(&memory) {}
    template <typename Word>
    [[nodiscard]] Word read(PhysicalAddress address) const {
        return memory_->read(address);
    }

private:
    const TableMemory* memory_;
};

}  // namespace ringfence::audit

// SPDX-License-Identifier: MIT
// Memory under a transaction: reads as ever, writes that can be taken back. [intel/vol1]: 16.3
#include "sim/mmu/mmu.h"

namespace ringfence::sim::mmu {

/// Only write-back memory can be taken back. [intel/vol1]: 16.3.8.2
bool Mmu::may_touch_in_transaction(const Pieces& pieces, usize bytes, AccessKind kind) {
    const auto rest = static_cast<unsigned>(bytes - pieces.first_bytes);
    if (!memory_.is_ram(pieces.first) || (rest != 0 && !memory_.is_ram(pieces.second))) {
        return false;
    }
    return kind != AccessKind::Write ||
           (transaction_->writes.add(pieces.first, pieces.first_bytes) &&
            (rest == 0 || transaction_->writes.add(pieces.second, rest)));
}

void Mmu::begin_transaction() {
    RF_ASSERT(!in_transaction());
    if (transaction_ == nullptr) {
        transaction_ = std::make_unique<Transaction>(
            Transaction{.context = {}, .writes = WriteSet(memory_, write_set_shape_)});
    }
    transactional_ = &transaction_->context;
    transactional_->drop_all(next_stamp_++);
    active_ = transactional_;
}

void Mmu::undo_transaction() {
    RF_ASSERT(in_transaction());
    transaction_->writes.undo();
    end_transaction();
}

void Mmu::end_transaction() {
    RF_ASSERT(in_transaction());
    transaction_->writes.forget();
    transactional_ = nullptr;
    active_ = current_context();
}

}  // namespace ringfence::sim::mmu

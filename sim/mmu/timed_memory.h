// SPDX-License-Identifier: MIT
// Translation and caches as one memory system, for the core's timing; and what loads give to those
// who run in vain on their results: the place where Meltdown happens, or does not.
#pragma once

#include <array>

#include "sim/mmu/mmu.h"
#include "sim/mmu/timed_translator.h"
#include "sim/mmu/transient_access.h"
#include "sim/timing/memory_hierarchy.h"
#include "sim/timing/memory_port.h"
#include "sim/timing/parameters.h"

namespace ringfence::sim::mmu {

/// Accesses are timed with the Mmu's present state, before the instruction that makes them runs.
class TimedMemory final : public timing::MemoryPort, public TransientAccess {
public:
    /// All outlive it. Becomes the Mmu's timed translator.
    TimedMemory(Mmu& mmu, memory::PhysicalMemory& memory, const timing::Parameters& parameters);
    ~TimedMemory() override;
    TimedMemory(const TimedMemory&) = delete;
    TimedMemory& operator=(const TimedMemory&) = delete;

    /// What follows belongs to the instruction at `rip`.
    void begin_instruction(u64 rip) {
        rip_ = rip;
        piece_count_ = 0;
    }
    // MemoryPort
    timing::AccessTime fetch(VirtualAddress address, unsigned bytes, timing::Cycle at) override;
    timing::AccessTime access(const timing::DataAccess& access, timing::Cycle at) override;
    timing::Cycle commit_store(const timing::DataAccess& access, timing::Cycle at) override;

    /// A path that will be squashed begins: its stores are kept apart.
    void begin_path() { store_count_ = 0; }
    /// Where code at `address` lies, if it may be executed; fills the ITLB.
    std::optional<PhysicalAddress> locate_code(VirtualAddress address, timing::Cycle at);

    // TransientAccess: of the instruction that began last, after its accesses were timed
    bool read(VirtualAddress address, void* out, unsigned bytes) override;
    void write(VirtualAddress address, const void* from, unsigned bytes) override;

    [[nodiscard]] const timing::MemoryHierarchy& hierarchy() const { return hierarchy_; }
    [[nodiscard]] const TimedTranslator& translator() const { return translator_; }
    [[nodiscard]] u64 digest() const;

private:
    /// What a load gets.
    enum class Answer : u8 { Memory, Zero, Nothing };

    /// A part of an access that lies in one cache line.
    struct Piece {
        VirtualAddress address;
        u32 bytes = 0;
        Answer answer = Answer::Nothing;
        PhysicalAddress physical;
    };
    struct PendingStore {
        VirtualAddress address;
        u32 bytes = 0;
        std::array<u8, 64> data;
    };
    static constexpr unsigned max_pieces = 24;
    static constexpr unsigned max_stores = 72;

    /// `can_run`: what is there may be executed, and is memory.
    TimedTranslation translate_code(VirtualAddress address, timing::Cycle at, bool& can_run);
    timing::AccessTime access_piece(const timing::DataAccess& access, VirtualAddress address,
                                    u32 bytes, timing::Cycle at);
    timing::AccessTime load_forbidden(const TimedTranslation& translation, bool supervisor_page,
                                      Piece& piece);
    timing::AccessTime touch(const timing::DataAccess& access, const TimedTranslation& translation);
    void remember(const Piece& piece);
    [[nodiscard]] const Piece* piece_at(VirtualAddress address) const;
    [[nodiscard]] Privilege privilege_of(const timing::DataAccess& access) const {
        return access.system ? Privilege::Supervisor : mmu_.privilege();
    }

    Mmu& mmu_;
    memory::PhysicalMemory& memory_;
    timing::TransienceParameters transience_;
    timing::MemoryHierarchy hierarchy_;
    TimedTranslator translator_;
    u64 rip_ = 0;
    std::array<Piece, max_pieces> pieces_;
    unsigned piece_count_ = 0;
    std::array<PendingStore, max_stores> stores_;
    unsigned store_count_ = 0;
};

}  // namespace ringfence::sim::mmu

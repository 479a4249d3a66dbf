// SPDX-License-Identifier: MIT
// Translation and caches as one memory system, for the core's timing; and what loads give to those
// who run in vain on their results: the place where Meltdown happens, or does not.
#pragma once

#include <array>

#include "sim/mmu/mmu.h"
#include "sim/mmu/timed_translator.h"
#include "sim/mmu/transient_access.h"
#include "sim/observe/recorder.h"
#include "sim/timing/memory_hierarchy.h"
#include "sim/timing/memory_port.h"
#include "sim/timing/parameters.h"

namespace ringfence::sim::mmu {

/// Accesses are timed with the Mmu's present state, before the instruction that makes them runs.
class TimedMemory final : public timing::MemoryPort,
                          public TransientAccess,
                          private timing::LineListener {
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
    // MemoryPort. What was used lately and is in L1 is answered inline.
    timing::AccessTime fetch(VirtualAddress address, unsigned bytes, timing::Cycle at) override;
    RF_ALWAYS_INLINE timing::AccessTime access(const timing::DataAccess& access,
                                               timing::Cycle at) override {
        const bool loads = timing::loads(access.intent);
        const bool stores = timing::stores(access.intent);
        const bool in_one_line =
            access.address.offset_in(timing::cache_line_bytes) + access.bytes <=
            timing::cache_line_bytes;
        if (RF_LIKELY((loads || stores) && in_one_line && !access.system &&
                      piece_count_ < max_pieces)) {
            const auto physical = translator_.recall(stores ? AccessKind::Write : AccessKind::Read,
                                                     access.address, mmu_.context_stamp(), at);
            if (RF_LIKELY(physical.has_value())) {
                pieces_[piece_count_++] = {.address = access.address,
                                           .physical = *physical,
                                           .bytes = access.bytes,
                                           .answer = Answer::Memory};
                return loads ? loaded(hierarchy_.load(*physical, at, rip_))
                             : timing::AccessTime{.ready = at + l1d_latency_};
            }
        }
        return access_slow(access, at);
    }
    RF_ALWAYS_INLINE timing::Cycle commit_store(const timing::DataAccess& access,
                                                timing::Cycle at) override {
        const Piece& first = pieces_[0];
        if (RF_LIKELY(piece_count_ == 1 && first.bytes == access.bytes &&
                      first.answer == Answer::Memory)) {
            return hierarchy_.store(first.physical, at).ready;
        }
        return commit_store_slow(access, at);
    }

    /// A path that will be squashed begins: its stores are kept apart.
    void begin_path() { store_count_ = 0; }
    /// Where code at `address` lies, if it may be executed; fills the ITLB.
    std::optional<PhysicalAddress> locate_code(VirtualAddress address, timing::Cycle at);

    // TransientAccess: of the instruction that began last, after its accesses were timed
    bool read(VirtualAddress address, void* out, unsigned bytes) override;
    void write(VirtualAddress address, const void* from, unsigned bytes) override;

    /// The instruction that began last.
    [[nodiscard]] u64 rip() const { return rip_; }
    /// Tells `recorder` from now on of lines that come and go and of loads that are forbidden;
    /// null: nobody.
    void report_to(observe::Recorder* recorder);
    /// Reports what the instruction that began last has accessed. Not without a recorder.
    void report_accesses(observe::TimingEvent::Kind kind, timing::Cycle cycle);

    [[nodiscard]] const timing::MemoryHierarchy& hierarchy() const { return hierarchy_; }
    [[nodiscard]] const TimedTranslator& translator() const { return translator_; }
    /// Between two instructions. `latest`: nothing is on its way for longer.
    void visit_state(state::Visitor& visitor, timing::Cycle latest);

private:
    /// What a load gets.
    enum class Answer : u8 { Memory, Zero, Nothing };

    /// A part of an access that lies in one cache line.
    struct Piece {
        VirtualAddress address;
        PhysicalAddress physical;
        u32 bytes = 0;
        Answer answer = Answer::Nothing;
    };
    struct PendingStore {
        VirtualAddress address;
        u32 bytes = 0;
        std::array<u8, 64> data;
    };
    static constexpr unsigned max_pieces = 24;
    static constexpr unsigned max_stores = 72;

    static timing::AccessTime loaded(const timing::CacheTime& cache) {
        return {.ready = cache.ready, .cache = cache.beyond_l1};
    }
    RF_NEVER_INLINE timing::AccessTime access_slow(const timing::DataAccess& access,
                                                   timing::Cycle at);
    RF_NEVER_INLINE timing::Cycle commit_store_slow(const timing::DataAccess& access,
                                                    timing::Cycle at);
    /// `can_run`: what is there may be executed, and is memory.
    TimedTranslation translate_code(VirtualAddress address, timing::Cycle at, bool& can_run);
    timing::AccessTime access_piece(const timing::DataAccess& access, VirtualAddress address,
                                    u32 bytes, timing::Cycle at);
    timing::AccessTime load_forbidden(const TimedTranslation& translation, bool supervisor_page,
                                      Piece& piece);
    RF_NEVER_INLINE void report_forbidden(const TimedTranslation& translation, bool supervisor_page,
                                          const Piece& piece, timing::Cycle at);
    void line_changed(Change change, CacheName cache, u32 set, PhysicalAddress line,
                      timing::Cycle at) override;
    timing::AccessTime touch(const timing::DataAccess& access, const TimedTranslation& translation);
    void remember(const Piece& piece);
    void visit_pieces(state::Visitor& visitor);
    [[nodiscard]] const Piece* piece_at(VirtualAddress address) const;
    [[nodiscard]] Privilege privilege_of(const timing::DataAccess& access) const {
        return access.system ? Privilege::Supervisor : mmu_.privilege();
    }

    Mmu& mmu_;
    memory::PhysicalMemory& memory_;
    timing::TransienceParameters transience_;
    timing::MemoryHierarchy hierarchy_;
    TimedTranslator translator_;
    const timing::Cycle l1d_latency_;
    u64 rip_ = 0;
    std::array<Piece, max_pieces> pieces_;
    unsigned piece_count_ = 0;
    std::array<PendingStore, max_stores> stores_;
    unsigned store_count_ = 0;
    observe::Recorder* recorder_ = nullptr;
};

}  // namespace ringfence::sim::mmu

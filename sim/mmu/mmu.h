// SPDX-License-Identifier: MIT
// Guest memory as instructions see it: translation, rights, faults, and the TLB that makes it fast.
//
//   fast_tlb.h   one compare, for hits         (here, inline)
//   tlb.h        what the architecture lets a processor keep, and when it must forget
//   walker.h     the page tables themselves
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/compiler.h"
#include "base/result.h"
#include "sim/memory/physical_memory.h"
#include "sim/mmu/access.h"
#include "sim/mmu/fast_tlb.h"
#include "sim/mmu/paging_state.h"
#include "sim/mmu/tlb.h"
#include "sim/mmu/transient_access.h"
#include "sim/mmu/walker.h"
#include "sim/mmu/watchpoints.h"
#include "sim/mmu/write_set.h"
#include "sim/observe/recorder.h"
#include "sim/state/forward.h"

namespace ringfence::sim::mmu {

class TimedTranslator;

/// Owns the control registers that translation depends on. Accesses that fail return false (or an
/// empty answer) and leave the exception in `fault()`; nothing has changed in guest memory then but
/// accessed flags. A `T` is any trivially copyable type of at most 64 bytes.
class Mmu final : private memory::DirectAccessListener {
public:
    /// `memory` and `recorder` outlive the Mmu. Registers hold their reset values: paging off.
    Mmu(memory::PhysicalMemory& memory, observe::Recorder& recorder, PagingFeatures features,
        WriteSetShape transactions = {});
    ~Mmu() override;
    Mmu(const Mmu&) = delete;
    Mmu& operator=(const Mmu&) = delete;

    // Mode ----------------------------------------------------------------------------------------

    [[nodiscard]] u64 cr0() const { return state_.cr0; }
    [[nodiscard]] u64 cr3() const { return state_.cr3; }
    [[nodiscard]] u64 cr4() const { return state_.cr4; }
    [[nodiscard]] u64 efer() const { return state_.efer; }

    /// Each writes the register and flushes what the architecture requires
    /// ([intel/vol3]: 4.10.4.1). The caller has checked reserved bits and forbidden combinations;
    /// the one fault that is found here is #GP(0) for reserved bits in PAE's PDPTEs
    /// ([intel/vol3]: 4.4.1), and then nothing has changed. write_cr0 sets and clears EFER.LMA as
    /// CR0.PG changes.
    [[nodiscard]] Result<void, Fault> write_cr0(u64 value);
    [[nodiscard]] Result<void, Fault> write_cr4(u64 value);
    /// Bit 63 is the no-flush request while CR4.PCIDE = 1, and is not stored.
    [[nodiscard]] Result<void, Fault> write_cr3(u64 value);
    void write_efer(u64 value);
    void write_pkru(u32 value);

    /// To be called when CPL or EFLAGS.AC changes, before the next access.
    void set_privilege(unsigned cpl, bool alignment_check) {
        privilege_ = cpl == 3 ? Privilege::User
                              : (alignment_check ? Privilege::SupervisorAc : Privilege::Supervisor);
        active_ = current_context();
    }
    [[nodiscard]] Privilege privilege() const { return privilege_; }

    void invlpg(VirtualAddress address);
    /// `pcid` and `address` are the descriptor's; the caller has checked the operands.
    void invpcid(InvpcidType type, u16 pcid, VirtualAddress address);

    // Accesses at the current privilege -----------------------------------------------------------

    template <typename T>
    RF_ALWAYS_INLINE bool read(VirtualAddress address, T& out, Reference via = Reference::Data) {
        return read_in(*active_, address, out, privilege_, via);
    }
    template <typename T>
    RF_ALWAYS_INLINE bool write(VirtualAddress address, T value, Reference via = Reference::Data) {
        return write_in(*active_, address, value, privilege_, via);
    }
    /// Whether a write of `bytes` (1 to 4096) would succeed; accessed and dirty flags are set as if
    /// it did, so that the write itself cannot fail. For stores that must not be half done.
    RF_ALWAYS_INLINE bool probe_write(VirtualAddress address, usize bytes,
                                      Reference via = Reference::Data) {
        return RF_LIKELY(writable(*active_, address, bytes)) ||
               probe_slow(address, bytes, AccessKind::Write, privilege_, via);
    }
    /// As probe_write, for a read.
    RF_ALWAYS_INLINE bool probe_read(VirtualAddress address, usize bytes,
                                     Reference via = Reference::Data) {
        return RF_LIKELY(readable(*active_, address, bytes)) ||
               probe_slow(address, bytes, AccessKind::Read, privilege_, via);
    }
    /// The host's address of a writable operand (unaligned; may be read too), or nullptr: then use
    /// read_for_write and write. Never faults.
    RF_ALWAYS_INLINE u8* write_pointer(VirtualAddress address, usize bytes) {
        return RF_LIKELY(writable(*active_, address, bytes)) ? host_pointer(*active_, address)
                                                             : nullptr;
    }
    /// A read whose failures are those of a write (the first half of read-modify-write). After
    /// success, a write of the same operand succeeds.
    template <typename T>
    bool read_for_write(VirtualAddress address, T& out, Reference via = Reference::Data) {
        return probe_write(address, sizeof(T), via) && read(address, out, via);
    }
    /// Host bytes from `address` to the end of its page, when they are plain RAM, readable (or
    /// writable, dirty and free of decoded code) at the current privilege. Empty: go element by
    /// element, which raises the faults. Never faults itself, but may walk.
    std::span<const u8> readable_run(VirtualAddress address);
    std::span<u8> writable_run(VirtualAddress address);

    // Implicit supervisor accesses: descriptor tables, TSS, interrupt frames
    // ------------------------

    template <typename T>
    bool read_system(VirtualAddress address, T& out) {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 64);
        const FastContext& context = system_context();
        if (RF_LIKELY(readable(context, address, sizeof(T)))) {
            std::memcpy(&out, host_pointer(context, address), sizeof(T));
            return true;
        }
        return read_system_slow(address, &out, sizeof(T));
    }
    /// `via` decides the exception for a non-canonical address (frames are pushed through SS).
    template <typename T>
    bool write_system(VirtualAddress address, T value, Reference via = Reference::Data) {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 64);
        const FastContext& context = system_context();
        if (RF_LIKELY(writable(context, address, sizeof(T)) && !in_transaction())) {
            std::memcpy(host_pointer(context, address), &value, sizeof(T));
            return true;
        }
        return write_system_slow(address, &value, sizeof(T), via);
    }
    bool probe_write_system(VirtualAddress address, usize bytes, Reference via = Reference::Data) {
        return (writable(system_context(), address, bytes) && !in_transaction()) ||
               probe_system_slow(address, bytes, via);
    }

    // Fetches -------------------------------------------------------------------------------------

    /// Where the instruction byte at `address` lies. Sets accessed flags.
    Result<PhysicalAddress, Fault> translate_execute(VirtualAddress address) {
        const FastEntry& entry = active_->slot(address.value());
        if (RF_LIKELY(entry.execute_tag == active_->tag_of(address.value(), 1))) {
            return PhysicalAddress{entry.addend + address.value() - ram_base_};
        }
        return translate_execute_slow(address);
    }
    /// While this number stays the same, a page that translate_execute accepted is still executable
    /// at the same place: blocks on two pages may stay chained. Changes with every context switch
    /// and flush that may matter; comes back when an unflushed context comes back.
    [[nodiscard]] u64 execute_stamp() const { return active_->stamp; }

    /// Differs between any two contexts whose accesses could be answered differently: of the
    /// registers that translation depends on, the privilege, and what was flushed when. Not touched
    /// by set_transient_access.
    [[nodiscard]] u64 context_stamp() const {
        return contexts_[static_cast<unsigned>(privilege_)]->stamp;
    }

    // Accesses that are observed ------------------------------------------------------------------

    /// While closed, accesses to device registers and to watched ranges (but for implicit ones)
    /// fail without touching anything, and `take_refusal` says so once: no exception, but a request
    /// to try again at an instruction that is alone, and whose time is known exactly. Open at
    /// first.
    void set_observed_access(bool open) { observed_access_ = open; }
    [[nodiscard]] bool take_refusal() { return std::exchange(refused_, false); }

    // Data breakpoints ----------------------------------------------------------------------------

    /// From now on explicit accesses to these ranges are noted.
    void watch(const WatchedRanges& ranges);
    /// The same for whoever looks on from outside; the guest does not notice.
    void watch_for_tools(std::vector<WatchedRange> ranges);
    /// Bit i: range i was accessed since the last call; those of tools come above the guest's own.
    [[nodiscard]] u64 take_watch_hits() { return watchpoints_.take_hits(); }

    /// Hears of every invalidation from now on, by instructions, control registers and page faults;
    /// null, as at first, where time is not modelled.
    void set_timed_translator(TimedTranslator* translator) { timed_ = translator; }

    // Transactions --------------------------------------------------------------------------------

    /// From now on what is written can be put back, until one of the next two is called. An access
    /// that a transaction cannot make fails, and `fault()` means nothing then: it reaches something
    /// else than RAM, an accessed or dirty flag would have to be set for it, or more lines would be
    /// written than can be kept (`written()->overflowed()`). None runs yet; the privilege, control
    /// registers and translations do not change while it does.
    void begin_transaction();
    void commit_transaction() { end_transaction(); }
    /// Memory is what it was when the transaction began.
    void undo_transaction();
    /// What the running transaction has written; null if none runs.
    [[nodiscard]] const WriteSet* written() const {
        return in_transaction() ? &transaction_->writes : nullptr;
    }

    // Paths that will be squashed -----------------------------------------------------------------

    /// While set, explicit accesses go there and nowhere else: no fault, no flag set, no TLB used.
    /// Null ends that. The privilege may not change in between.
    void set_transient_access(TransientAccess* access);

    // Other ---------------------------------------------------------------------------------------

    /// The exception of the last access that failed.
    [[nodiscard]] const Fault& fault() const { return fault_; }

    /// Translates by the tables alone: no TLB, no flags set, no rights checked. For tools.
    [[nodiscard]] std::optional<PhysicalAddress> peek(VirtualAddress address);

    /// Re-walks on every TLB hit and reports, through the recorder, each use of a translation that
    /// the tables no longer contain: a flush that the guest forgot. Slow; off at first.
    void set_strict(bool on);

    /// Registers and TLBs; the privilege is the processor's to set again. The fast path is empty
    /// after loading, which changes nothing.
    void visit_state(state::Visitor& visitor);

    /// What is remembered of the page tables: for data, and for code.
    [[nodiscard]] const Tlb& tlb(AccessKind kind) const {
        return kind == AccessKind::Execute ? code_tlb_ : data_tlb_;
    }

    [[nodiscard]] const PagingState& state() const { return state_; }
    [[nodiscard]] const PagingFeatures& features() const { return features_; }
    [[nodiscard]] memory::PhysicalMemory& memory() { return memory_; }

private:
    /// The fast path's view of one PCID, by privilege.
    using FastSpace = std::array<FastContext, privilege_count>;
    static constexpr unsigned space_count = 8;
    static constexpr u16 no_pcid = 4096;  ///< one past the last

    static bool readable(const FastContext& context, VirtualAddress address, u64 bytes) {
        return context.slot(address.value()).read_tag == context.tag_of(address.value(), bytes);
    }
    static bool writable(const FastContext& context, VirtualAddress address, u64 bytes) {
        return context.slot(address.value()).write_tag == context.tag_of(address.value(), bytes);
    }
    static u8* host_pointer(const FastContext& context, VirtualAddress address) {
        return reinterpret_cast<u8*>(context.slot(address.value()).addend + address.value());
    }
    template <typename T>
    RF_ALWAYS_INLINE bool read_in(FastContext& context, VirtualAddress address, T& out,
                                  Privilege privilege, Reference via) {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 64);
        if (RF_LIKELY(readable(context, address, sizeof(T)))) {
            std::memcpy(&out, host_pointer(context, address), sizeof(T));
            return true;
        }
        const SlowRead<T> slow = read_slow_value<T>(address, privilege, via);
        out = slow.value;
        return slow.ok;
    }
    template <typename T>
    RF_ALWAYS_INLINE bool write_in(FastContext& context, VirtualAddress address, const T& value,
                                   Privilege privilege, Reference via) {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 64);
        if (RF_LIKELY(writable(context, address, sizeof(T)))) {
            std::memcpy(host_pointer(context, address), &value, sizeof(T));
            return true;
        }
        if constexpr (sizeof(T) <= sizeof(u64)) {  // by value: keeps `value` in a register above
            u64 bits = 0;
            std::memcpy(&bits, &value, sizeof(T));
            return write_slow(address, bits, sizeof(T), privilege, via);
        } else {
            return write_slow(address, &value, sizeof(T), privilege, via);
        }
    }
    /// What the fast path knows during a transaction: never that a page may be written, so that
    /// each write is seen.
    struct Transaction {
        FastContext context;
        WriteSet writes;
    };
    [[nodiscard]] bool in_transaction() const { return transactional_ != nullptr; }
    /// Where accesses at the current privilege look first.
    [[nodiscard]] FastContext* current_context() const {
        return RF_UNLIKELY(in_transaction()) ? transactional_
                                             : contexts_[static_cast<unsigned>(privilege_)];
    }
    FastContext& system_context() {
        return *contexts_[static_cast<unsigned>(Privilege::Supervisor)];
    }

    /// Comes back in registers: keeps `out` of the callers above in one.
    template <typename T>
    struct SlowRead {
        T value;
        bool ok;
    };
    template <typename T>
    RF_NEVER_INLINE SlowRead<T> read_slow_value(VirtualAddress address, Privilege privilege,
                                                Reference via) {
        SlowRead<T> read{};
        read.ok = read_slow(address, &read.value, sizeof(T), privilege, via);
        return read;
    }
    RF_NEVER_INLINE bool read_slow(VirtualAddress address, void* out, unsigned bytes,
                                   Privilege privilege, Reference via);
    RF_NEVER_INLINE bool write_slow(VirtualAddress address, const void* from, unsigned bytes,
                                    Privilege privilege, Reference via);
    RF_NEVER_INLINE bool write_slow(VirtualAddress address, u64 value, unsigned bytes,
                                    Privilege privilege, Reference via);
    RF_NEVER_INLINE bool read_system_slow(VirtualAddress address, void* out, unsigned bytes);
    RF_NEVER_INLINE bool write_system_slow(VirtualAddress address, const void* from, unsigned bytes,
                                           Reference via);
    RF_NEVER_INLINE bool probe_system_slow(VirtualAddress address, usize bytes, Reference via);
    RF_NEVER_INLINE bool probe_slow(VirtualAddress address, usize bytes, AccessKind kind,
                                    Privilege privilege, Reference via);
    RF_NEVER_INLINE Result<PhysicalAddress, Fault> translate_execute_slow(VirtualAddress address);

    /// The physical places of an access that may run into a second page.
    struct Pieces {
        PhysicalAddress first;
        unsigned first_bytes;
        PhysicalAddress second;  ///< meaningful only if first_bytes is not all
    };
    bool translate_pieces(VirtualAddress address, usize bytes, AccessKind kind, Privilege privilege,
                          Reference via, Pieces& out);
    bool translate(VirtualAddress address, AccessKind kind, Privilege privilege, Reference via,
                   PhysicalAddress& out);
    bool walk_into_tlb(VirtualAddress address, AccessKind kind, Privilege privilege,
                       const Translation* outdated, Translation& out);
    void report_cached(VirtualAddress address, const Translation& translation);
    void report_flushed(const observe::FlushedContext& context);
    void fill_fast(VirtualAddress address, AccessKind kind, Privilege privilege,
                   const Translation& translation);
    Tlb& tlb_of(AccessKind kind) { return kind == AccessKind::Execute ? code_tlb_ : data_tlb_; }
    [[nodiscard]] bool is_canonical(VirtualAddress address) const {
        return state_.is_canonical(address);
    }
    bool require_canonical(VirtualAddress address, Reference via);
    bool read_pieces(VirtualAddress address, void* out, unsigned bytes, Privilege privilege,
                     Reference via);
    bool write_pieces(VirtualAddress address, const void* from, unsigned bytes, Privilege privilege,
                      Reference via);
    bool may_touch(const Pieces& pieces, usize bytes, AccessKind kind);
    bool may_meet_watchpoint(VirtualAddress address, usize bytes, AccessKind kind);
    bool may_touch_in_transaction(const Pieces& pieces, usize bytes, AccessKind kind);
    void end_transaction();
    void check_stale(VirtualAddress address, const Translation& cached);

    void forget_page(VirtualAddress address);
    void forget_outdated(VirtualAddress address, AccessKind kind);
    void forget_evicted(const Tlb::Evicted& evicted, AccessKind kind);
    void forget_faulting_page(VirtualAddress address);
    void flush_everything();
    Result<void, Fault> load_pdptes(PagingState& next);

    [[nodiscard]] int find_space(u16 pcid) const;
    void select_space();
    void drop_fast(u16 pcid);
    void drop_fast_all();
    void drop_fast_page(unsigned space, VirtualAddress address);
    void drop_fast_page(u16 pcid, bool globals, VirtualAddress address, AccessKind kind);
    void drop_fast_transactional();
    void page_became_code(PhysicalAddress page) override;
    void layout_changed() override { drop_fast_all(); }

    // What every access touches comes first.
    FastContext* active_ = nullptr;                         ///< current_context()
    std::array<FastContext*, privilege_count> contexts_{};  ///< of the current PCID
    FastContext* transactional_ = nullptr;                  ///< &transaction_->context, or null
    Privilege privilege_ = Privilege::Supervisor;

    memory::PhysicalMemory& memory_;
    observe::Recorder& recorder_;
    PagingFeatures features_;
    PagingState state_;
    u64 ram_base_;  ///< host address of physical address 0
    TransientAccess* transient_ = nullptr;
    WriteSetShape write_set_shape_;
    std::unique_ptr<Transaction> transaction_;  ///< made for the first one
    TimedTranslator* timed_ = nullptr;
    bool strict_ = false;
    bool observed_access_ = true;
    bool refused_ = false;
    Watchpoints watchpoints_;
    Fault fault_;
    Walker walker_;
    /// Apart, so that no load or store pushes out the translation of the code that makes it.
    Tlb data_tlb_;
    Tlb code_tlb_;
    std::unique_ptr<std::array<FastSpace, space_count>> spaces_;
    std::array<u16, space_count> space_pcids_{no_pcid, no_pcid, no_pcid, no_pcid,
                                              no_pcid, no_pcid, no_pcid, no_pcid};
    unsigned next_space_ = 0;
    u64 next_stamp_ = 1;
};

}  // namespace ringfence::sim::mmu

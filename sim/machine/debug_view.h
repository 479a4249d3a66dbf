// SPDX-License-Identifier: MIT
// A machine between two runs, as a debugger looks at it. Looking changes nothing: no TLB, no cache,
// no accessed or dirty flag, and no device hears of it. What does change something says so.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "sim/machine/debug_registers.h"
#include "sim/mmu/paging_state.h"
#include "sim/mmu/tlb.h"
#include "sim/mmu/walker.h"
#include "sim/mmu/watchpoints.h"

namespace ringfence::sim::memory {
class PhysicalMemory;
}  // namespace ringfence::sim::memory
namespace ringfence::sim::isa::x86 {
class Engine;
class TimedExecution;
}  // namespace ringfence::sim::isa::x86

namespace ringfence::sim::machine {

class DebugView {
public:
    DebugView(cpu::Cpu& cpu, memory::PhysicalMemory& memory, isa::x86::Engine& engine,
              const isa::x86::TimedExecution* timed)
        : cpu_(cpu), memory_(memory), engine_(engine), timed_(timed) {}

    [[nodiscard]] DebugRegisters registers() const { return read_registers(cpu_); }
    /// Changes the guest: see machine::write_registers.
    [[nodiscard]] bool set_registers(const DebugRegisters& wanted) {
        return write_registers(cpu_, wanted);
    }

    /// Where the tables put a linear address, whatever the rights; without paging, itself.
    [[nodiscard]] std::optional<PhysicalAddress> translate(VirtualAddress address) const;

    /// The registers that decide how it is done.
    [[nodiscard]] const mmu::PagingState& paging() const;
    /// Every entry that a walk reads. Without paging there is none.
    [[nodiscard]] mmu::WalkPath walk(VirtualAddress address) const;

    /// Reads through the tables; false unless all of it is mapped to RAM.
    [[nodiscard]] bool read(VirtualAddress address, std::span<u8> out) const;
    [[nodiscard]] bool read(PhysicalAddress address, std::span<u8> out) const;
    /// Change the guest's RAM, as a device does that masters the bus; false, and nothing has
    /// changed, unless all of it is RAM. Rights do not matter.
    [[nodiscard]] bool write(VirtualAddress address, std::span<const u8> bytes);
    [[nodiscard]] bool write(PhysicalAddress address, std::span<const u8> bytes);

    /// From now on a run pauses behind each instruction that accesses one of these, at most
    /// `most_watched` of them. What the processor does by itself (descriptors, interrupt frames,
    /// page walks) is not seen. What the guest does is not changed; in a timed machine an access
    /// that is met may cost a cycle more or less, because it is tried twice.
    void watch(std::vector<mmu::WatchedRange> ranges);
    static constexpr usize most_watched = mmu::Watchpoints::most_for_tools;
    /// Bit i: range i was met since the last call.
    [[nodiscard]] u64 take_watch_hits();

    struct CachedPage {
        const char* array;  ///< "ITLB", "DTLB" or "STLB"
        VirtualAddress start;
        PhysicalAddress physical;
        u64 bytes;
        bool global;
        u16 pcid;  ///< of pages that are not global
        mmu::Rights rights;
    };
    /// What the TLBs hold, in a fixed order. A machine that is not timed has two, for code and
    /// data, that are as large as no processor's.
    [[nodiscard]] std::vector<CachedPage> cached_pages() const;

    /// What the architecture lets the processor remember, in timed machines too.
    [[nodiscard]] const mmu::Tlb& architectural_tlb(mmu::AccessKind kind) const;

    // For observers too, from within what they are told -------------------------------------------

    /// What an entry into the kernel goes by.
    struct EntryRegisters {
        u64 cr3;
        VirtualAddress gdt, idt, tss, ldt;               ///< where they begin
        u32 gdt_limit, idt_limit, tss_limit, ldt_limit;  ///< offset of the last byte
        bool has_ldt;                                    ///< LDTR is not null
        VirtualAddress syscall_target;                   ///< IA32_LSTAR
        bool interrupt_flag;
        bool pcids;        ///< CR4.PCIDE
        bool no_execute;   ///< EFER.NXE
        bool four_levels;  ///< the paging mode is that of 64-bit kernels
        unsigned cpl;
    };
    [[nodiscard]] EntryRegisters entry_registers() const;

    /// The general registers, and RIP when user mode has just been entered.
    [[nodiscard]] std::array<u64, 17> general_registers() const;

    /// The block of instructions that is running, or comes next; with an observer that wants
    /// instructions a block is one.
    [[nodiscard]] VirtualAddress running_block() const;

    /// From now on observers hear of stores to the page of `address`, which is RAM. Changes
    /// neither the guest nor its time.
    void watch_stores(PhysicalAddress address);
    void unwatch_stores(PhysicalAddress address);

    // Timed machines only
    // --------------------------------------------------------------------------

    [[nodiscard]] bool timed() const { return timed_ != nullptr; }

    /// The entries of TLBs as large as the processor's, which may hold what wrong paths brought.
    void for_each_timed_page(const std::function<void(const CachedPage&)>& visit) const;
    /// The entries of the paging-structure caches: level 2 for PDEs, 3 for PDPTEs, 4 for PML4Es.
    void for_each_timed_structure(
        const std::function<void(unsigned level, VirtualAddress start, u16 pcid)>& visit) const;

    struct CacheLevel {
        const char* name;  ///< "L1I", "L1D", "L2" or "LLC"
        u64 bytes;
        u32 ways;
        u64 hits;
        u64 misses;
        bool holds;  ///< the line that was asked for
    };
    /// The caches that there are, and whether each has the line of `address`.
    [[nodiscard]] std::vector<CacheLevel> caches(PhysicalAddress address) const;

private:
    struct Piece {
        PhysicalAddress where;
        usize bytes;
    };
    [[nodiscard]] std::optional<std::vector<Piece>> pieces(VirtualAddress address,
                                                           usize bytes) const;

    cpu::Cpu& cpu_;
    memory::PhysicalMemory& memory_;
    isa::x86::Engine& engine_;
    const isa::x86::TimedExecution* timed_;
};

}  // namespace ringfence::sim::machine

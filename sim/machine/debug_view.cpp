// SPDX-License-Identifier: MIT
#include "sim/machine/debug_view.h"

#include <algorithm>

#include "arch/x86/efer.h"
#include "arch/x86/selector_error_code.h"
#include "sim/cpu/cpu.h"
#include "sim/isa/x86/block.h"
#include "sim/isa/x86/engine.h"
#include "sim/isa/x86/timed_execution.h"
#include "sim/memory/physical_memory.h"

namespace ringfence::sim::machine {

std::optional<PhysicalAddress> DebugView::translate(VirtualAddress address) const {
    const bool wide = cpu_.long_mode_active();
    return cpu_.mmu.peek(
        wide ? address : VirtualAddress{address.value() & low_mask(mmu::legacy_address_bits)});
}

const mmu::PagingState& DebugView::paging() const {
    return cpu_.mmu.state();
}

mmu::WalkPath DebugView::walk(VirtualAddress address) const {
    if (paging().mode() == mmu::PagingMode::Off) {
        return {};
    }
    mmu::Walker walker(memory_, cpu_.mmu.features());
    return walker.trace(paging(), address);
}

/// The physical places of a range of linear addresses, all of them RAM.
std::optional<std::vector<DebugView::Piece>> DebugView::pieces(VirtualAddress address,
                                                               usize bytes) const {
    std::vector<Piece> pieces;
    while (bytes > 0) {
        const usize here =
            std::min<usize>(bytes, memory::page_size - address.offset_in(memory::page_size));
        const auto where = translate(address);
        if (!where || !memory_.is_ram(*where, here)) {
            return std::nullopt;
        }
        pieces.push_back({*where, here});
        address += here;
        bytes -= here;
    }
    return pieces;
}

bool DebugView::read(VirtualAddress address, std::span<u8> out) const {
    const auto parts = pieces(address, out.size());
    if (!parts) {
        return false;
    }
    for (const Piece& piece : *parts) {
        if (!memory_.copy_out(out.data(), piece.where, piece.bytes)) {
            return false;
        }
        out = out.subspan(piece.bytes);
    }
    return true;
}

bool DebugView::read(PhysicalAddress address, std::span<u8> out) const {
    return memory_.copy_out(out.data(), address, out.size());
}

bool DebugView::write(VirtualAddress address, std::span<const u8> bytes) {
    const auto parts = pieces(address, bytes.size());
    if (!parts) {
        return false;
    }
    for (const Piece& piece : *parts) {
        if (!memory_.copy_in(piece.where, bytes.data(), piece.bytes)) {
            return false;
        }
        bytes = bytes.subspan(piece.bytes);
    }
    return true;
}

bool DebugView::write(PhysicalAddress address, std::span<const u8> bytes) {
    return memory_.copy_in(address, bytes.data(), bytes.size());
}

void DebugView::watch(std::vector<mmu::WatchedRange> ranges) {
    cpu_.mmu.watch_for_tools(std::move(ranges));
}

u64 DebugView::take_watch_hits() {
    return engine_.take_tool_hits();
}

namespace {

void add_untimed(std::vector<DebugView::CachedPage>& pages, const char* name, const mmu::Tlb& tlb) {
    tlb.for_each([&](VirtualAddress start, u16 pcid, const mmu::Translation& page) {
        const u64 bytes = bit(page.size_shift);
        pages.push_back({name, start, page.page.align_down(bytes), bytes, page.global,
                         page.global ? u16{0} : pcid, page.rights});
    });
}

}  // namespace

std::vector<DebugView::CachedPage> DebugView::cached_pages() const {
    std::vector<CachedPage> pages;
    if (timed_ == nullptr) {
        add_untimed(pages, "ITLB", cpu_.mmu.tlb(mmu::AccessKind::Execute));
        add_untimed(pages, "DTLB", cpu_.mmu.tlb(mmu::AccessKind::Read));
        return pages;
    }
    for_each_timed_page([&](const CachedPage& page) { pages.push_back(page); });
    return pages;
}

void DebugView::for_each_timed_page(const std::function<void(const CachedPage&)>& visit) const {
    using Array = mmu::TimedTranslator::Array;
    timed_->memory().translator().for_each_page([&](const mmu::TimedTranslator::CachedPage& page) {
        const char* const name = page.array == Array::Instruction ? "ITLB"
                                 : page.array == Array::Data      ? "DTLB"
                                                                  : "STLB";
        visit({name, page.start, page.physical, bit(page.shift), page.global, page.pcid,
               page.rights});
    });
}

void DebugView::for_each_timed_structure(
    const std::function<void(unsigned level, VirtualAddress start, u16 pcid)>& visit) const {
    timed_->memory().translator().for_each_structure(visit);
}

const mmu::Tlb& DebugView::architectural_tlb(mmu::AccessKind kind) const {
    return cpu_.mmu.tlb(kind);
}

DebugView::EntryRegisters DebugView::entry_registers() const {
    const mmu::PagingState& state = cpu_.mmu.state();
    return {.cr3 = state.cr3,
            .gdt = VirtualAddress{cpu_.gdtr.base},
            .idt = VirtualAddress{cpu_.idtr.base},
            .tss = VirtualAddress{cpu_.task.base},
            .ldt = VirtualAddress{cpu_.ldtr.base},
            .gdt_limit = cpu_.gdtr.limit,
            .idt_limit = cpu_.idtr.limit,
            .tss_limit = cpu_.task.limit,
            .ldt_limit = cpu_.ldtr.limit,
            .has_ldt = !arch::x86::Selector::is_null(cpu_.ldtr.selector),
            .syscall_target = VirtualAddress{cpu_.msr.lstar},
            .interrupt_flag = cpu_.interrupts_enabled(),
            .pcids = state.pcids(),
            .no_execute = arch::x86::Efer::nxe.test(state.efer),
            .four_levels = state.mode() == mmu::PagingMode::FourLevel,
            .cpl = cpu_.cpl()};
}

std::array<u64, 17> DebugView::general_registers() const {
    const DebugRegisters registers = read_registers(cpu_);
    std::array<u64, 17> values{};
    std::ranges::copy(registers.general, values.begin());
    values.back() = cpu_.rip;
    return values;
}

VirtualAddress DebugView::running_block() const {
    return VirtualAddress{cpu_.code_address(cpu_.block != nullptr ? cpu_.block->rip : cpu_.rip)};
}

void DebugView::watch_stores(PhysicalAddress address) {
    memory_.watch_page(address);
}

void DebugView::unwatch_stores(PhysicalAddress address) {
    memory_.unwatch_page(address);
}

std::vector<DebugView::CacheLevel> DebugView::caches(PhysicalAddress address) const {
    std::vector<CacheLevel> levels;
    if (timed_ == nullptr) {
        return levels;
    }
    const timing::MemoryHierarchy& caches = timed_->memory().hierarchy();
    const auto add = [&](const char* name, const timing::CacheParameters& shape,
                         const timing::CacheCounts& counts, bool holds) {
        if (shape.sets != 0) {
            levels.push_back({name, u64{shape.sets} * shape.ways * timing::cache_line_bytes,
                              shape.ways, counts.hits + counts.in_flight, counts.misses, holds});
        }
    };
    const auto& shapes = caches.parameters();
    const auto& counts = caches.statistics();
    add("L1I", shapes.l1i, counts.l1i, caches.l1i_holds(address));
    add("L1D", shapes.l1d, counts.l1d, caches.l1d_holds(address));
    add("L2", shapes.l2, counts.l2, caches.l2_holds(address));
    add("LLC", shapes.llc, counts.llc, caches.llc_holds(address));
    return levels;
}

}  // namespace ringfence::sim::machine

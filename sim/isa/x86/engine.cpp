// SPDX-License-Identifier: MIT
#include "sim/isa/x86/engine.h"

#include <algorithm>
#include <utility>

#include "sim/isa/x86/dispatch.h"
#include "sim/isa/x86/event_delivery.h"
#include "sim/isa/x86/timed_execution.h"

namespace ringfence::sim::isa::x86 {

using cpu::SegmentRegister;
using cpu::StopReason;

Engine::Engine(Cpu& cpu, memory::PhysicalMemory& memory)
    : cpu_(cpu), memory_(memory), cache_(memory), builder_(cpu, memory) {
    nowhere_.count = Block::dead;
    forget_jumps();
    cut_.ops = cut_ops_.data();
    cpu_.engine = this;
    memory_.set_code_listener(this);
}

Engine::~Engine() {
    cache_.clear();
    memory_.set_code_listener(nullptr);
    cpu_.engine = nullptr;
}

StopReason Engine::run(u64 instruction_limit) {
    for (;;) {
        if (const auto stop = look_outside(instruction_limit)) {
            link_ = nullptr;
            return *stop;
        }
        run_blocks();
    }
}

std::optional<StopReason> Engine::look_outside(u64 instruction_limit) {
    if (cpu_.timed != nullptr) {
        cpu_.timed->synchronize();
    }
    cpu_.publish_time();
    if (cpu_.shutdown) {
        return StopReason::TripleFault;
    }
    if (cpu_.pins.end) {
        return StopReason::EndRequested;
    }
    if (cpu_.cycles >= cpu_.clock.next_event) {
        return StopReason::EventDue;
    }
    if (cpu_.recorder.counters.total_instructions() >= instruction_limit) {
        return StopReason::InstructionLimit;
    }
    if (cpu_.debug_trap) {
        deliver_single_step_trap(cpu_);
        link_ = nullptr;
    }
    // [intel/vol3]: 6.9: traps on the previous instruction come first, then NMI, then interrupts.
    // An instruction that is tried again keeps the shadow that lay on it.
    const bool exact = std::exchange(exact_step_, false);
    const bool shadow = std::exchange(cpu_.interrupt_shadow, false) || (exact && shadowed_);
    shadowed_ = shadow;
    if (!shadow && take_interrupt()) {
        link_ = nullptr;
    }
    if (cpu_.halted) {
        if (cpu_.clock.next_event == ~u64{0}) {
            return StopReason::Halted;
        }
        wait_for_event();
        return StopReason::EventDue;
    }
    set_deadline(instruction_limit, shadow || exact || cpu_.single_step());
    return std::nullopt;
}

/// Halted: nothing happens until the clock's next event.
void Engine::wait_for_event() {
    const u64 until = std::max(cpu_.cycles, cpu_.clock.next_event);
    if (cpu_.timed != nullptr) {
        cpu_.timed->idle_until(until);
    } else {
        cpu_.cycles = until;
    }
    cpu_.publish_time();
}

/// Grows with each instruction that retires.
u64 Engine::progress() const {
    return cpu_.timed != nullptr ? cpu_.timed->executed() : cpu_.cycles;
}

bool Engine::take_interrupt() {
    if (cpu_.pins.non_maskable_interrupt && !cpu_.nmi_blocked) {
        cpu_.pins.non_maskable_interrupt = false;
        cpu_.halted = false;
        deliver_nmi(cpu_);
        return true;
    }
    if (cpu_.pins.interrupt && cpu_.interrupts_enabled()) {
        cpu_.halted = false;
        deliver_interrupt(cpu_, cpu_.interrupts.acknowledge_interrupt());
        return true;
    }
    return false;
}

void Engine::set_deadline(u64 instruction_limit, bool one_instruction) {
    const u64 left = instruction_limit - cpu_.recorder.counters.total_instructions();
    const u64 limit =
        one_instruction || cpu_.recorder.wants_instructions() ? std::min<u64>(left, 1) : left;
    if (cpu_.timed != nullptr) {
        cpu_.timed->allow(limit);
        cpu_.deadline = std::min(cpu_.clock.next_event, Block::dead / 2);
        cpu_.mmu.set_device_access(limit <= 1);
        return;
    }
    const u64 by_limit = limit > Block::dead / 2 ? Block::dead / 2 : cpu_.cycles + limit;
    cpu_.deadline = std::min({cpu_.clock.next_event, by_limit, Block::dead / 2});
    cpu_.mmu.set_device_access(cpu_.deadline <= cpu_.cycles + 1);
}

void Engine::run_blocks() {
    cpu_.debug_shadow = false;
    const bool stepping = cpu_.single_step();
    const Block* block = find_block();
    if (block == nullptr) {
        link_ = nullptr;  // what comes next is a handler, not the edge's target
        return;
    }
    link_to(*block);
    if (RF_UNLIKELY(cpu_.recorder.wants_instructions())) {
        trace_instruction(*block);
    }
    const u64 before = progress();
    if (cpu_.cycles + block->count > cpu_.deadline) {
        run_cut(*block, cpu_.deadline - cpu_.cycles);
    } else {
        const Op* first = enter(cpu_, *block, cpu_.cycles + block->count);
        first->handler(cpu_, first);
    }
    finish_step(before, stepping);
}

void Engine::finish_step(u64 progress_before, bool stepping) {
    const bool suppressed = std::exchange(cpu_.no_debug_trap, false);
    // MOV to SS and POP SS hold back the trap on themselves, not the one on what follows.
    const bool held = suppressed || cpu_.debug_shadow;
    if (stepping && !held && progress() != progress_before) {
        cpu_.debug_trap = true;
    }
}

/// Runs the first instructions of `block` from a copy that ends after them.
void Engine::run_cut(const Block& block, u64 instructions) {
    Op* end = std::find_if(block.ops, block.ops + block.op_count,
                           [&](const Op& op) { return op.ordinal == instructions; });
    Op* stop = std::copy(block.ops, end, cut_ops_.data());
    *stop = *end;
    stop->handler = &leave_before;
    cut_.rip = block.rip;
    cut_.mode = block.mode;
    cut_.place = block.place;
    cut_.physical = block.physical;
    cut_.bytes = end->offset;
    cut_.op_count = static_cast<u16>(stop - cut_ops_.data() + 1);
    cut_.instructions = static_cast<u16>(instructions);
    cut_.count = instructions;
    const Op* first = enter(cpu_, cut_, cpu_.cycles + instructions);
    first->handler(cpu_, first);
    cut_.count = Block::dead;
}

void Engine::trace_instruction(const Block& block) {
    const unsigned length = block.ops[0].length;
    std::array<u8, ZYDIS_MAX_INSTRUCTION_LENGTH> bytes{};
    const unsigned in_first = std::min<unsigned>(length, block.bytes - block.bytes_in_second_page);
    memory_.load(block.physical, bytes.data(), in_first);
    if (in_first < length) {
        memory_.load(block.second_page, bytes.data() + in_first, length - in_first);
    }
    cpu_.recorder.instruction({.rip = VirtualAddress{cpu_.rip},
                               .bytes = std::span{bytes.data(), length},
                               .operand_bits = operand_bits(block.mode),
                               .user = cpu_.cpl() == 3});
}

/// The block at cpu.rip, or nullptr after delivering the exception that its fetch raised.
const Block* Engine::find_block() {
    u64 linear = cpu_.rip;
    if (!cpu_.code64()) {
        linear = static_cast<u32>(cpu_.rip + cpu_.gpr.base(SegmentRegister::Cs));
        if (cpu_.rip > cpu_.segment(SegmentRegister::Cs).limit) {
            cpu_.raise(cpu::ExceptionVector::GeneralProtection);
            deliver_exception(cpu_, cpu_.pending);
            return nullptr;
        }
    }
    const auto physical = cpu_.mmu.translate_execute(VirtualAddress{linear});
    if (!physical.ok()) {
        deliver_exception(cpu_, from_mmu(physical.error()));
        return nullptr;
    }
    return find_or_build(physical.value(), linear);
}

const Block* Engine::find_or_build(PhysicalAddress physical, u64 linear) {
    const Block* block = cache_.find({physical, cpu_.rip, cpu_.mode()});
    if (block != nullptr && block->crosses_page() && !second_page_holds(*block, linear)) {
        block = nullptr;
    }
    if (block == nullptr) {
        block = build(physical, linear);
    }
    if (block != nullptr && !block->crosses_page()) {
        jump_entry(cpu_.rip) = {cpu_.rip, cpu_.mmu.execute_stamp(), cpu_.mode(), block};
    }
    return block;
}

/// Whether the second page of a crossing block is still where it was; if not, the block is dropped
/// and rebuilding finds the fault or the new bytes.
bool Engine::second_page_holds(const Block& block, u64 linear) {
    const VirtualAddress next =
        VirtualAddress{linear}.align_down(memory::page_size) + memory::page_size;
    const auto second = cpu_.mmu.translate_execute(next);
    if (second.ok() && second.value() == block.second_page) {
        return true;
    }
    cache_.drop(block.physical, 1);
    return false;
}

const Block* Engine::build(PhysicalAddress physical, u64 linear) {
    const auto draft = builder_.build(physical, linear);
    if (!draft) {
        deliver_exception(cpu_, cpu_.pending);
        return nullptr;
    }
    if (const Block* const block = keep_built()) {
        return block;
    }
    cache_.clear();
    forget_jumps();
    builder_.forget_blocks();
    // What was built refers to what was forgotten.
    return builder_.build(physical, linear) ? keep_built() : nullptr;
}

/// Makes a block of what the builder holds; nullptr if there is no room.
const Block* Engine::keep_built() {
    Block* const block = cache_.allocate(builder_.ops());
    if (block == nullptr) {
        return nullptr;
    }
    builder_.describe(*block);
    for (Edge& edge : block->edges) {
        edge.to = &nowhere_;
    }
    cache_.insert(*block);
    return block;
}

const Block* Engine::block_on_path(PhysicalAddress physical, u64 rip) {
    if (const Block* const block = cache_.find({physical, rip, cpu_.mode()})) {
        return block->crosses_page() ? nullptr : block;
    }
    cpu_.rip = rip;
    return builder_.build_within_page(physical) ? keep_built() : nullptr;
}

void Engine::forget_jumps() {
    jumps_.fill(JumpEntry{.block = &nowhere_});
    link_ = nullptr;
}

/// Edges within a page are followed without asking the MMU, so they must stay within the physical
/// page too: the guest may have remapped the page while it ran there.
void Engine::link_to(const Block& block) {
    const auto page = [](u64 address) { return address / memory::page_size; };
    if (link_ != nullptr && !block.crosses_page()) {
        const bool remapped = page(block.rip) == page(link_from_->rip) &&
                              page(block.physical.value()) != page(link_from_->physical.value());
        if (!remapped) {
            *link_ = Edge{&block, cpu_.mmu.execute_stamp()};
        }
    }
    link_ = nullptr;
}

void Engine::code_written(PhysicalAddress first, u64 bytes) {
    cache_.drop(first, bytes);
    const u64 cut_start = cut_.physical.value();
    if (cut_.live() && first.value() < cut_start + cut_.bytes &&
        cut_start < first.value() + bytes) {
        BlockCache::disarm(cut_);
    }
}

}  // namespace ringfence::sim::isa::x86

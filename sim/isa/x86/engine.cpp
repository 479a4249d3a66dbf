// SPDX-License-Identifier: MIT
#include "sim/isa/x86/engine.h"

#include <algorithm>
#include <utility>

#include "arch/x86/debug_registers.h"
#include "sim/isa/x86/dispatch.h"
#include "sim/isa/x86/event_delivery.h"
#include "sim/isa/x86/system_checks.h"
#include "sim/isa/x86/timed_execution.h"
#include "sim/isa/x86/transaction.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::isa::x86 {

using cpu::SegmentRegister;
using cpu::StopReason;

Engine::Engine(Cpu& cpu, memory::PhysicalMemory& memory)
    : cpu_(cpu), memory_(memory), cache_(memory), builder_(cpu, memory, stops_) {
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
    u64 before = progress();
    unsigned barren = 0;
    for (;;) {
        if (const auto stop = look_outside(instruction_limit)) {
            link_ = nullptr;
            return *stop;
        }
        run_blocks();
        barren = progress() == before ? barren + 1 : 0;
        before = progress();
        if (RF_UNLIKELY(barren == most_barren)) {
            link_ = nullptr;
            return StopReason::NoProgress;
        }
    }
}

void Engine::visit_state(state::Visitor& visitor) {
    visitor.field("exact_step", exact_step_);
    visitor.field("shadowed", shadowed_);
    // Not state: cpu_, memory_ (wiring); cache_, builder_, nowhere_, cut_, cut_ops_, jumps_ (made
    // of what memory holds); link_, link_from_ (used within a run); stops_, stopped_at_, tool_hits_
    // (who watches)
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
    if (std::exchange(cpu_.pins.pause, false)) {
        return StopReason::PauseRequested;
    }
    if (cpu_.cycles >= cpu_.clock.next_event) {
        return StopReason::EventDue;
    }
    if (cpu_.recorder.counters.total_instructions() >= instruction_limit) {
        return StopReason::InstructionLimit;
    }
    if (cpu_.timed != nullptr && cpu_.transaction().active() && cpu_.timed->loses_transaction()) {
        abort_for_overflow(cpu_);
        link_ = nullptr;
    }
    if (RF_UNLIKELY(cpu_.deferred.has_value())) {
        deliver_exception(cpu_, *std::exchange(cpu_.deferred, std::nullopt));
        link_ = nullptr;
    }
    if (cpu_.due_debug != 0) {
        deliver_debug_trap(cpu_);
        link_ = nullptr;
    }
    // No shadow keeps it out. It is found a moment after the traps on the previous instruction:
    // then it does not lose them, as it may. [intel/vol3]: 6.9
    if (RF_UNLIKELY(cpu_.pins.machine_check)) {
        cpu_.pins.machine_check = false;
        deliver_machine_check(cpu_);
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
    if (RF_UNLIKELY(cpu_.shutdown)) {
        return StopReason::TripleFault;
    }
    if (cpu_.halted) {
        return StopReason::Halted;
    }
    if (reaches_stop()) {
        exact_step_ = exact;
        cpu_.interrupt_shadow = shadow;
        return StopReason::PauseRequested;
    }
    const bool resumes = cpu_.resume_flag() && cpu::ExecutionMode::breakpoints.test(cpu_.mode());
    set_deadline(instruction_limit, shadow || exact || resumes || cpu_.single_step());
    return std::nullopt;
}

/// Blocks that begin at stop points are not linked, so the engine always passes here before one.
bool Engine::reaches_stop() {
    if (!stops_.contains(cpu_.code_address(cpu_.rip)) || stopped_at_ == moment()) {
        return false;
    }
    stopped_at_ = moment();
    return true;
}

void Engine::stop_at(std::vector<VirtualAddress> addresses) {
    stops_.set(std::move(addresses));
    forget_blocks();
}

void Engine::idle_until(u64 cycle) {
    const u64 until = std::max(cpu_.cycles, cycle);
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
        cpu_.mmu.set_observed_access(limit <= 1);
        return;
    }
    const u64 by_limit = limit > Block::dead / 2 ? Block::dead / 2 : cpu_.cycles + limit;
    cpu_.deadline = std::min({cpu_.clock.next_event, by_limit, Block::dead / 2});
    cpu_.mmu.set_observed_access(cpu_.deadline <= cpu_.cycles + 1);
}

void Engine::run_blocks() {
    // MOV SS and POP SS hold back traps; on Intel's processors instruction breakpoints as well.
    // [intel/vol3]: 6.8.3
    const bool behind_stack_load = std::exchange(cpu_.debug_shadow, false);
    cpu_.breakpoints_suppressed = (behind_stack_load && !is_amd(cpu_)) || cpu_.resume_flag();
    cpu_.clear_resume_flag();
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
    // The block may be gone when it has run.
    const Block::Branches branches = block->begins_with_branch;
    const u64 next_rip = block->rip + block->ops[0].length;
    const bool by_branches = arch::x86::DebugControl::branch_trap.test(cpu_.msr.debug_control);
    if (cpu_.cycles + block->count > cpu_.deadline) {
        run_cut(*block, cpu_.deadline - cpu_.cycles);
    } else {
        const Op* first = enter(cpu_, *block, cpu_.cycles + block->count);
        first->handler(cpu_, first);
    }
    const bool branched = branches == Block::Branches::Yes ||
                          (branches == Block::Branches::Perhaps && cpu_.rip != next_rip);
    finish_step(before, stepping && (!by_branches || branched));
}

/// Makes the debug conditions that were met a trap behind the instruction. `is_step`: TF was set
/// before it, and if IA32_DEBUGCTL.BTF was it branched. [intel/vol3]: 18.4.3
void Engine::finish_step(u64 progress_before, bool is_step) {
    const bool no_step_trap = std::exchange(cpu_.no_debug_trap, false);
    const u64 hits = cpu_.mmu.take_watch_hits();
    const u64 met =
        (hits & mmu::Watchpoints::own_hits) | std::exchange(cpu_.port_breakpoints_met, u64{0});
    if (RF_UNLIKELY(hits > mmu::Watchpoints::own_hits)) {
        tool_hits_ |= hits >> mmu::watched_range_count;
        cpu_.pins.pause = true;
    }
    if (progress() == progress_before) {
        if (exact_step_ && cpu_.breakpoints_suppressed) {
            cpu_.set_resume_flag();  // for the second try
        }
        return;
    }
    if (cpu_.debug_shadow) {
        // MOV SS and POP SS take no single-step trap, and pass on what they met.
        cpu_.held_debug |= met;
        return;
    }
    const u64 step = is_step && !no_step_trap ? arch::x86::Dr6::bs.mask : 0;
    cpu_.due_debug |= met | step | std::exchange(cpu_.held_debug, u64{0});
}

/// Runs the first instructions of `block` from a copy that ends after them.
void Engine::run_cut(const Block& block, u64 instructions) {
    Op* end = std::find_if(block.ops, block.ops + block.op_count,
                           [&](const Op& op) { return op.ordinal == instructions; });
    Op* stop = std::copy(block.ops, end, cut_ops_.data());
    *stop = *end;
    stop->handler = &leave_before;
    cut_.rip = block.rip;
    cut_.context = block.context;
    cut_.place = block.place;
    cut_.physical = block.physical;
    // All that the block is of, beyond the cut too: a store to any of it drops the block, and from
    // then on nobody is told of stores to the rest.
    cut_.bytes = block.bytes;
    cut_.second_page = block.second_page;
    cut_.bytes_in_second_page = block.bytes_in_second_page;
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
    memory_.fetch(block.physical, bytes.data(), in_first);
    if (in_first < length) {
        memory_.fetch(block.second_page, bytes.data() + in_first, length - in_first);
    }
    cpu_.recorder.instruction({.rip = VirtualAddress{cpu_.rip},
                               .bytes = std::span{bytes.data(), length},
                               .operand_bits = operand_bits(block.mode()),
                               .user = cpu_.cpl() == 3});
}

/// The block at cpu.rip, or nullptr after delivering the exception that its fetch raised.
const Block* Engine::find_block() {
    const u64 linear = cpu_.code_address(cpu_.rip);
    // [intel/vol3]: 6.9, table 6-2: breakpoints come before faults of the fetch.
    if (RF_UNLIKELY(cpu::ExecutionMode::breakpoints.test(cpu_.mode())) &&
        !cpu_.breakpoints_suppressed && cpu_.breakpoints_at(linear) != 0) {
        cpu_.raise(cpu::ExceptionVector::Debug);
        deliver_exception(cpu_, cpu_.pending);
        return nullptr;
    }
    if (!cpu_.code64() && cpu_.rip > cpu_.segment(SegmentRegister::Cs).limit) {
        cpu_.raise(cpu::ExceptionVector::GeneralProtection);
        deliver_exception(cpu_, cpu_.pending);
        return nullptr;
    }
    const auto physical = cpu_.mmu.translate_execute(VirtualAddress{linear});
    if (!physical.ok()) {
        deliver_exception(cpu_, from_mmu(physical.error()));
        return nullptr;
    }
    return find_or_build(physical.value(), linear);
}

const Block* Engine::find_or_build(PhysicalAddress physical, u64 linear) {
    const Block* block = cache_.find({physical, cpu_.rip, cpu_.code_context()});
    if (block != nullptr && block->crosses_page()) {
        const auto second = locate_second_page(linear);
        if (!second.ok()) {
            deliver_exception(cpu_, from_mmu(second.error()));
            return nullptr;
        }
        if (second.value() != block->second_page) {
            cache_.drop(block->physical, 1);  // it is elsewhere now, and so are the bytes
            block = nullptr;
        }
    }
    if (block == nullptr) {
        block = build(physical, linear);
    }
    if (block != nullptr && !block->crosses_page() && !stops_.contains(linear)) {
        jump_entry(cpu_.rip) = {cpu_.rip, cpu_.mmu.execute_stamp(), cpu_.code_context(), block};
    }
    return block;
}

/// Where the page behind the one of `linear` lies, for an instruction that runs into it.
Result<PhysicalAddress, mmu::Fault> Engine::locate_second_page(u64 linear) {
    return cpu_.mmu.translate_execute(VirtualAddress{linear}.align_down(memory::page_size) +
                                      memory::page_size);
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
    forget_blocks();
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
    if (const Block* const block = cache_.find({physical, rip, cpu_.code_context()})) {
        return block->crosses_page() ? nullptr : block;
    }
    cpu_.rip = rip;
    return builder_.build_within_page(physical) ? keep_built() : nullptr;
}

void Engine::forget_blocks() {
    cache_.clear();
    forget_jumps();
    builder_.forget_blocks();
}

void Engine::forget_jumps() {
    jumps_.fill(JumpEntry{.block = &nowhere_});
    link_ = nullptr;
}

/// Edges within a page are followed without asking the MMU, so they must stay within the physical
/// page too: the guest may have remapped the page while it ran there.
void Engine::link_to(const Block& block) {
    const auto page = [](u64 address) { return address / memory::page_size; };
    const bool stands_alone = block.crosses_page() || stops_.contains(cpu_.code_address(block.rip));
    if (link_ != nullptr && !stands_alone) {
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
    const auto reach = [&](PhysicalAddress start, u64 length) {
        return first < start + length && start < first + bytes;
    };
    if (cut_.live() && (reach(cut_.physical, cut_.bytes - cut_.bytes_in_second_page) ||
                        reach(cut_.second_page, cut_.bytes_in_second_page))) {
        BlockCache::disarm(cut_);
    }
}

}  // namespace ringfence::sim::isa::x86

// SPDX-License-Identifier: MIT
// The functional engine: runs decoded blocks, one handing over to the next, and looks at interrupts
// and events in between.
//
// What a run does depends on nothing but the machine's state: an event takes effect after exactly
// the instruction at which its cycle is reached, whatever was decoded before. A block that would
// run past that instruction is cut there. A REP-prefixed instruction counts as one.
#pragma once

#include <array>
#include <optional>
#include <utility>

#include "sim/isa/x86/block_builder.h"
#include "sim/isa/x86/block_cache.h"
#include "sim/isa/x86/stop_points.h"
#include "sim/state/forward.h"

namespace ringfence::sim::isa::x86 {

class Engine final : private memory::CodeListener {
public:
    /// `cpu` and `memory` outlive the engine, which becomes the memory's code listener.
    Engine(Cpu& cpu, memory::PhysicalMemory& memory);
    ~Engine() override;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// A handler may fault at once, for ever: then nothing retires, and no limit of instructions is
    /// reached. After so many faults in a row a run ends with StopReason::NoProgress.
    static constexpr unsigned most_barren = 1U << 16;

    /// Runs until there is a reason to stop, at most until `instruction_limit` instructions have
    /// retired since the machine was made (Counters::total_instructions). Call it again to go on.
    cpu::StopReason run(u64 instruction_limit);

    /// From now on runs end with StopReason::PauseRequested right before an instruction at one of
    /// these linear addresses, in whatever address space; the next run executes it. Nothing in the
    /// guest changes by that.
    void stop_at(std::vector<VirtualAddress> addresses);
    /// The next run does not end before the instruction that comes next.
    void pass_stop() { stopped_at_ = moment(); }
    /// Bit i: since the last call an instruction accessed the i-th range of Mmu::watch_for_tools,
    /// and the run paused behind it.
    [[nodiscard]] u64 take_tool_hits() { return std::exchange(tool_hits_, 0); }

    /// After StopReason::Halted: lets time pass until `cycle`, if that is still to come.
    void idle_until(u64 cycle);

    /// Between runs. What was decoded is made again when it is needed.
    void visit_state(state::Visitor& visitor);

    // For handlers
    // ---------------------------------------------------------------------------------

    /// Remembers where the block went, for branches whose target is only known when they run.
    struct JumpEntry {
        u64 rip = 0;
        u64 stamp = 0;
        u64 context = ~u64{0};
        const Block* block = nullptr;
    };
    static constexpr unsigned jump_entry_count = 1U << 12;
    [[nodiscard]] JumpEntry& jump_entry(u64 rip) {
        return jumps_[(rip ^ (rip >> 12)) % jump_entry_count];
    }
    /// Asks that the block found next becomes the target of this edge.
    void request_link(const Block& from, EdgeName name) {
        link_from_ = &from;
        link_ = &from.edge(name);
    }
    /// Asks that the instruction at rip runs alone: it reaches a device, which must see the exact
    /// time and be able to interrupt right behind it.
    void request_exact_step() { exact_step_ = true; }

    // For paths that will be squashed
    // -----------------------------------------------------------------

    /// The block at `physical`, which is where `rip` lies in the present mode, or nullptr if its
    /// first instruction runs into the next page. Nothing of the guest's state changes.
    const Block* block_on_path(PhysicalAddress physical, u64 rip);
    /// Takes back request_link.
    void forget_link() { link_ = nullptr; }

private:
    std::optional<cpu::StopReason> look_outside(u64 instruction_limit);
    bool take_interrupt();
    bool reaches_stop();
    void set_deadline(u64 instruction_limit, bool one_instruction);
    [[nodiscard]] u64 progress() const;
    void run_blocks();
    void run_cut(const Block& block, u64 instructions);
    void finish_step(u64 progress_before, bool is_step);
    void trace_instruction(const Block& block);

    const Block* find_block();
    const Block* find_or_build(PhysicalAddress physical, u64 linear);
    Result<PhysicalAddress, mmu::Fault> locate_second_page(u64 linear);
    const Block* build(PhysicalAddress physical, u64 linear);
    const Block* keep_built();
    void forget_blocks();
    void forget_jumps();
    void link_to(const Block& block);
    void code_written(PhysicalAddress first, u64 bytes) override;

    Cpu& cpu_;
    memory::PhysicalMemory& memory_;
    BlockCache cache_;
    StopPoints stops_;
    /// Between two instructions.
    struct Moment {
        u64 linear = 0;  ///< of the instruction that comes next
        u64 progress = ~u64{0};
        bool operator==(const Moment&) const = default;
    };
    [[nodiscard]] Moment moment() const {
        return {.linear = cpu_.code_address(cpu_.rip), .progress = progress()};
    }
    /// When a stop point was last reached: it is not reached again before something has happened.
    Moment stopped_at_;
    u64 tool_hits_ = 0;
    BlockBuilder builder_;
    /// The edge to fill in with the block found next, if it is not null, and its block.
    Edge* link_ = nullptr;
    const Block* link_from_ = nullptr;
    bool exact_step_ = false;
    /// Whether an interrupt shadow lay on what ran last.
    bool shadowed_ = false;
    Block nowhere_;
    /// The first instructions of a block, when an event falls inside it.
    Block cut_;
    std::array<Op, max_block_ops> cut_ops_;
    std::array<JumpEntry, jump_entry_count> jumps_;
};

}  // namespace ringfence::sim::isa::x86

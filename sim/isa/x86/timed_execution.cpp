// SPDX-License-Identifier: MIT
#include "sim/isa/x86/timed_execution.h"

#include <algorithm>

#include "sim/isa/x86/dispatch.h"
#include "sim/isa/x86/engine.h"
#include "sim/isa/x86/timed_path.h"

namespace ringfence::sim::isa::x86 {

using cpu::Gpr;
using observe::TimingEvent;
using timing::AccessIntent;
using timing::BranchKind;
using timing::Cycle;
using timing::DataAccess;
using timing::Event;
using timing::Form;

namespace {

constexpr u32 line_bytes = 64;

const TimedInstruction& timed_of(const Op& timer) {
    return *reinterpret_cast<const TimedInstruction*>(timer.displacement);
}

}  // namespace

template <Form form>
__attribute__((preserve_none)) void time_instruction(Cpu& cpu, const Op* op) {
    if (RF_UNLIKELY(!cpu.timed->begin<form>(cpu, *op))) {
        [[clang::musttail]] return leave_before(cpu, op);
    }
    [[clang::musttail]] return op[1].handler(cpu, op + 1);
}

Handler TimedExecution::timer_of(const TimedInstruction& instruction) {
    switch (instruction.shape.form) {
        case Form::Plain:
            return &time_instruction<Form::Plain>;
        case Form::Load:
            return &time_instruction<Form::Load>;
        case Form::Store:
            return &time_instruction<Form::Store>;
        case Form::General:
            break;
    }
    return &time_instruction<Form::General>;
}

bool TimedExecution::is_timer(const Op& op) {
    return op.handler == &time_instruction<Form::Plain> ||
           op.handler == &time_instruction<Form::Load> ||
           op.handler == &time_instruction<Form::Store> ||
           op.handler == &time_instruction<Form::General>;
}

TimedExecution::TimedExecution(Cpu& cpu, memory::PhysicalMemory& memory,
                               const timing::Parameters& parameters)
    : cpu_(cpu),
      parameters_(parameters),
      memory_(cpu.mmu, memory, parameters_),
      core_(parameters_, memory_) {
    cpu_.timed = this;
}

TimedExecution::~TimedExecution() {
    cpu_.timed = nullptr;
}

void TimedExecution::idle_until(Cycle cycle) {
    core_.idle_until(cycle, cpu_.places.of(VirtualAddress{cpu_.rip}, cpu_.cpl() == 3));
    synchronize();
}

void TimedExecution::shape(TimedInstruction& instruction) {
    const bool gathers = instruction.gather.lanes != 0;
    instruction.shape = core_.shape_of(
        instruction.profile, gathers ? all_lanes_of(instruction.gather) : accesses_of(instruction));
    if (instruction.repeats || gathers) {
        instruction.shape.form = Form::General;
    }
}

template <Form form>
RF_ALWAYS_INLINE bool TimedExecution::begin(Cpu& cpu, const Op& op) {
    const TimedInstruction& instruction = timed_of(op);
    const u64 rip = rip_of(cpu, op);
    if (RF_UNLIKELY(unsettled_)) {
        settle(rip);
    }
    if (RF_UNLIKELY(core_.now() >= cpu.deadline || executed_ >= last_)) {
        synchronize();
        return false;
    }
    ++executed_;
    ++cpu.retired[static_cast<u8>(cpu.block->place)];
    if (RF_UNLIKELY(postponed_.has_value()) && begin_again(rip)) {
        return true;
    }
    if (form == Form::General && RF_UNLIKELY(instruction.repeats)) {
        return begin_repeated(instruction, rip);
    }
    memory_.begin_instruction(rip);
    timing::Step step{.rip = rip, .place = cpu.block->place, .accesses = {}};
    if constexpr (form == Form::General) {
        step.accesses = accesses_of(instruction);
        const timing::Timing timing = time_general(instruction, step);
        cpu.cycles = core_.now();
        if (instruction.reads_time) {
            read_time(timing.issued);
        }
    } else if constexpr (form == Form::Plain) {
        core_.step<form>(instruction.profile, instruction.shape, step);
        cpu.cycles = core_.now();
    } else {
        const TimedOperand& operand = instruction.operands[0];
        const DataAccess access{
            .address = operand.in(cpu.gpr),
            .bytes = operand.bytes,
            .intent = form == Form::Load ? AccessIntent::Load : AccessIntent::Store};
        step.accesses = std::span{&access, 1};
        core_.step<form>(instruction.profile, instruction.shape, step);
        cpu.cycles = core_.now();
    }
    if (instruction.profile.branch != BranchKind::None) {
        branch_ = {.profile = &instruction.profile, .rip = rip};
        unsettled_ = true;
    }
    return true;
}

/// The instruction at `rip` reached a device, was postponed and is tried again: it is timed
/// already.
bool TimedExecution::begin_again(u64 rip) {
    const bool again = postponed_ == rip;
    postponed_.reset();
    if (again) {
        synchronize();
    }
    return again;
}

bool TimedExecution::begin_repeated(const TimedInstruction& instruction, u64 rip) {
    repeat_ = {.instruction = &instruction,
               .rip = rip,
               .count = cpu_.gpr[Gpr::Rcx],
               .source = cpu_.gpr[Gpr::Rsi],
               .destination = cpu_.gpr[Gpr::Rdi],
               .place = cpu_.block->place};
    unsettled_ = true;
    synchronize();
    return true;
}

RF_NEVER_INLINE timing::Timing TimedExecution::time_general(const TimedInstruction& instruction,
                                                            const timing::Step& step) {
    if (RF_LIKELY(instruction.profile.event != Event::InvpcidAll)) {
        return core_.step<Form::General>(instruction.profile, instruction.shape, step);
    }
    timing::InstructionProfile profile = instruction.profile;
    // [intel/vol2]: INVPCID: type 0 drops one address
    profile.event =
        cpu_.gpr.get<u64>(instruction.selector) == 0 ? Event::InvpcidPage : Event::InvpcidAll;
    return core_.step<Form::General>(profile, instruction.shape, step);
}

/// The counter is read when the instruction executes. It never runs backwards, and each reader gets
/// a value of its own, even if two read in one cycle. [intel/vol3]: 18.17
void TimedExecution::read_time(Cycle issued) {
    last_time_read_ = std::max(last_time_read_ + 1, std::min(issued, core_.now()));
    cpu_.cycles = last_time_read_;
}

/// The instruction's accesses, in pieces of a cache line's size, until it is asked for the next's.
std::span<const DataAccess> TimedExecution::accesses_of(const TimedInstruction& instruction) {
    unsigned count = 0;
    for (const TimedOperand& operand : instruction.memory()) {
        VirtualAddress address = operand.in(cpu_.gpr);
        for (u32 left = operand.bytes; left != 0 && count < max_accesses;) {
            const u32 bytes = std::min(left, line_bytes);
            accesses_[count++] = {.address = address, .bytes = bytes, .intent = operand.intent};
            address += bytes;
            left -= bytes;
        }
    }
    const TimedGather& gather = instruction.gather;
    for (unsigned lane = 0; lane < gather.lanes; ++lane) {
        if (gather.selects(cpu_.fpu, lane)) {
            accesses_[count++] = {.address = gather.place(cpu_.gpr, cpu_.fpu, lane),
                                  .bytes = gather.lane_bytes,
                                  .intent = AccessIntent::Load};
        }
    }
    return std::span{accesses_}.first(count);
}

/// What a gather takes of the core, whatever its mask will be.
std::span<const DataAccess> TimedExecution::all_lanes_of(const TimedGather& gather) {
    for (unsigned lane = 0; lane < gather.lanes; ++lane) {
        accesses_[lane] = {.address = {}, .bytes = gather.lane_bytes, .intent = AccessIntent::Load};
    }
    return std::span{accesses_}.first(gather.lanes);
}

/// What is known of the instructions before `next_rip` only now that it comes next.
RF_NEVER_INLINE void TimedExecution::settle(u64 next_rip) {
    unsettled_ = false;
    if (RF_UNLIKELY(repeat_.instruction != nullptr)) {
        settle_repeat();
    }
    if (RF_UNLIKELY(reporting_)) {
        report_retired();
    }
    if (branch_.profile != nullptr) {
        settle_branch(next_rip);
    }
    if (RF_UNLIKELY(watches_lines_)) {
        settle_transaction();
    }
    unsettled_ |= reporting_;
}

/// While a transaction runs, every instruction is settled; the engine aborts it.
void TimedExecution::settle_transaction() {
    const mmu::WriteSet* const written = cpu_.mmu.written();
    if (written == nullptr) {
        watches_lines_ = false;
        written_lines_.forget();
        return;
    }
    unsettled_ = true;
    if (!written_lines_.still_in(memory_.hierarchy(), *written)) {
        line_lost_ = true;
        cpu_.deadline = 0;
    }
}

void TimedExecution::settle_branch(u64 next_rip) {
    const PendingBranch branch = branch_;
    branch_ = {};
    const auto wrong = core_.resolve(*branch.profile, branch.rip, next_rip);
    if (wrong) {
        run_path(core_.fork(*wrong), wrong->rip, nullptr);
    }
}

void TimedExecution::settle_repeat() {
    const PendingRepeat repeat = repeat_;
    repeat_ = {};
    const u64 mask = repeat.instruction->memory().empty()
                         ? ~u64{0}
                         : repeat.instruction->memory()[0].offset_mask;
    step_repeated(repeat, (repeat.count - cpu_.gpr[Gpr::Rcx]) & mask);
    synchronize();
}

/// Times `done` iterations: once the instruction itself, then a line at a time, or an element at a
/// time where each is compared.
void TimedExecution::step_repeated(const PendingRepeat& repeat, u64 done) {
    const TimedInstruction& instruction = *repeat.instruction;
    timing::InstructionProfile profile = instruction.profile;
    profile.execution = timing::ExecutionClass::Microcode;
    memory_.begin_instruction(repeat.rip);
    core_.step(profile, {.rip = repeat.rip, .place = repeat.place, .accesses = {}});
    if (instruction.operand_count == 0 || done == 0) {
        return;
    }
    profile.execution = timing::ExecutionClass::Integer;
    profile.sources = {};
    profile.destinations = {};
    profile.length = 0;
    const u64 element = std::max<u64>(instruction.operands[0].bytes, 1);
    const u64 step_bytes = instruction.compares ? element : line_bytes;
    const bool upwards = cpu_.direction > 0;
    for (u64 at = 0; at < done * element; at += step_bytes) {
        std::array<DataAccess, TimedInstruction::max_operands> accesses;
        unsigned count = 0;
        const u64 bytes = std::min(step_bytes, done * element - at);
        for (const TimedOperand& operand : instruction.memory()) {
            const bool destination = operand.base == cpu::slot_of(Gpr::Rdi);
            const u64 first = destination ? repeat.destination : repeat.source;
            const u64 offset = upwards ? first + at : first - at - bytes + element;
            accesses[count++] = {.address = VirtualAddress{cpu_.gpr.get<u64>(operand.segment) +
                                                           (offset & operand.offset_mask)},
                                 .bytes = static_cast<u32>(bytes),
                                 .intent = operand.intent};
        }
        core_.step(profile, {.rip = repeat.rip,
                             .place = repeat.place,
                             .accesses = std::span{accesses}.first(count)});
    }
}

/// The instruction that began last did not retire.
void TimedExecution::take_back() {
    --executed_;
    --cpu_.retired[static_cast<u8>(cpu_.block->place)];
    branch_ = {};
}

void TimedExecution::postponed(const Op& op) {
    take_back();
    postponed_ = rip_of(cpu_, op);
    repeat_ = {};
}

void TimedExecution::faulted(const Op& op) {
    take_back();
    fault_waits_ = true;
    if (repeat_.instruction != nullptr) {
        settle_repeat();
        return;
    }
    const Op* timer = &op;
    while (!is_timer(*timer)) {
        --timer;
    }
    if (!timed_of(*timer).profile.stops_transience) {
        const u64 rip = rip_of(cpu_, op);
        run_path(core_.fork(core_.fault_squash()), rip, timer);
    }
}

/// [intel/vol3]: 6.14: the gate, the code segment's descriptor, the stack's address and the frame.
void TimedExecution::delivered(u8 vector) {
    constexpr u8 page_fault = 14;
    constexpr u32 gate_bytes = 16;
    constexpr u32 frame_bytes = 48;
    const Event event = vector == page_fault                    ? Event::PageFault
                        : vector < arch::x86::first_user_vector ? Event::Exception
                                                                : Event::Interrupt;
    const auto load = [](u64 address, u32 bytes) {
        return DataAccess{.address = VirtualAddress{address}, .bytes = bytes, .system = true};
    };
    const u16 code = cpu_.segment(cpu::SegmentRegister::Cs).selector;
    const std::array accesses{
        load(cpu_.idtr.base + u64{vector} * gate_bytes, gate_bytes),
        load(cpu_.gdtr.base + (code & ~u64{7}), sizeof(u64)),
        load(cpu_.task.base + sizeof(u32), sizeof(u64)),
        DataAccess{.address = VirtualAddress{cpu_.gpr[Gpr::Rsp]},
                   .bytes = frame_bytes,
                   .intent = AccessIntent::Store,
                   .system = true},
    };
    memory_.begin_instruction(cpu_.rip);
    const Cycle from = std::exchange(fault_waits_, false) ? core_.fault_squash() : core_.now();
    core_.deliver(event, from, cpu_.places.of(VirtualAddress{cpu_.rip}, false), accesses);
    if (RF_UNLIKELY(reporting_)) {
        report_event({.kind = TimingEvent::Kind::Delivered,
                      .number = vector,
                      .cycle = core_.now(),
                      .rip = VirtualAddress{cpu_.rip}});
    }
    synchronize();
}

void TimedExecution::aborted() {
    written_lines_.forget();
    line_lost_ = false;
    const Cycle from = std::exchange(fault_waits_, false) ? core_.fault_squash() : core_.now();
    core_.deliver(Event::TransactionAbort, from,
                  cpu_.places.of(VirtualAddress{cpu_.rip}, cpu_.cpl() == 3), {});
    synchronize();
}

// Paths that will be squashed -----------------------------------------------------------------

/// Runs `path` from `rip`, or first the instruction behind the op `first`, whose times are known.
/// All that it changes of the processor is taken back.
void TimedExecution::run_path(timing::Stream path, u64 rip, const Op* first) {
    const Cycle squash_at = path.squash_at;
    if (RF_UNLIKELY(reporting_)) {
        report_event({.kind = TimingEvent::Kind::PathBegins,
                      .fault = first != nullptr,
                      .cycle = squash_at,
                      .rip = VirtualAddress{rip}});
    }
    const SavedState saved(cpu_);
    memory_.begin_path();
    cpu_.mmu.set_transient_access(&memory_);
    cpu_.deadline = 0;  // blocks hand over to nobody
    transient_ = true;
    if (first != nullptr) {
        const Block& block = *cpu_.block;
        const TimedInstruction& instruction = timed_of(*first);
        u64 next = rip + instruction.profile.length;
        if (!execute(block, *first, next)) {
            block_registers(path, instruction.profile);
        }
        rip = next;
    }
    while (run_block(path, rip)) {
    }
    transient_ = false;
    cpu_.mmu.set_transient_access(nullptr);
    cpu_.engine->forget_link();
    saved.restore(cpu_);
    if (RF_UNLIKELY(reporting_)) {
        report_event({.kind = TimingEvent::Kind::PathEnds, .cycle = squash_at});
    }
}

/// False: the path ends.
bool TimedExecution::run_block(timing::Stream& path, u64& rip) {
    const auto physical = memory_.locate_code(VirtualAddress{rip}, path.front.cycle);
    const Block* const block = physical ? cpu_.engine->block_on_path(*physical, rip) : nullptr;
    if (block == nullptr) {
        return false;
    }
    u64 expected = rip;
    for (unsigned i = 0; i < block->op_count; ++i) {
        const Op& op = block->ops[i];
        if (!is_timer(op)) {
            continue;
        }
        if (!run_one(path, *block, op, rip)) {
            return false;
        }
        expected += op.length;
        if (rip != expected) {
            break;
        }
    }
    return true;
}

/// Runs the instruction behind `timer`; `rip` moves to the next one on the path.
bool TimedExecution::run_one(timing::Stream& path, const Block& block, const Op& timer, u64& rip) {
    const TimedInstruction& instruction = timed_of(timer);
    if (instruction.profile.stops_transience) {
        return false;
    }
    memory_.begin_instruction(rip);
    const timing::Step step{.rip = rip, .place = block.place, .accesses = accesses_of(instruction)};
    const timing::Timing timing =
        core_.step_transient(path, instruction.profile, instruction.shape, step);
    u64 next = rip + instruction.profile.length;
    if (timing.begins) {
        if (RF_UNLIKELY(reporting_)) {
            report_transient(rip, timing.issued);
        }
        cpu_.cycles = timing.issued;
        if (!execute(block, timer, next)) {
            block_registers(path, instruction.profile);
        }
    }
    if (instruction.profile.branch != BranchKind::None) {
        next = core_.resolve_transient(path, instruction.profile, rip, timing, next);
    }
    rip = next;
    return !timing.ends_path && rip != 0;
}

/// Runs the handlers of one instruction on the processor's (saved) state. `next` becomes where a
/// branch leads. False: it failed, and has no results.
bool TimedExecution::execute(const Block& block, const Op& timer, u64& next) {
    const TimedInstruction& instruction = timed_of(timer);
    RF_ASSERT(instruction.op_count < path_ops_.size());
    std::copy_n(&timer + 1, instruction.op_count, path_ops_.begin());
    Op& end = path_ops_[instruction.op_count];
    end = Op{};
    end.handler = &leave;
    path_block_.rip = block.rip;
    path_block_.context = block.context;
    path_block_.place = block.place;
    for (Edge& edge : path_block_.edges) {
        edge.to = &nowhere_;
    }
    cpu_.block = &path_block_;
    cpu_.rip = next;
    failed_ = false;
    path_ops_[0].handler(cpu_, path_ops_.data());
    next = cpu_.rip;
    return !failed_;
}

}  // namespace ringfence::sim::isa::x86

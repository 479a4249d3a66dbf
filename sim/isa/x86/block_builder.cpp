// SPDX-License-Identifier: MIT
#include "sim/isa/x86/block_builder.h"

#include <algorithm>
#include <cstring>

#include "sim/isa/x86/alignment_check.h"
#include "sim/isa/x86/dispatch.h"
#include "sim/isa/x86/event_delivery.h"
#include "sim/isa/x86/timed_execution.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::ExceptionVector;
using cpu::ExecutionMode;
using memory::page_size;

bool raise_undefined(Cpu& cpu, const Op& /*op*/) {
    return cpu.raise(ExceptionVector::InvalidOpcode);
}

bool raise_too_long(Cpu& cpu, const Op& /*op*/) {
    return cpu.raise(ExceptionVector::GeneralProtection);
}

/// [intel/vol3]: 18.3.1.1
bool check_breakpoint(Cpu& cpu, const Op& op) {
    return cpu.breakpoints_suppressed ||
           cpu.breakpoints_at(cpu.code_address(rip_of(cpu, op))) == 0 ||
           cpu.raise(ExceptionVector::Debug);
}

/// All of the instruction is within the code segment. [intel/vol3]: 5.3
bool check_fetch(Cpu& cpu, const Op& op) {
    return next_rip(cpu, op) - 1 <= cpu.segment(cpu::SegmentRegister::Cs).limit ||
           cpu.raise(ExceptionVector::GeneralProtection);
}

/// An encoding that the CPU is said to have but that nothing implements: the guest gets #UD, and
/// the observers hear of it. `displacement` and `immediate` hold the first bytes.
bool raise_unimplemented(Cpu& cpu, const Op& op) {
    u8 bytes[longest_instruction] = {};
    std::memcpy(bytes, &op.displacement, 8);
    std::memcpy(bytes + 8, &op.immediate, 4);
    cpu.recorder.unimplemented_instruction(
        {.rip = VirtualAddress{rip_of(cpu, op)},
         .bytes = std::span{bytes, std::min<usize>(op.length, 12)},
         .operand_bits = operand_bits(cpu.mode()),
         .user = cpu.cpl() == 3});
    return cpu.raise(ExceptionVector::InvalidOpcode);
}

/// [intel/vol3]: 18.4.3; the calls and returns of 18.4.8.1 are branches too
Block::Branches branches_of(const Instruction& instruction) {
    switch (instruction.info.meta.category) {
        case ZYDIS_CATEGORY_COND_BR:
            return Block::Branches::Perhaps;
        case ZYDIS_CATEGORY_UNCOND_BR:
        case ZYDIS_CATEGORY_CALL:
        case ZYDIS_CATEGORY_RET:
        case ZYDIS_CATEGORY_SYSCALL:
        case ZYDIS_CATEGORY_SYSRET:
            return Block::Branches::Yes;
        default:
            return Block::Branches::No;
    }
}

bool same_page(u64 a, u64 b) {
    return a / page_size == b / page_size;
}

}  // namespace

BlockBuilder::BlockBuilder(Cpu& cpu, memory::PhysicalMemory& memory, const StopPoints& stops)
    : cpu_(cpu), memory_(memory), stops_(stops), decoder_(cpu.model) {
    ops_.reserve(max_block_ops);
}

bool BlockBuilder::build(PhysicalAddress physical, u64 linear) {
    start(physical);
    const auto bytes = append_from_page(physical);
    if (ops_.empty()) {
        return build_crossing(linear, bytes);
    }
    close();
    return true;
}

bool BlockBuilder::build_within_page(PhysicalAddress physical) {
    start(physical);
    append_from_page(physical);
    if (ops_.empty()) {
        return false;
    }
    close();
    return true;
}

void BlockBuilder::start(PhysicalAddress physical) {
    ops_.clear();
    ended_ = false;
    found_ = Block{};
    found_.rip = cpu_.rip;
    found_.context = cpu_.code_context();
    found_.physical = physical;
    found_.place = cpu_.places.of(VirtualAddress{cpu_.rip}, cpu_.cpl() == 3);
}

/// Whether the next instruction does not belong to the block any more.
bool BlockBuilder::is_full() const {
    return ended_ || found_.instructions == max_block_instructions ||
           (found_.instructions != 0 && stops_.contains(cpu_.code_address(position())));
}

/// Adds whole instructions until the block or the page ends. Returns the bytes that it looked at.
std::span<const u8> BlockBuilder::append_from_page(PhysicalAddress physical) {
    const auto available = static_cast<unsigned>(page_size - physical.offset_in(page_size));
    const unsigned wanted = std::min(available, max_block_instructions * longest_instruction);
    memory_.fetch(physical, page_.data(), wanted);
    const std::span<const u8> bytes{page_.data(), wanted};
    while (!is_full() && found_.bytes < bytes.size()) {
        if (!append(bytes.subspan(found_.bytes))) {
            break;
        }
    }
    return bytes;
}

/// The instruction at the start of the block does not end in its page.
bool BlockBuilder::build_crossing(u64 linear, std::span<const u8> first_part) {
    const VirtualAddress next = VirtualAddress{linear}.align_down(page_size) + page_size;
    const auto second = cpu_.mmu.translate_execute(next);
    if (!second.ok()) {
        cpu_.pending = from_mmu(second.error());
        return false;
    }
    u8 joined[2 * longest_instruction];
    std::memcpy(joined, first_part.data(), first_part.size());
    memory_.fetch(second.value(), joined + first_part.size(), longest_instruction);
    append({joined, longest_instruction});
    // What turned out to be shorter, and to raise an exception, was still decoded from both pages.
    found_.bytes = std::max(found_.bytes, static_cast<u16>(first_part.size() + 1));
    found_.second_page = second.value();
    found_.bytes_in_second_page = static_cast<u16>(found_.bytes - first_part.size());
    close();
    return true;
}

/// Adds the instruction at the start of `bytes`; false if it does not end within them.
bool BlockBuilder::append(std::span<const u8> bytes) {
    Instruction instruction;
    instruction.rip = position();
    instruction.mode = found_.mode();
    instruction.model = &cpu_.model;
    const auto given = bytes.first(std::min<usize>(bytes.size(), longest_instruction));
    switch (decoder_.decode(given, instruction)) {
        case DecodeResult::Ok:
            return append_decoded(instruction, given);
        case DecodeResult::NeedsMoreBytes:
            return false;
        case DecodeResult::TooLong:
            append_faulting(&straight<raise_too_long>, longest_instruction);
            return true;
        case DecodeResult::Undefined:
            append_faulting(&straight<raise_undefined>, 1);
            return true;
        case DecodeResult::Unimplemented:
            append_undefined(instruction, given);
            return true;
    }
    RF_UNREACHABLE("all results are listed");
}

bool BlockBuilder::append_decoded(const Instruction& instruction, std::span<const u8> bytes) {
    if (cpu_.timed != nullptr) {
        open_timed(describe_timing(instruction));
    }
    append_checks(instruction);
    OpBuilder builder;
    builder.op.length = instruction.info.length;
    builder.op.offset = found_.bytes;
    builder.op.ordinal = static_cast<u8>(found_.instructions);
    if (!bind(instruction, builder)) {
        discard_timed();
        append_undefined(instruction, bytes);
        return true;
    }
    if (builder.has_preparation()) {
        Op preparation = builder.preparation();
        preparation.length = builder.op.length;
        preparation.offset = builder.op.offset;
        preparation.ordinal = builder.op.ordinal;
        ops_.push_back(preparation);
    }
    ops_.push_back(builder.op);
    close_timed();
    if (found_.instructions == 0) {
        found_.begins_with_branch = branches_of(instruction);
    }
    found_.bytes = static_cast<u16>(found_.bytes + instruction.info.length);
    ++found_.instructions;
    ended_ = builder.ends_block();
    return true;
}

/// The timing op goes in front of all that belongs to the instruction.
void BlockBuilder::open_timed(const TimedInstruction& instruction) {
    timed_instructions_.push_back(instruction);
    cpu_.timed->shape(timed_instructions_.back());
    Op op;
    op.handler = TimedExecution::timer_of(timed_instructions_.back());
    op.displacement = reinterpret_cast<u64>(&timed_instructions_.back());
    op.length = instruction.profile.length;
    op.offset = found_.bytes;
    op.ordinal = static_cast<u8>(found_.instructions);
    ops_.push_back(op);
    first_op_of_instruction_ = ops_.size();
}

void BlockBuilder::close_timed() {
    if (cpu_.timed != nullptr) {
        timed_instructions_.back().op_count =
            static_cast<u8>(ops_.size() - first_op_of_instruction_);
    }
}

/// Nothing implements the instruction: what was appended for it is taken back.
void BlockBuilder::discard_timed() {
    if (cpu_.timed != nullptr) {
        ops_.resize(first_op_of_instruction_ - 1);
        timed_instructions_.pop_back();
    }
}

/// The instruction's checks precede all that it does.
void BlockBuilder::append_checks(const Instruction& instruction) {
    const unsigned length = instruction.info.length;
    append_breakpoint_check(length);
    if (ExecutionMode::segmented_code.test(found_.mode())) {
        append_check({.handler = &straight<check_fetch>}, length);
    }
    if (ExecutionMode::alignment_check.test(found_.mode())) {
        for (const Op& check : alignment_checks(instruction)) {
            append_check(check, length);
        }
    }
}

void BlockBuilder::append_breakpoint_check(unsigned length) {
    if (ExecutionMode::breakpoints.test(found_.mode())) {
        append_check({.handler = &straight<check_breakpoint>}, length);
    }
}

void BlockBuilder::append_check(Op check, unsigned length) {
    check.length = static_cast<u8>(length);
    check.offset = found_.bytes;
    check.ordinal = static_cast<u8>(found_.instructions);
    ops_.push_back(check);
}

/// An op that always raises an exception: nothing follows it.
void BlockBuilder::append_faulting(Handler handler, unsigned length) {
    if (cpu_.timed != nullptr) {
        TimedInstruction instruction;
        instruction.profile.length = static_cast<u8>(length);
        instruction.profile.execution = timing::ExecutionClass::Nop;
        instruction.profile.stops_transience = true;
        open_timed(instruction);
    }
    append_breakpoint_check(length);
    append_check({.handler = handler}, length);
    close_timed();
    found_.bytes = static_cast<u16>(found_.bytes + length);
    ++found_.instructions;
    ended_ = true;
}

void BlockBuilder::append_undefined(const Instruction& instruction, std::span<const u8> bytes) {
    append_faulting(&straight<raise_unimplemented>, instruction.info.length);
    Op& op = ops_.back();
    u8 first[12] = {};
    std::memcpy(first, bytes.data(), std::min<usize>(sizeof(first), instruction.info.length));
    std::memcpy(&op.displacement, first, 8);
    std::memcpy(&op.immediate, first + 8, 4);
}

/// Ends the block with an op that goes on behind it, if no instruction does so.
void BlockBuilder::close() {
    if (cpu_.timed != nullptr) {
        found_.instructions = 0;
        for (Op& op : ops_) {
            op.ordinal = 0;
        }
    }
    found_.count = found_.instructions;
    if (ended_) {
        return;
    }
    Op op;
    const bool stays = same_page(position(), found_.rip) && !found_.crosses_page() &&
                       !ExecutionMode::segmented_code.test(found_.mode());
    op.handler = stays ? &fall_through<Reach::SamePage> : &fall_through<Reach::OtherPage>;
    op.offset = found_.bytes;
    op.ordinal = static_cast<u8>(found_.instructions);
    ops_.push_back(op);
}

void BlockBuilder::describe(Block& block) const {
    block.rip = found_.rip;
    block.count = found_.count;
    block.instructions = found_.instructions;
    block.context = found_.context;
    block.place = found_.place;
    block.bytes = found_.bytes;
    block.physical = found_.physical;
    block.second_page = found_.second_page;
    block.bytes_in_second_page = found_.bytes_in_second_page;
    block.begins_with_branch = found_.begins_with_branch;
}

}  // namespace ringfence::sim::isa::x86

// SPDX-License-Identifier: MIT
// What instructions are to the timing model: dataflow, addresses, order and cost.
#include "sim/isa/x86/timed_instruction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/cpu/execution_mode.h"
#include "sim/isa/x86/decoder.h"
#include "sim/presets/preset_file.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::Gpr;
using ::testing::UnorderedElementsAre;
using timing::AccessIntent;
using timing::BranchKind;
using timing::Event;
using timing::ExecutionClass;
using timing::Ordering;
namespace reg = timing::reg;

constexpr u64 address = 0x40'1000;

constexpr u8 general(Gpr r) {
    return static_cast<u8>(reg::general + static_cast<u8>(r));
}

TimedInstruction describe(std::initializer_list<u8> bytes, u32 mode = 0) {
    static const auto model = sim::presets::find_preset("skylake-sp");
    const Decoder decoder(model.value());
    Instruction instruction;
    instruction.rip = address;
    instruction.mode = cpu::ExecutionMode::code64.mask | mode;
    instruction.model = &model.value();
    const std::vector<u8> code(bytes);
    EXPECT_EQ(decoder.decode(code, instruction), DecodeResult::Ok);
    return describe_timing(instruction);
}

TEST(TimedInstruction, ReadsAndWritesWhatTheManualSays) {
    const auto add = describe({0x48, 0x03, 0x44, 0xcb, 0x10});  // add rax, [rbx + rcx*8 + 16]
    EXPECT_THAT(add.profile.sources.span(), UnorderedElementsAre(general(Gpr::Rax)));
    EXPECT_THAT(add.profile.address_sources.span(),
                UnorderedElementsAre(general(Gpr::Rbx), general(Gpr::Rcx)));
    EXPECT_THAT(add.profile.destinations.span(),
                UnorderedElementsAre(general(Gpr::Rax), reg::flags));
    EXPECT_EQ(add.profile.execution, ExecutionClass::Integer);
    EXPECT_EQ(add.profile.length, 5);
}

TEST(TimedInstruction, FindsItsOperandBeforeItRuns) {
    cpu::RegisterFile gpr;
    gpr[Gpr::Rbx] = 0x1000;
    gpr[Gpr::Rcx] = 2;
    gpr[Gpr::Rsp] = 0x8000;
    gpr.set_base(cpu::SegmentRegister::Fs, 0x7000'0000);
    const auto operand = [&](std::initializer_list<u8> bytes, unsigned i = 0) {
        return describe(bytes).memory()[i].in(gpr).value();
    };
    EXPECT_EQ(operand({0x48, 0x03, 0x44, 0xcb, 0x10}), 0x1020U);
    EXPECT_EQ(operand({0x67, 0x8b, 0x43, 0xff}), 0xfffU) << "32-bit address";
    EXPECT_EQ(operand({0x8b, 0x05, 0, 1, 0, 0}), address + 6 + 0x100) << "relative to RIP";
    EXPECT_EQ(operand({0x64, 0x8b, 0x03}), 0x7000'1000U) << "FS";
    EXPECT_EQ(operand({0x53}), 0x8000U - 8) << "PUSH writes below";
    EXPECT_EQ(operand({0x5b}), 0x8000U) << "POP reads at";
    EXPECT_EQ(operand({0xe8, 0, 0, 0, 0}), 0x8000U - 8) << "CALL";
    EXPECT_EQ(operand({0xff, 0x33}, 0), 0x1000U) << "PUSH [rbx] reads";
    EXPECT_EQ(operand({0xff, 0x33}, 1), 0x8000U - 8) << "and writes";
}

TEST(TimedInstruction, TellsLoadsStoresAndHintsApart) {
    const auto intent = [](std::initializer_list<u8> bytes) {
        const TimedInstruction timed = describe(bytes);
        EXPECT_EQ(timed.operand_count, 1);
        return timed.operands[0].intent;
    };
    EXPECT_EQ(intent({0x8b, 0x03}), AccessIntent::Load);
    EXPECT_EQ(intent({0x89, 0x03}), AccessIntent::Store);
    EXPECT_EQ(intent({0x01, 0x03}), AccessIntent::LoadStore);
    EXPECT_EQ(intent({0x0f, 0xae, 0x3b}), AccessIntent::Flush) << "CLFLUSH";
    EXPECT_EQ(intent({0x0f, 0x18, 0x0b}), AccessIntent::PrefetchT0);
    EXPECT_EQ(intent({0x0f, 0x18, 0x03}), AccessIntent::PrefetchOnce);
    EXPECT_EQ(describe({0x8d, 0x03}).operand_count, 0) << "LEA";
    EXPECT_EQ(describe({0x0f, 0x1f, 0x03}).operand_count, 0) << "NOP";
    EXPECT_EQ(describe({0x0f, 0x01, 0x3b}).operand_count, 0) << "INVLPG";
    EXPECT_EQ(describe({0x8b, 0x03}).profile.execution, ExecutionClass::Nop)
        << "a load needs no other unit";
}

TEST(TimedInstruction, StackInstructionsDoNotChainThroughTheStackPointer) {
    for (const auto& timed : {describe({0x53}), describe({0x5b}), describe({0xc3})}) {
        EXPECT_THAT(timed.profile.destinations.span(),
                    ::testing::Not(::testing::Contains(general(Gpr::Rsp))));
    }
    EXPECT_THAT(describe({0x48, 0x83, 0xec, 8}).profile.destinations.span(),
                ::testing::Contains(general(Gpr::Rsp)))
        << "SUB RSP does";
}

TEST(TimedInstruction, ZeroingAndMovesNeedNoUnit) {
    const auto zero = describe({0x31, 0xc0});  // xor eax, eax
    EXPECT_TRUE(zero.profile.eliminated);
    EXPECT_EQ(zero.profile.sources.size, 0);
    const auto move = describe({0x48, 0x89, 0xd8});  // mov rax, rbx
    EXPECT_TRUE(move.profile.eliminated);
    EXPECT_THAT(move.profile.sources.span(), UnorderedElementsAre(general(Gpr::Rbx)));
    EXPECT_FALSE(describe({0x31, 0xd8}).profile.eliminated) << "xor eax, ebx";
    EXPECT_FALSE(describe({0x88, 0xd8}).profile.eliminated) << "mov al, bl merges";
}

TEST(TimedInstruction, ConditionalsKeepTheOldValue) {
    const auto move = describe({0x0f, 0x44, 0xc3});  // cmove eax, ebx
    EXPECT_THAT(move.profile.sources.span(),
                UnorderedElementsAre(general(Gpr::Rax), general(Gpr::Rbx), reg::flags));
    const auto low = describe({0xb0, 1});  // mov al, 1
    EXPECT_THAT(low.profile.sources.span(), UnorderedElementsAre(general(Gpr::Rax)));
}

TEST(TimedInstruction, KnowsBranchesAndWhereTheyLead) {
    EXPECT_EQ(describe({0x74, 0x10}).profile.branch, BranchKind::Conditional);
    EXPECT_EQ(describe({0x74, 0x10}).profile.branch_target, address + 2 + 0x10);
    EXPECT_EQ(describe({0xeb, 0xfe}).profile.branch_target, address);
    EXPECT_EQ(describe({0xff, 0xe0}).profile.branch, BranchKind::IndirectJump);
    EXPECT_EQ(describe({0xff, 0xd0}).profile.branch, BranchKind::IndirectCall);
    EXPECT_EQ(describe({0xc3}).profile.branch, BranchKind::Return);
    EXPECT_EQ(describe({0x48, 0xcb}).profile.branch, BranchKind::None) << "far return";
}

TEST(TimedInstruction, EventsHaveTheirOwnCostAndOrder) {
    const auto root = describe({0x0f, 0x22, 0xd8});  // mov cr3, rax
    EXPECT_EQ(root.profile.event, Event::RootWrite);
    EXPECT_EQ(root.profile.ordering, Ordering::Serializing);
    EXPECT_TRUE(root.profile.stops_transience);
    EXPECT_EQ(describe({0x0f, 0x22, 0xc0}).profile.event, Event::ControlRegister);
    EXPECT_EQ(describe({0x0f, 0x05}).profile.event, Event::Syscall);
    EXPECT_EQ(describe({0x48, 0x0f, 0x07}).profile.event, Event::Sysret);
    EXPECT_EQ(describe({0x48, 0xcf}).profile.event, Event::Iret);
    EXPECT_EQ(describe({0x0f, 0x01, 0xf8}).profile.ordering, Ordering::None) << "SWAPGS";
    EXPECT_EQ(describe({0x0f, 0xae, 0xe8}).profile.ordering, Ordering::Loads) << "LFENCE";
    EXPECT_EQ(describe({0x0f, 0xae, 0xf0}).profile.ordering, Ordering::Memory) << "MFENCE";
    EXPECT_EQ(describe({0xf0, 0x01, 0x03}).profile.ordering, Ordering::Memory) << "LOCK ADD";
    EXPECT_EQ(describe({0x87, 0x03}).profile.ordering, Ordering::Memory) << "XCHG with memory";
    EXPECT_EQ(describe({0x87, 0xc3}).profile.ordering, Ordering::None);
    EXPECT_TRUE(describe({0x0f, 0x31}).reads_time) << "RDTSC";
}

TEST(TimedInstruction, WhatMayNotRunInVainWaits) {
    EXPECT_TRUE(describe({0xfa}).profile.stops_transience) << "CLI";
    EXPECT_TRUE(describe({0x0f, 0x01, 0xcb}).profile.stops_transience) << "STAC";
    EXPECT_TRUE(describe({0x9d}).profile.stops_transience) << "POPF";
    EXPECT_TRUE(describe({0x8e, 0xd8}).profile.stops_transience) << "MOV to DS";
    EXPECT_TRUE(describe({0xe4, 0x10}).profile.stops_transience) << "IN";
    EXPECT_TRUE(describe({0xf3, 0xaa}).profile.stops_transience) << "REP STOSB";
    EXPECT_TRUE(describe({0xf0, 0x01, 0x03}).profile.stops_transience) << "LOCK";
    EXPECT_FALSE(describe({0x8b, 0x03}).profile.stops_transience);
    EXPECT_FALSE(describe({0xff, 0xd0}).profile.stops_transience);
    EXPECT_FALSE(describe({0x0f, 0x58, 0xc1}).profile.stops_transience) << "ADDPS";
}

TEST(TimedInstruction, TransactionsAreEventsAndNoBranches) {
    const auto begin = describe({0xc7, 0xf8, 0, 1, 0, 0});
    EXPECT_EQ(begin.profile.event, Event::TransactionBegin);
    EXPECT_EQ(begin.profile.branch, BranchKind::None);
    EXPECT_EQ(begin.profile.ordering, Ordering::None);
    EXPECT_TRUE(begin.profile.stops_transience) << "it changes more than registers";
    const auto end = describe({0x0f, 0x01, 0xd5});
    EXPECT_EQ(end.profile.event, Event::TransactionEnd);
    EXPECT_EQ(end.profile.branch, BranchKind::None);
    EXPECT_EQ(end.profile.ordering, Ordering::Memory) << "as a locked operation";
    EXPECT_TRUE(describe({0xc6, 0xf8, 1}).profile.stops_transience) << "XABORT";
    EXPECT_EQ(describe({0xc6, 0xf8, 1}).profile.branch, BranchKind::None);
    EXPECT_FALSE(describe({0x0f, 0x01, 0xd6}).profile.stops_transience) << "XTEST";
}

TEST(TimedInstruction, WhatAbortsATransactionDoesNothingElse) {
    const u32 transactional = cpu::ExecutionMode::transactional.mask;
    const auto flush = describe({0x0f, 0xae, 0x3b}, transactional);
    EXPECT_EQ(flush.operand_count, 0) << "no line is flushed";
    EXPECT_TRUE(flush.profile.stops_transience);
    EXPECT_EQ(flush.profile.length, 3);
    EXPECT_EQ(describe({0x0f, 0xa2}, transactional).profile.event, Event::None) << "CPUID";
    EXPECT_EQ(describe({0x8b, 0x03}, transactional).operand_count, 1) << "a load is a load";
}

TEST(TimedInstruction, RepeatedStringsAreTimedByWhatTheyDid) {
    const auto move = describe({0xf3, 0x48, 0xa5});  // rep movsq
    EXPECT_TRUE(move.repeats);
    EXPECT_FALSE(move.compares);
    EXPECT_EQ(move.operand_count, 2);
    EXPECT_TRUE(describe({0xf2, 0xae}).compares) << "REPNE SCASB";
    EXPECT_FALSE(describe({0xa4}).repeats);
}

TEST(TimedInstruction, PicksTheUnit) {
    EXPECT_EQ(describe({0x48, 0x0f, 0xaf, 0xc3}).profile.execution, ExecutionClass::Multiply);
    EXPECT_EQ(describe({0xf7, 0xf3}).profile.execution, ExecutionClass::Divide32);
    EXPECT_EQ(describe({0x48, 0xf7, 0xf3}).profile.execution, ExecutionClass::Divide64);
    EXPECT_EQ(describe({0x8d, 0x03}).profile.execution, ExecutionClass::Lea);
    EXPECT_EQ(describe({0xd3, 0xe0}).profile.execution, ExecutionClass::Shift);
    EXPECT_EQ(describe({0x0f, 0x58, 0xc1}).profile.execution, ExecutionClass::FloatAdd);
    EXPECT_EQ(describe({0xf2, 0x0f, 0x5e, 0xc1}).profile.execution, ExecutionClass::FloatDivide64);
    EXPECT_EQ(describe({0x66, 0x0f, 0xfe, 0xc1}).profile.execution, ExecutionClass::VectorInteger);
    EXPECT_EQ(describe({0x66, 0x48, 0x0f, 0x6e, 0xc0}).profile.execution, ExecutionClass::Transfer);
    EXPECT_EQ(describe({0xd9, 0xfe}).profile.execution, ExecutionClass::X87Slow) << "FSIN";
}

}  // namespace
}  // namespace ringfence::sim::isa::x86

// SPDX-License-Identifier: MIT
// Guests that do the same for ever, and guests that do not.
#include "sim/machine/standstill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "sim/machine/machine.h"
#include "sim/presets/preset_file.h"
#include "tests/unit/sim/machine/pvh_image.h"

namespace ringfence::sim::machine {
namespace {

using ::testing::HasSubstr;
using Reason = MachineEnd::Reason;

/// jmp $
constexpr u8 spins[] = {0xeb, 0xfe};

class StandstillTest : public ::testing::Test {
protected:
    MachineConfig config(std::span<const u8> program) {
        image_ = testing::make_image(program);
        auto model = presets::find_preset(presets::default_preset);
        EXPECT_TRUE(model.ok());
        return {.ram_bytes = 16 * mib, .cpu = std::move(model).value(), .boot = {.kernel = image_}};
    }
    static std::unique_ptr<Machine> make(MachineConfig with) {
        auto machine = Machine::create(std::move(with));
        EXPECT_TRUE(machine.ok()) << (machine.ok() ? "" : machine.error());
        return std::move(machine).value();
    }
    MachineEnd run_looking(std::span<const u8> program, bool timed = false) {
        MachineConfig with = config(program);
        with.ends_when_stuck = true;
        with.timed = timed;
        with.instruction_limit = timed ? 2'000'000 : 8'000'000;
        return make(std::move(with))->run();
    }
    /// mov edi, 4000h; then `body` for ever.
    static std::vector<u8> loop_of(const std::vector<u8>& body) {
        std::vector<u8> code{0xbf, 0x00, 0x40, 0x00, 0x00};
        code.insert(code.end(), body.begin(), body.end());
        code.insert(code.end(), {0xeb, static_cast<u8>(-static_cast<i64>(body.size()) - 2)});
        return code;
    }
    MachineEnd run_loop(const std::vector<u8>& body) { return run_looking(loop_of(body)); }

private:
    std::vector<u8> image_;
};

TEST_F(StandstillTest, ALoopThatComesBackToTheSameIsSeen) {
    for (const bool timed : {false, true}) {
        const MachineEnd end = run_looking(spins, timed);
        EXPECT_EQ(end.reason, Reason::Stuck);
        EXPECT_THAT(end.how, HasSubstr("the same instruction again"));
        EXPECT_EQ(end.rip.value() & ~u64{0xfff}, testing::load_address);
    }
    EXPECT_EQ(run_loop({0xf3, 0x90}).reason, Reason::Stuck) << "pause";
    EXPECT_EQ(run_loop({0x8b, 0x07, 0x89, 0x07}).reason, Reason::Stuck)
        << "a store of what is there";
    const MachineEnd longer = run_loop({0x90, 0x90, 0x90});
    EXPECT_THAT(longer.how, HasSubstr("the same 4 instructions"));
}

TEST_F(StandstillTest, ALoopThatGetsSomewhereIsNot) {
    EXPECT_EQ(run_loop({0x40}).reason, Reason::InstructionLimit) << "inc eax";
    EXPECT_EQ(run_loop({0xff, 0x07, 0x39, 0xc0}).reason, Reason::InstructionLimit)
        << "inc dword [edi]; cmp eax, eax: in memory alone";
}

TEST_F(StandstillTest, ALoopThatLooksAtTheWorldIsNot) {
    EXPECT_EQ(run_loop({0xe4, 0x80, 0x31, 0xc0}).reason, Reason::InstructionLimit)
        << "in al, 80h; xor eax, eax";
    EXPECT_EQ(run_loop({0x0f, 0x31, 0x31, 0xc0, 0x31, 0xd2}).reason, Reason::InstructionLimit)
        << "rdtsc; xor eax, eax; xor edx, edx";
    EXPECT_EQ(run_loop({0xa1, 0x30, 0x00, 0xe0, 0xfe}).reason, Reason::InstructionLimit)
        << "mov eax, [fee00030h]: the local APIC";
    EXPECT_EQ(run_loop({0xfb}).reason, Reason::InstructionLimit) << "sti: it may be interrupted";
    EXPECT_EQ(run_loop({0xfb, 0x90, 0xfa}).reason, Reason::InstructionLimit)
        << "sti; nop; cli: in between";
}

TEST_F(StandstillTest, NobodyLooksUnasked) {
    MachineConfig with = config(spins);
    with.instruction_limit = 5'000'000;
    EXPECT_EQ(make(std::move(with))->run().reason, Reason::InstructionLimit);
}

/// lgdt; lidt; mov ss, 10h; mov esp, 8000h; ud2; and the handler of #UD is another ud2. The stack's
/// segment is one of 16 bits, so that frames come back to where they were.
constexpr u8 faults_again[] = {
    0x0f, 0x01, 0x15, 0x1e, 0x00, 0x10, 0x00, 0x0f, 0x01, 0x1d, 0x24, 0x00, 0x10, 0x00, 0xb8, 0x10,
    0x00, 0x00, 0x00, 0x8e, 0xd0, 0xbc, 0x00, 0x80, 0x00, 0x00, 0x0f, 0x0b, 0x0f, 0x0b,
    // 10001eh: the GDT's limit and address, the IDT's
    0x17, 0x00, 0x2a, 0x00, 0x10, 0x00, 0x37, 0x00, 0x12, 0x00, 0x10, 0x00,
    // 10002ah: the GDT: null, code, data of 64 KiB
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0x00, 0x9b, 0xcf, 0x00,
    0xff, 0xff, 0x00, 0x00, 0x00, 0x93, 0x00, 0x00,
    // 100042h: gate 6
    0x1c, 0x00, 0x08, 0x00, 0x00, 0x8e, 0x10, 0x00};

TEST_F(StandstillTest, ExceptionsOfWhichNoneLeadsAnywhereAreSeen) {
    for (const bool timed : {false, true}) {
        const MachineEnd end = run_looking(faults_again, timed);
        EXPECT_EQ(end.reason, Reason::Stuck) << end.detail;
        EXPECT_THAT(end.how, HasSubstr("the same exceptions"));
        EXPECT_EQ(end.rip.value(), testing::load_address + 0x1c);
    }
}

/// The same on the stack that it starts with, which all memory is: the frames go further down.
TEST_F(StandstillTest, TooManyExceptionsEndTheRunWithoutAProof) {
    std::vector<u8> code(std::begin(faults_again), std::end(faults_again));
    constexpr usize load_of_ss = 14;
    constexpr usize esp = 22;
    constexpr u32 stack = 15 * mib;
    std::fill_n(code.begin() + load_of_ss, 7, u8{0x90});
    std::memcpy(code.data() + esp, &stack, sizeof stack);

    MachineConfig with = config(code);
    with.ends_when_stuck = true;
    with.most_fruitless_exceptions = 3 * 65'536;
    const auto machine = make(std::move(with));
    const MachineEnd end = machine->run();
    EXPECT_EQ(end.reason, Reason::Stuck) << end.detail;
    EXPECT_THAT(end.how, HasSubstr("exceptions without end"));
    // And the first one, which comes behind instructions that complete.
    constexpr u64 frames = 3 * 65'536 + 1;
    EXPECT_EQ(machine->debug_view().general_registers()[4], stack - frames * 3 * sizeof(u32))
        << "ESP";
}

TEST_F(StandstillTest, LooksChangeNothing) {
    const std::vector<u8> code = loop_of({0xff, 0x07, 0x39, 0xc0});  // it is looked at closely
    struct Seen {
        std::string detail;
        u64 cycles;
        u32 word;
        bool operator==(const Seen&) const = default;
    };
    const auto run_with = [&](bool looks, bool timed) {
        MachineConfig with = config(code);
        with.ends_when_stuck = looks;
        with.timed = timed;
        with.instruction_limit = timed ? 2'000'000 : 8'000'000;
        const auto machine = make(std::move(with));
        Seen seen{.detail = machine->run().detail, .cycles = machine->cycles(), .word = 0};
        EXPECT_TRUE(machine->read_physical(PhysicalAddress{0x4000},
                                           {reinterpret_cast<u8*>(&seen.word), sizeof seen.word}));
        return seen;
    };
    for (const bool timed : {false, true}) {
        EXPECT_EQ(run_with(true, timed), run_with(false, timed)) << timed;
    }
}

}  // namespace
}  // namespace ringfence::sim::machine
